using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Protocol.Cryptography;
using Ostiary.SessionHost.Administration;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.Diagnosis;
using Ostiary.SessionHost.Gateway;
using Ostiary.SessionHost.Grace;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Licensing;
using Ostiary.SessionHost.Logon;
using Ostiary.SessionHost.Policy;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost;

/// <summary>The session host: the gateway in front of an RDP host, the logon gate, and local administration.</summary>
public static class SessionHostRole
{
    /// <summary>What clients find their stored license by. The same for ever, or they would not present it again.</summary>
    private static readonly Protocol.Sequences.LicensedProduct Product = new(0x0006_0000, "Ostiary", "Device CAL", "ostiary");

    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(15);

    /// <summary>Puts the role together. Start it with <c>StartAsync</c> or <c>RunAsync</c>.</summary>
    /// <param name="options">Checked here too.</param>
    /// <param name="time">The only clock.</param>
    /// <param name="logging">Where log lines go.</param>
    /// <exception cref="InvalidOptionsException">With every error.</exception>
    public static WebApplication Build(SessionHostOptions options, TimeProvider time, Action<ILoggingBuilder> logging)
    {
        if (options.Check() is { Count: > 0 } errors)
            throw new InvalidOptionsException(errors);
        MakeStateDirectory(options.StateDirectory);

        var builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "Ostiary.SessionHost" });
        logging(builder.Logging);
        var services = builder.Services;
        services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainTime + StopTime);
        services.AddRoutingCore();
        // A parameter that is not right reaches the one place where failures become answers.
        services.Configure<RouteHandlerOptions>(route => route.ThrowOnBadRequest = true);
        services.AddMetrics();
        services.AddSingleton(options);
        services.AddSingleton(time);

        // Started in this order and stopped in the reverse one; Kestrel starts last and stops first.
        services.AddSingleton<Store>().AddHostedService(provider => provider.GetRequiredService<Store>());
        services.AddSingleton(_ => HostKey.Load(options.StateDirectory, options.MachineIdFile));
        services.AddSingleton<HostClock>();
        services.AddSingleton<GracePeriod>().AddHostedService(provider => provider.GetRequiredService<GracePeriod>());
        services.AddSingleton<PolicyInForce>();
        services.AddSingleton<Servers>().AddHostedService(provider => provider.GetRequiredService<Servers>());
        services.AddSingleton<GroupPolicies>();
        services.AddSingleton<PolicyUpkeep>().AddHostedService(provider => provider.GetRequiredService<PolicyUpkeep>());
        services.AddSingleton<Joining>();
        services.AddSingleton<TrustFollowing>();
        services.AddSingleton<SuccessionFollowing>();
        services.AddSingleton<Passes>();
        services.AddSingleton<CalQuestions>();
        services.AddSingleton<SignedTimes>();
        services.AddSingleton<CalsInUse>();
        services.AddSingleton<Revocations>();
        services.AddSingleton<UserLeases>();
        services.AddSingleton<UserQuestions>();
        services.AddHostedService<ServerUpkeep>();
        services.AddHostedService<RevocationPulls>();
        services.AddHostedService<SessionReports>();
        services.AddHostedService<HostReports>();
        services.AddHostedService<GraceUpkeep>();
        services.AddHostedService<RecoveryReports>();
        services.AddSingleton<Validations>().AddHostedService(provider => provider.GetRequiredService<Validations>());
        services.AddSingleton<LiveSessions>();
        services.AddSingleton<LogonRefusals>();
        services.AddSingleton<AdministrativeSessions>();
        services.AddSingleton<LogonTies>().AddHostedService(provider => provider.GetRequiredService<LogonTies>());
        services.AddSingleton<ConnectionSearch>();
        services.AddSingleton<UserIdentities>();
        services.AddSingleton<LogonGate>();
        services.AddHostedService<LogonSocket>();

        services.AddSingleton<Receipts>();
        services.AddSingleton<LicensingServices>();
        services.AddSingleton(_ => new LicensingIdentity(MakeLicensingKey(), Product));
        services.AddSingleton<TlsIdentity>();
        services.AddSingleton<BackEndConnector>();
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<Admission>();
        services.AddSingleton<Drain>();
        services.AddSingleton<GatewayServices>();
        services.AddSingleton<GatewayHandler>();
        services.AddSingleton<BackEndProbe>();
        services.AddSingleton<HostChecks>();
        services.AddSingleton<StatusReport>();
        services.AddSingleton<GraceAdministration>();
        services.AddSingleton<Observation>();
        services.AddSingleton<Explaining>();
        services.AddSingleton<ExplainingLogons>();

        builder.WebHost.UseKestrelCore();
        services.AddSingleton<RdpTransport>();
        services.AddSingleton<IConnectionListenerFactory>(provider => provider.GetRequiredService<RdpTransport>());
        services.Configure<SocketTransportOptions>(transport => transport.CreateBoundListenSocket = BindAdministration);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 16 * 1024;
            kestrel.Listen(new RdpEndPoint(options.ListenEndPoint), rdp => rdp.Run(rdp.ApplicationServices.GetRequiredService<GatewayHandler>().OnConnectedAsync));
            kestrel.ListenUnixSocket(options.AdministrationSocket, administration => administration.Protocols = HttpProtocols.Http1);
        });

        var app = builder.Build();
        app.Use(AdministrationProblems.Catch);
        app.UseRouting();
        app.Use(AdministrationProblems.RequireRoute);
        app.MapAdministration();
        return app;
    }

    /// <summary>Where RDP clients connect, once the role is started: port 0 has become the real one.</summary>
    public static IPEndPoint RdpEndPointOf(WebApplication role)
        => role.Services.GetRequiredService<RdpTransport>().Bound ?? throw new InvalidOperationException("the session host is not started");

    private static void MakeStateDirectory(string path)
    {
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        if (!Directory.Exists(path))
            Directory.CreateDirectory(path, ownerOnly);
    }

    private static Socket BindAdministration(EndPoint endPoint)
        => Logon.UnixListener.Bind(((UnixDomainSocketEndPoint)endPoint).ToString()!, UnixFileMode.UserRead | UnixFileMode.UserWrite);

    // Protects the exchange inside TLS and is no part of our trust: a new one at every start.
    private static LicensingServerKey MakeLicensingKey()
    {
        using var rsa = RSA.Create(2048);
        return LicensingServerKey.WithProprietaryCertificate(rsa.ExportParameters(includePrivateParameters: true));
    }
}
