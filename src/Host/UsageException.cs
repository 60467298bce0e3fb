namespace Ostiary.Host;

/// <summary>What was given on the command line, or around it, is not right; the message says what, and what to give instead.</summary>
internal sealed class UsageException(string message) : Exception(message);
