using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Http;
using Ostiary.Doors;
using Ostiary.Doors.Accounts;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Cals;
using Ostiary.LicenseServer.Devices;
using Ostiary.LicenseServer.Diagnosis;
using Ostiary.LicenseServer.Explaining;
using Ostiary.LicenseServer.Grace;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Http;
using Ostiary.LicenseServer.Issuance;
using Ostiary.LicenseServer.Packs;
using Ostiary.LicenseServer.Policy;
using Ostiary.LicenseServer.Recovering;
using Ostiary.LicenseServer.Reports;
using Ostiary.LicenseServer.Revocation;
using Ostiary.LicenseServer.Sessions;
using Ostiary.LicenseServer.Status;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Succession;
using Ostiary.LicenseServer.Time;
using Ostiary.LicenseServer.Transfers;
using Ostiary.LicenseServer.Trust;
using Ostiary.LicenseServer.Users;

namespace Ostiary.LicenseServer;

/// <summary>The license server: keeps the ledger and issues CALs.</summary>
public static class LicenseServerRole
{
    /// <summary>
    /// Opens (or makes) the state directory and composes the role. After <c>StartAsync</c>, <see cref="HostsAddressOf"/> and
    /// <see cref="AdministrationAddressOf"/> say where it listens. Disposing the application closes the ledger.
    /// </summary>
    /// <exception cref="LicenseServerOptionsException">Options are not right; all that is wrong is said at once.</exception>
    /// <exception cref="IOException">The state directory cannot be used, for example because another license server runs on it.</exception>
    public static WebApplication Build(LicenseServerOptions options, TimeProvider time, Action<ILoggingBuilder> logging)
    {
        if (options.Check() is { Count: > 0 } errors)
            throw new LicenseServerOptionsException(errors);

        // Nothing is read from the environment or the working directory: what is configured is in the options.
        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "Ostiary license server" });
        logging(builder.Logging);
        builder.Services.AddSingleton(options);
        // The ledger's time is the role's time: what ends, and which certificates are good.
        builder.Services.AddSingleton<TimeProvider>(services => services.GetRequiredService<Ledger>().Clock);
        builder.Services.AddSingleton(services => Ledger.Open(options, time, services.GetRequiredService<ILogger<LedgerWriter>>()));
        builder.Services.AddSingleton(services => services.GetRequiredService<Ledger>().Identity);
        builder.Services.AddSingleton<HostTls>();
        builder.Services.AddSingleton<OpenDoors>();
        builder.Services.AddSingleton<PublicAddress>();
        builder.Services.AddSingleton<IAccountStore, LedgerAccounts>();
        builder.Services.AddSingleton<Passwords>();
        builder.Services.AddSingleton(new AttemptLimit(options.SignInsPerMinute, time));
        builder.Services.AddSingleton<DeclaredRoutes>().AddHostedService(services => services.GetRequiredService<DeclaredRoutes>());
        builder.Services.AddSingleton<ClearinghouseConnection>();
        builder.Services.AddSingleton<Succeeding>();
        builder.Services.AddSingleton<PublisherHead>();
        builder.Services.AddSingleton<TrustPulls>().AddHostedService(services => services.GetRequiredService<TrustPulls>());
        builder.Services.AddSingleton<CarriedIssuers>();
        builder.Services.AddSingleton<ServerChecks>();
        builder.Services.AddHostedService<Sweep>();
        builder.Services.AddHostedService<MachinePolicyUpkeep>();
        builder.Services.AddSingleton<ClearinghouseTime>().AddHostedService(services => services.GetRequiredService<ClearinghouseTime>());
        builder.Services.AddRoutingCore();
        builder.Services.AddApiDescription(Door.Administration, "Ostiary license server: administration");
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = UnixListener.Bind);
        builder.WebHost.ConfigureKestrel((_, kestrel) => Listen(kestrel, options));

        var app = builder.Build();
        // Opened here, so that whoever composes the roles hears at once why a ledger cannot be opened.
        _ = app.Services.GetRequiredService<Ledger>();
        app.Use(ProblemResponses.Catch);
        app.UseRouting();
        app.Use(DoorGuard.Guard);

        DeviceCals.Map(app);
        UserCals.Map(app);
        HostMembership.Map(app);
        RevocationList.Map(app);
        ReportSessions.Map(app);
        TakeReports.Map(app);
        KeepGrace.Map(app);
        TellTime.Map(app);
        ShowTrust.Map(app);
        ShowSuccessions.Map(app);
        TakeReceipts.Map(app);
        DiagnoseHost.Map(app);
        ManageClock.Map(app);

        GetStatus.Map(app);
        ListFindings.Map(app);
        PublisherHead.Map(app);
        Activate.Map(app);
        CarryActivation.Map(app);
        SucceedKey.Map(app);
        InstallTrust.Map(app);
        Reactivate.Map(app);
        CheckPack.Map(app);
        InstallPack.Map(app);
        CarryPack.Map(app);
        DrawPack.Map(app);
        ListPacks.Map(app);
        ChangePack.Map(app);
        TransferPacks.Map(app);
        ReceivePacks.Map(app);
        ManageUserCals.Map(app);
        ManagePolicy.Map(app);
        ManageHostGroups.Map(app);
        Invitations.Map(app);
        ListHosts.Map(app);
        ShowReports.Map(app);
        ShowUsage.Map(app);
        ChangeHost.Map(app);
        ListCals.Map(app);
        RevokeCal.Map(app);
        ListDevices.Map(app);
        ExplainDecision.Map(app);
        MergeDevices.Map(app);
        VerifyAudit.Map(app);
        ListAudit.Map(app);
        Deactivate.Map(app);
        SignIn.Map(app);
        ManageAccounts.Map(app);
        ManageTokens.Map(app);
        app.MapApiDescription(Door.Administration);
        app.Services.GetRequiredService<DeclaredRoutes>().Routes = app;
        return app;
    }

    /// <summary>Where session hosts reach a started license server, also when the system chose the port.</summary>
    /// <exception cref="InvalidOperationException">It has not started.</exception>
    public static Uri HostsAddressOf(WebApplication licenseServer) => OpenDoors.AddressOf(licenseServer.Services.GetRequiredService<OpenDoors>().Hosts);

    /// <summary>Where administrators reach a started license server over HTTPS.</summary>
    /// <exception cref="InvalidOperationException">It has not started, or administration is local only.</exception>
    public static Uri AdministrationAddressOf(WebApplication licenseServer) => OpenDoors.AddressOf(licenseServer.Services.GetRequiredService<OpenDoors>().Administration);

    private static void Listen(KestrelServerOptions kestrel, LicenseServerOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestHeadersTotalSize = 8 * 1024;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        kestrel.Limits.MaxRequestBodySize = Json.BodyLimit;
        kestrel.Listen(options.ListenEndPoint, listener =>
        {
            listener.Protocols = HttpProtocols.Http1;
            listener.IsDoor(Door.Hosts);
            listener.UseHttps(listener.ApplicationServices.GetRequiredService<HostTls>().Options(Door.Hosts));
            listener.ApplicationServices.GetRequiredService<OpenDoors>().Hosts = listener;
        });
        if (options.AdministrationEndPoint is { } remote)
            kestrel.Listen(remote, listener =>
            {
                listener.Protocols = HttpProtocols.Http1;
                listener.IsDoor(Door.Administration);
                listener.UseHttps(listener.ApplicationServices.GetRequiredService<HostTls>().Options(Door.Administration));
                listener.ApplicationServices.GetRequiredService<OpenDoors>().Administration = listener;
            });
        kestrel.ListenUnixSocket(options.AdministrationSocket, listener =>
        {
            listener.Protocols = HttpProtocols.Http1;
            listener.IsDoor(Door.Administration, isLocal: true);
        });
    }
}
