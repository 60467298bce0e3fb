namespace Ostiary.Host.Commands;

/// <summary>What the commands exit with; documented in <c>docs/cli.md</c>.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The role answered, and the answer is no: the problem is printed.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The role could not be reached.</summary>
    public const int Unreachable = 3;

    /// <summary>Nobody is signed in, the token is over, or what is asked for is not allowed.</summary>
    public const int Denied = 4;
}
