using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.LicenseServer;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>A license server as production starts it, un-activated, in a directory of its own; both of its doors.</summary>
internal sealed class TestRole : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ostiary-ls-").FullName;
    private readonly List<IDisposable> _kept = [];

    private TestRole()
    {
        Time = new(new DateTimeOffset(2026, 3, 10, 12, 0, 0, TimeSpan.Zero), () => App!.Services.GetRequiredService<Ledger>().Clock.GetUtcNow());
        Options = new() { StateDirectory = _directory, Listen = "127.0.0.1:0", Database = TestDatabases.NewLedger() };
        App = LicenseServerRole.Build(Options, Time, logging => logging.SetMinimumLevel(LogLevel.None));
    }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public WalkedTime Time { get; }

    public LicenseServerOptions Options { get; }

    public WebApplication App { get; }

    public Ledger Ledger => App.Services.GetRequiredService<Ledger>();

    /// <summary>The unix socket.</summary>
    public HttpClient AdministrationHttp { get; private set; } = null!;

    public LicenseServerAdministrationClient Administration => new(AdministrationHttp);

    public static async Task<TestRole> StartAsync()
    {
        var role = new TestRole();
        await role.App.StartAsync(Cancellation);
        role.AdministrationHttp = role.Keep(ApiClient.OverUnixSocket(role.Options.AdministrationSocket, TimeSpan.FromSeconds(20)));
        return role;
    }

    /// <summary>A caller at the hosts' door that knows this license server's key.</summary>
    public HttpClient Caller(X509Certificate2? certificate) => Keep(new HttpClient(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, [], offline: true),
            RemoteCertificateValidationCallback = (_, sent, _, _) => sent is X509Certificate2 leaf && DeviceCal.IsSignedBy(leaf, Ledger.Identity.Current.Certificate),
        },
    })
    {
        BaseAddress = LicenseServerRole.HostsAddressOf(App),
        Timeout = TimeSpan.FromSeconds(20),
    });

    public X509Certificate2 SelfMade(ECDsa key)
        => Keep(new CertificateRequest("CN=joining", key, HashAlgorithmName.SHA256).CreateSelfSigned(Time.GetUtcNow().AddMinutes(-5), Time.GetUtcNow().AddHours(1)));

    /// <summary>Invites and joins a host.</summary>
    public async Task<(Membership Membership, X509Certificate2 Certificate)> JoinAsync(ECDsa key)
    {
        var invited = await Administration.InviteAsync(new(CalVersion.Newest, LicensingMode.PerDevice, 24), Cancellation);
        Assert.True(Invitation.TryParse(invited.Invitation, out var invitation));
        var membership = await new LicenseServerClient(Caller(SelfMade(key))).JoinAsync(new(invitation.Token, Guid.NewGuid().ToString("N"), "host-1"), Cancellation);
        return (membership, WithKey(membership, key));
    }

    public X509Certificate2 WithKey(Membership membership, ECDsa key)
    {
        using var bare = X509Certificate2.CreateFromPem(membership.Certificate);
        return Keep(bare.CopyWithPrivateKey(key));
    }

    public T Keep<T>(T disposable)
        where T : IDisposable
    {
        _kept.Add(disposable);
        return disposable;
    }

    public async ValueTask DisposeAsync()
    {
        _kept.ForEach(kept => kept.Dispose());
        await App.StopAsync(CancellationToken.None);
        await App.DisposeAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        TestDatabases.Drop(Options.Database);
        Directory.Delete(_directory, recursive: true);
    }
}
