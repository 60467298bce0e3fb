using Ostiary.Clearinghouse;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Contracts.Http;
using Ostiary.LicenseServer;
using Ostiary.Manager;
using Ostiary.SessionHost;

namespace Ostiary.Host.Roles;

/// <summary>One role in this process: its web application, built from its section of the settings.</summary>
internal sealed class RoleHost
{
    private readonly WebApplication _application;

    private RoleHost(WebApplication application) => _application = application;

    public static RoleHost Signer(Settings settings)
    {
        var options = settings.WithDefaults(
            ("Signer:StateDirectory", Folder(settings, "signer")),
            ("Signer:ClearinghouseDatabase", Path.Combine(Folder(settings, "clearinghouse"), "clearinghouse.db"))).WithDefaults(
            settings["Clearinghouse:Database"] is { } database ? [("Signer:Database", database)] : []).Bind<SignerOptions>("Signer");
        Demand("Signer", options.Check());
        return new(SignerRole.Build(options, TimeProvider.System, Log));
    }

    public static RoleHost Clearinghouse(Settings settings)
    {
        var options = settings.WithDefaults(
            ("Clearinghouse:StateDirectory", Folder(settings, "clearinghouse")),
            ("Clearinghouse:SignerSocket", Path.Combine(settings.State, "signer", "signer.sock"))).Bind<ClearinghouseOptions>("Clearinghouse");
        Demand("Clearinghouse", options.Check());
        return new(ClearinghouseRole.Build(options, TimeProvider.System, Log));
    }

    public static RoleHost LicenseServer(Settings settings)
    {
        // The Manager reaches its license server as everybody does: over HTTPS, with the token of the person who is signed in.
        var withManager = settings["Manager:Listen"] == ManagerOptions.Off ? settings : settings.WithDefaults(("LicenseServer:AdministrationListen", "127.0.0.1:0"));
        var options = withManager.WithDefaults(("LicenseServer:StateDirectory", Folder(settings, "license-server"))).Bind<LicenseServerOptions>("LicenseServer");
        Demand("LicenseServer", options.Check());
        return new(LicenseServerRole.Build(options, TimeProvider.System, Log));
    }

    /// <summary>The Licensing Manager of a license server that has started in this process; null where it is switched off.</summary>
    /// <exception cref="SettingsException">Its settings are not right.</exception>
    public static async Task<RoleHost?> ManagerOfAsync(RoleHost licenseServer, Settings settings, CancellationToken cancellation)
    {
        if (settings["Manager:Listen"] == ManagerOptions.Off)
            return null;
        using var door = ApiClient.OverUnixSocket(Path.Combine(Folder(settings, "license-server"), "admin.sock"), TimeSpan.FromSeconds(10));
        var status = await new LicenseServerAdministrationClient(door).StatusAsync(cancellation);
        var options = settings.WithDefaults(
            ("Manager:LicenseServer", LicenseServerRole.AdministrationAddressOf(licenseServer._application).AbsoluteUri),
            ("Manager:Fingerprint", status.KeyFingerprint)).Bind<ManagerOptions>("Manager");
        Demand("Manager", options.Check());
        return new(ManagerRole.Build(options, TimeProvider.System, Log));
    }

    /// <summary>Where a started Manager is.</summary>
    public Uri ManagerAddress => ManagerRole.AddressOf(_application);

    public static RoleHost SessionHost(Settings settings)
    {
        var options = settings.WithDefaults(("SessionHost:StateDirectory", Folder(settings, "session-host"))).Bind<SessionHostOptions>("SessionHost");
        Demand("SessionHost", options.Check());
        return new(SessionHostRole.Build(options, TimeProvider.System, Log));
    }

    public Task StartAsync(CancellationToken cancellation) => _application.StartAsync(cancellation);

    /// <summary>Stops roles in the reverse order of their start, so that none loses what it calls before it is done.</summary>
    public static async Task StopAsync(IReadOnlyList<RoleHost> running)
    {
        foreach (var role in running.Reverse())
        {
            await role._application.StopAsync();
            await role._application.DisposeAsync();
        }
    }

    private static string Folder(Settings settings, string role) => Path.Combine(settings.State, role);

    private static void Demand(string section, IReadOnlyList<string> errors)
    {
        if (errors.Count > 0)
            throw new SettingsException([.. errors.Select(error => $"{section}: {error}")]);
    }

    // One line an event: under systemd the journal adds time and unit, on a terminal a person reads along.
    private static void Log(ILoggingBuilder logging)
    {
        logging.ClearProviders();
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
            console.UseUtcTimestamp = true;
        });
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("System", LogLevel.Warning);
    }
}
