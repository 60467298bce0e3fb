using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Certificates;
using Ostiary.LicenseServer.Trust;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Ostiary.Roles.Tests.SessionHost;
using Ostiary.SessionHost.LicenseServers;
using Xunit;

namespace Ostiary.Roles.Tests.Keys;

/// <summary>A publisher, an activated license server with a key pack, and a session host that has joined it, as they run; one given clock for all.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private readonly string _state = Gateway.NewState();
    private readonly List<RdpClient> _clients = [];

    private Fleet()
    {
    }

    public TestPublisher Publisher { get; private set; } = null!;

    public RunningLicenseServer Server { get; private set; } = null!;

    public Gateway Host { get; private set; } = null!;

    public TestLog HostLog { get; } = new();

    public string Root => Publisher.At("root");

    public string Signer => Publisher.At("signer");

    public string ClearinghouseState => Publisher.At("clearinghouse");

    public DateTimeOffset Now => Publisher.Time.GetUtcNow();

    private FakeXrdp Xrdp { get; set; } = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public static async Task<Fleet> StartAsync()
    {
        var fleet = new Fleet();
        fleet.Publisher = await TestPublisher.StartAsync();
        fleet.Server = await RunningLicenseServer.StartAsync(fleet.Publisher);
        await fleet.Server.ActivateAsync();
        await fleet.InstallAsync();
        fleet.Xrdp = FakeXrdp.InClear(Path.Combine(fleet._state, "rdp.sock"));
        await fleet.StartHostAsync();
        await fleet.JoinAsync(fleet.Server);
        return fleet;
    }

    /// <summary>The link of the session host to the license server.</summary>
    public ServerLink Link => LinkTo(Server);

    public ServerLink LinkTo(RunningLicenseServer server) => Host.Services.GetRequiredService<Servers>().LinkOf(server.Ledger.Identity.Key.Fingerprint)!;

    public async Task StartHostAsync() => Host = await Gateway.StartAsync(Xrdp, time: new FollowingTime(Server.Time), state: Path.Combine(_state, "host"), log: HostLog);

    public async Task JoinAsync(RunningLicenseServer server)
        => await Host.Administration.JoinAsync(new((await server.Administration.InviteAsync(new(new(2022), LicensingMode.PerDevice, 24), Cancellation)).Invitation), Cancellation);

    public async Task<Guid> InstallAsync(RunningLicenseServer? server = null, int quantity = 5)
        => (await (server ?? Server).Administration.InstallPackAsync(new(await Publisher.MintAsync(quantity)), Cancellation)).PackId;

    /// <summary>All clocks; the license server's walks.</summary>
    public void Advance(TimeSpan by)
    {
        Publisher.Time.Advance(by);
        Server.Time.SetUtcNow(Publisher.Time.GetUtcNow());
    }

    /// <summary>A device that logged on once and holds a permanent CAL.</summary>
    public async Task<byte[]> SettledAsync(string machine)
    {
        var before = (await Host.SessionsAsync()).Count;
        var first = await ConnectAsync(null, machine);
        Assert.True(DeviceCal.TryRead(first.StoredLicense!, out var temporary));
        var other = await Server.JoinAsync();
        Assert.True((await other.Client.ValidateAsync(new(Guid.NewGuid(), temporary.Serial, "alice"), Cancellation)).Validated);
        var second = await ConnectAsync(first.StoredLicense, machine);
        Assert.True(DeviceCal.TryRead(second.StoredLicense!, out var permanent));
        Assert.False(permanent.Data.Temporary);
        // Or whoever counts sessions next would take one of these for theirs.
        await Gateway.UntilAsync(async () => (await Host.SessionsAsync()).Count >= before + 2);
        return second.StoredLicense!;
    }

    public async Task<RdpClient> ConnectAsync(byte[]? stored, string machine)
    {
        var client = await Host.ConnectAsync(stored, machine);
        _clients.Add(client);
        return client;
    }

    /// <summary>Connects, is admitted, and by this row.</summary>
    /// <param name="stored">What the client presents.</param>
    /// <param name="machine">Its name.</param>
    /// <param name="row">The row of <c>docs/rules.md</c>.</param>
    public async Task AdmittedAsync(byte[]? stored, string machine, string row)
    {
        var before = (await Host.SessionsAsync()).Count;
        Assert.Equal(RdpClientEnd.DemandActive, (await ConnectAsync(stored, machine)).Script.End);
        await Gateway.UntilAsync(async () => (await Host.SessionsAsync()).Count > before);
        Assert.Equal(row, (await Host.SessionsAsync()).MaxBy(session => session.Id)!.Rule);
    }

    public async Task<CeremonyRecord> RotateIssuingAsync()
    {
        await Publisher.StopSignerAsync();
        var record = RootCeremony.RotateIssuing(Root, Signer, Now);
        await Publisher.StartSignerAsync();
        await ClearinghouseLooksAsync();
        return record;
    }

    public RootRotationRecord RotateRoot() => RootCeremony.RotateRoot(Root, ClearinghouseState, Now);

    public WithdrawalRecord Withdraw(KeyFingerprint issuing) => RootCeremony.WithdrawIssuing(Root, Signer, ClearinghouseState, issuing, Now);

    public Task ClearinghouseLooksAsync() => Publisher.ClearinghouseApp.Services.GetRequiredService<KeyUpkeep>().PassAsync(Cancellation);

    public Task<bool> PullAsync(RunningLicenseServer? server = null) => (server ?? Server).App.Services.GetRequiredService<TrustPulls>().TryPullAsync(Cancellation);

    public X509Certificate2 NewestRoot() => X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Root, "root.pem"));

    /// <summary>Seats that are taken.</summary>
    public async Task<int> IssuedAsync() => (await Server.Administration.StatusAsync(Cancellation)).Counts.Sum(count => count.Issued);

    /// <summary>Nobody was ever refused, and the ledger's audit holds.</summary>
    public async Task AssertNobodyWasRefusedAsync()
    {
        Assert.Empty(await Host.RefusalsAsync());
        Assert.True((await Server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
            await client.DisposeAsync();
        await Host.DisposeAsync();
        await Xrdp.DisposeAsync();
        await Server.DisposeAsync();
        await Publisher.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    /// <summary>The license server's time of day; what waits, waits by the real one.</summary>
    private sealed class FollowingTime(TimeProvider leader) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => leader.GetUtcNow();
    }
}
