using Microsoft.Extensions.Logging;

namespace Ostiary.Manager;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "{Name} signed in to the Licensing Manager, role {Role}")]
    public static partial void SignedIn(ILogger logger, string name, string role);

    [LoggerMessage(2, LogLevel.Information, "{Name} signed out of the Licensing Manager")]
    public static partial void SignedOut(ILogger logger, string name);
}
