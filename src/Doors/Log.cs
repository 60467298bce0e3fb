using Microsoft.Extensions.Logging;

namespace Ostiary.Doors;

internal static partial class Log
{
    [LoggerMessage(6, LogLevel.Error, "A request to {Route} failed")]
    public static partial void RequestFailed(ILogger logger, string route, Exception failure);
}
