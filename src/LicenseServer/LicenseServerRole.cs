using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Ostiary.LicenseServer;

/// <summary>The license server: keeps the ledger and issues CALs.</summary>
public static class LicenseServerRole
{
    /// <summary>
    /// Opens (or makes) the state directory and composes the role. After <c>StartAsync</c>, <c>Urls</c> of the application holds the HTTPS address with
    /// the port that it listens on.
    /// </summary>
    /// <exception cref="LicenseServerOptionsException">Options are not right; all that is wrong is said at once.</exception>
    /// <exception cref="IOException">The state directory cannot be used, for example because another license server runs on it.</exception>
    public static WebApplication Build(LicenseServerOptions options, TimeProvider time, Action<ILoggingBuilder> logging)
        => throw new NotSupportedException();
}
