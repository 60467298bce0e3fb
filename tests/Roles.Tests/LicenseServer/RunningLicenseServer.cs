using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Statements;
using Ostiary.LicenseServer;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Ostiary.Roles.Tests.SessionHost;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>A license server started as production does, on a port of the system's choosing, and callers at both of its doors.</summary>
internal sealed class RunningLicenseServer : IAsyncDisposable
{
    private readonly Uri? _clearinghouse;
    private readonly X509Certificate2? _root;
    private readonly List<IDisposable> _used = [];
    private readonly bool _isOwner;
    private WebApplication _app = null!;
    private int _port;

    private RunningLicenseServer(Uri? clearinghouse, X509Certificate2? root, RunningLicenseServer? other = null)
    {
        _isOwner = other is null;
        Database = other is null ? TestDatabases.NewLedger() : other.Database;
        _clearinghouse = clearinghouse;
        _root = root;
        Time = new(TestLedger.Begin, () => _app.Services.GetRequiredService<Ledger>().Clock.GetUtcNow());
    }

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("ostiary-ls-").FullName;

    /// <summary>The ledger's PostgreSQL database; null where it is SQLite.</summary>
    public string? Database { get; }

    public WalkedTime Time { get; }

    public TestLog Lines { get; } = new();

    /// <summary>What it throws ends a request after that step; counts from the next start.</summary>
    public Action<SuccessionStep>? AfterStep { get; set; }

    public Uri Address => LicenseServerRole.HostsAddressOf(_app);

    public Ledger Ledger => _app.Services.GetRequiredService<Ledger>();

    public WebApplication App => _app;

    public string AdministrationSocket => Path.Combine(Directory, "state", "admin.sock");

    public HttpClient AdministrationHttp { get; private set; } = null!;

    public Uri AdministrationAddress => LicenseServerRole.AdministrationAddressOf(_app);

    /// <summary>An administrator elsewhere, with this token or none.</summary>
    public HttpClient Remote(string? token)
    {
        var http = PinnedServer.Connect(AdministrationAddress, Ledger.Identity.Key.Fingerprint, token, TimeSpan.FromSeconds(30), Time);
        _used.Add(http);
        return http;
    }

    /// <summary>A token for a program, made by the local root.</summary>
    public async Task<string> TokenAsync(AccountRole role, int days = 30)
        => (await new AccountsClient(AdministrationHttp).CreateTokenAsync(new($"{role}-{Guid.NewGuid():N}", role, days), TestPublisher.Cancellation)).Token;

    public LicenseServerAdministrationClient Administration => new(AdministrationHttp);

    public static async Task<RunningLicenseServer> StartAsync(FakeClearinghouse? clearinghouse = null, X509Certificate2? root = null)
    {
        var server = new RunningLicenseServer(clearinghouse?.Address, root ?? clearinghouse?.Authority.Root);
        await server.StartAsync();
        return server;
    }

    /// <summary>Another node of the same license server: its key files, its database, a state directory of its own.</summary>
    public static async Task<RunningLicenseServer> StartNodeAsync(RunningLicenseServer other)
    {
        var node = new RunningLicenseServer(other._clearinghouse, other._root, other);
        node.Time.AdjustTime(other.Time.GetUtcNow());
        node.CopyKeyOf(other);
        await node.StartAsync();
        return node;
    }

    /// <summary>One at a clearinghouse that runs as in production, at its time.</summary>
    public static async Task<RunningLicenseServer> StartAsync(TestPublisher publisher, X509Certificate2? root = null, int port = 0)
    {
        var server = new RunningLicenseServer(publisher.Http.BaseAddress, root ?? publisher.Root) { _port = port };
        server.Time.AdjustTime(publisher.Time.GetUtcNow());
        await server.StartAsync();
        return server;
    }

    /// <param name="between">What happens to the state directory while the role is stopped.</param>
    public async Task RestartAsync(Action<string>? between = null)
    {
        await StopAsync();
        between?.Invoke(Path.Combine(Directory, "state"));
        await StartAsync();
    }

    public async Task StopAsync()
    {
        await _app.DisposeAsync();
        // A pooled connection holds the file that it opened, whatever stands in its place by now.
        SqliteConnection.ClearAllPools();
    }

    public Task<Guid> InstallAsync(int quantity, CalType type, int version = 2022, DateTimeOffset? expiresAt = null)
        => TestPacks.InstallAsync(Ledger, Time.GetUtcNow(), quantity, version, type, expiresAt);

    /// <summary>An activated license server with a pack of Device CALs.</summary>
    public static async Task<RunningLicenseServer> StartWithPackAsync(FakeClearinghouse clearinghouse, int quantity)
    {
        clearinghouse.Quantity = quantity;
        var server = await StartAsync(clearinghouse);
        await server.ActivateAsync();
        await server.Administration.InstallPackAsync(new(FakeClearinghouse.NewProductKey()), TestPublisher.Cancellation);
        return server;
    }

    public async Task ActivateAsync() => await Administration.ActivateAsync(new(TestPublisher.Company), TestPublisher.Cancellation);

    /// <summary>Invites and joins a host.</summary>
    public async Task<TestHost> JoinAsync(int version = 2022, LicensingMode mode = LicensingMode.PerDevice)
    {
        var invited = await Administration.InviteAsync(new(new(version), mode, 24), TestPublisher.Cancellation);
        Assert.True(Invitation.TryParse(invited.Invitation, out var invitation));
        var host = new TestHost(this);
        await host.JoinAsync(invitation.Token);
        return host;
    }

    /// <summary>The payload of a statement that this license server has signed.</summary>
    public byte[] Verified(byte[] statement)
    {
        using var key = Ledger.Identity.Current.Certificate.GetECDsaPublicKey()!;
        Assert.True(Statement.TryVerify(statement, key, out var payload));
        return payload;
    }

    /// <summary>A caller at the hosts' door with this certificate, or none. It takes only a server whose leaf is signed by the pinned key.</summary>
    public HttpClient At(X509Certificate2? certificate)
    {
        var pinned = Ledger.Identity.Key.Fingerprint;
        var options = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, leaf, sent, _) => leaf is X509Certificate2 shown && sent is not null
                && sent.ChainPolicy.ExtraStore.Concat(sent.ChainElements.Select(element => element.Certificate))
                    .Any(issuer => KeyFingerprint.Of(issuer) == pinned && DeviceCal.IsSignedBy(shown, issuer)),
        };
        if (certificate is not null)
            options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true);
        var http = new HttpClient(new SocketsHttpHandler { SslOptions = options, UseProxy = false }) { BaseAddress = Address };
        _used.Add(http);
        return http;
    }

    public async ValueTask DisposeAsync()
    {
        _used.ForEach(used => used.Dispose());
        AdministrationHttp.Dispose();
        await _app.DisposeAsync();
        SqliteConnection.ClearAllPools();
        if (_isOwner)
            TestDatabases.Drop(Database);
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private void CopyKeyOf(RunningLicenseServer other)
    {
        System.IO.Directory.CreateDirectory(Path.Combine(Directory, "state"));
        File.Copy(Path.Combine(other.Directory, "state", "license-server.key"), Path.Combine(Directory, "state", "license-server.key"));
    }

    private async Task StartAsync()
    {
        string? rootFile = null;
        if (_root is not null)
        {
            rootFile = Path.Combine(Directory, "root.pem");
            await File.WriteAllTextAsync(rootFile, _root.ExportCertificatePem(), TestPublisher.Cancellation);
        }

        var options = new LicenseServerOptions
        {
            StateDirectory = Path.Combine(Directory, "state"),
            Database = Database,
            Listen = $"127.0.0.1:{_port}",
            AdministrationListen = "127.0.0.1:0",
            SignInsPerMinute = 1_000,
            Clearinghouse = _clearinghouse,
            RootFile = rootFile,
            AfterStep = AfterStep,
            DomainPolicy = [Path.Combine(Directory, "Registry.pol")],
            LocalPolicyFile = Path.Combine(Directory, "policy.json"),
        };
        _app = LicenseServerRole.Build(options, Time, logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Lines));
        await _app.StartAsync(TestPublisher.Cancellation);
        _port = Address.Port;
        AdministrationHttp = ApiClient.OverUnixSocket(AdministrationSocket, TimeSpan.FromSeconds(30));
    }
}

/// <summary>A session host as its license server sees it: a key, and the certificate that it was given.</summary>
internal sealed class TestHost(RunningLicenseServer server)
{
    private RunningLicenseServer _server = server;

    /// <summary>Asks another node of the license server from here on.</summary>
    public void TurnTo(RunningLicenseServer node)
    {
        _server = node;
        Reconnect();
    }

    private const string MachineId = "00112233445566778899aabbccddeeff";

    public ECDsa Key { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public Membership Membership { get; private set; } = null!;

    public X509Certificate2 Certificate { get; private set; } = null!;

    public LicenseServerClient Client { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    /// <summary>A certificate that the host makes for itself, to show that it holds its key.</summary>
    public X509Certificate2 SelfMade()
        => new CertificateRequest("CN=host", Key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-2), DateTimeOffset.UtcNow.AddYears(2));

    public async Task<Membership> JoinAsync(string token, string machineId = MachineId)
    {
        Use(await new LicenseServerClient(_server.At(SelfMade())).JoinAsync(new(token, machineId, "host"), TestPublisher.Cancellation));
        return Membership;
    }

    public void Use(Membership membership)
    {
        Membership = membership;
        Certificate = X509Certificate2.CreateFromPem(membership.Certificate).CopyWithPrivateKey(Key);
        Reconnect();
    }

    public void Reconnect()
    {
        Http = _server.At(Certificate);
        Client = new(Http);
    }

    public async Task<DeviceCalAnswer> ConnectAsync(TestDevice device)
    {
        var answer = await Client.RequestDeviceCalAsync(device.Request(), TestPublisher.Cancellation);
        device.Keep(answer);
        return answer;
    }

    /// <summary>Connects, logs on and connects again: the device holds a permanent CAL if a seat is free.</summary>
    public async Task<DeviceCalAnswer> SettleAsync(TestDevice device)
    {
        await ConnectAsync(device);
        Assert.True(await LogOnAsync(device));
        return await ConnectAsync(device);
    }

    /// <summary>The revocation list, verified with the license server's key.</summary>
    public async Task<RevocationListStatement> RevocationsAsync(long after = 0, int wait = 0)
    {
        var answer = await Client.RevocationsAsync(after, wait, TestPublisher.Cancellation);
        return RevocationListStatement.Decode(_server.Verified(answer.List));
    }

    public async Task<bool> LogOnAsync(TestDevice device)
        => (await Client.ValidateAsync(new(Guid.NewGuid(), device.Serial, "alice"), TestPublisher.Cancellation)).Validated;
}
