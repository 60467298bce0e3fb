using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.SessionHost.Gateway;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>What clients cannot do to the gateway and to each other.</summary>
public sealed class LimitsTests : IAsyncLifetime
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);
    private readonly string _state = Gateway.NewState();
    private readonly FakePublisher _publisher = new();
    private FakeLicenseServer _server = null!;
    private FakeXrdp _xrdp = null!;

    public async ValueTask InitializeAsync()
    {
        _server = new(_publisher);
        await _server.StartAsync();
        _xrdp = FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
    }

    public async ValueTask DisposeAsync()
    {
        await _xrdp.DisposeAsync();
        await _server.DisposeAsync();
        _publisher.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task A_silent_client_is_dropped_when_the_handshake_time_is_over_and_not_before()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var gateway = await Gateway.StartAsync(_xrdp, time: time);
        await using var silent = await HalfOpenClient.SilentAsync(gateway.EndPoint);
        await Gateway.UntilAsync(async () => (await gateway.Administration.StatusAsync(CancellationToken.None)).Connections == 1);

        time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(await silent.EndsWithinAsync(TimeSpan.FromMilliseconds(200)));
        time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.True(await silent.EndsWithinAsync(TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public async Task A_client_that_is_silent_after_TLS_is_dropped_when_the_sequence_time_is_over()
    {
        await using var gateway = await Gateway.StartAsync(_xrdp, options => LicensingPathTests.With(options, sequenceTime: Short));

        await using var silent = await HalfOpenClient.SecuredAsync(gateway.EndPoint);

        Assert.True(await silent.EndsWithinAsync(TimeSpan.FromSeconds(5)));
        Assert.Empty(_xrdp.Connections);
    }

    [Fact]
    public async Task A_session_outlives_every_time_limit_of_its_beginning()
    {
        await using var gateway = await Gateway.JoinedAsync(
            _xrdp, [_server], options => LicensingPathTests.With(options, handshakeTime: TimeSpan.FromSeconds(1), sequenceTime: TimeSpan.FromSeconds(1), licensingTime: TimeSpan.FromSeconds(1)));
        await using var client = await gateway.ConnectAsync();

        await Task.Delay(TimeSpan.FromSeconds(1.5), TestContext.Current.CancellationToken);

        Assert.Contains(await gateway.SessionsAsync(), session => session.EndedAt is null);
    }

    [Fact]
    public async Task The_oldest_client_that_says_nothing_makes_room_for_one_that_goes_on()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server], options => LicensingPathTests.With(options, maxWaitingPerAddress: 3));
        await using var oldest = await HalfOpenClient.SilentAsync(gateway.EndPoint);
        await Gateway.UntilAsync(async () => (await gateway.Administration.StatusAsync(CancellationToken.None)).Connections == 1);
        await using var second = await HalfOpenClient.SilentAsync(gateway.EndPoint);
        await using var third = await HalfOpenClient.SilentAsync(gateway.EndPoint);
        await Gateway.UntilAsync(async () => (await gateway.Administration.StatusAsync(CancellationToken.None)).Connections == 3);

        await using var client = await gateway.ConnectAsync();

        Assert.Equal(RdpClientEnd.DemandActive, client.Script.End);
        Assert.True(await oldest.EndsWithinAsync(TimeSpan.FromSeconds(5)));
        Assert.False(await second.EndsWithinAsync(TimeSpan.FromMilliseconds(100)));
    }

    [Fact]
    public async Task Too_many_clients_of_one_address_are_turned_away_and_another_address_is_served()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server], options => LicensingPathTests.With(options, maxPerAddress: 2));
        await using var first = await gateway.ConnectAsync();
        await using var second = await gateway.ConnectAsync(machine: "PC-2");

        await using var third = await HalfOpenClient.SilentAsync(gateway.EndPoint);
        await using var elsewhere = await gateway.ConnectAsync(machine: "PC-4", from: IPAddress.Parse("127.0.0.2"));

        Assert.True(await third.EndsWithinAsync(TimeSpan.FromSeconds(5)));
        Assert.Equal(RdpClientEnd.DemandActive, elsewhere.Script.End);
    }

    [Fact]
    public async Task A_place_is_free_again_when_its_connection_is_over()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server], options => LicensingPathTests.With(options, maxPerAddress: 1));
        for (var i = 0; i < 5; i++)
        {
            await using (var client = await gateway.ConnectAsync())
                Assert.Equal(RdpClientEnd.DemandActive, client.Script.End);
            await Gateway.UntilAsync(async () => (await gateway.Administration.StatusAsync(CancellationToken.None)).Connections == 0);
        }
    }

    [Fact]
    public void Dropping_for_room_counts_each_connection_once()
    {
        var admission = new Admission(new() { StateDirectory = "/x", BackEnd = "unix:/x", MaxWaiting = 2, MaxConnections = 3, MaxWaitingPerAddress = 2, MaxPerAddress = 3 });
        var address = IPAddress.Loopback;
        var tickets = Enumerable.Range(0, 10).Select(_ => admission.TryEnter(address, () => { })).ToList();

        Assert.DoesNotContain(null, tickets);
        Assert.Equal(2, admission.Connections);
        tickets.ForEach(ticket => ticket!.Dispose());
        Assert.Equal(0, admission.Connections);
    }

    [Fact]
    public void Where_nobody_can_be_dropped_the_new_one_is_turned_away()
    {
        var admission = new Admission(new() { StateDirectory = "/x", BackEnd = "unix:/x", MaxWaiting = 2, MaxConnections = 3 });
        for (var i = 0; i < 2; i++)
            admission.TryEnter(IPAddress.Loopback, () => { })!.HandshakeDone();

        Assert.Null(admission.TryEnter(IPAddress.Loopback, () => { }));
    }

    [Fact]
    public async Task Two_thousand_half_open_connections_cost_little_and_a_real_client_is_served_within_five_seconds()
    {
        await using var gateway = await Gateway.JoinedAsync(
            _xrdp, [_server], options => LicensingPathTests.With(options, maxWaitingPerAddress: 2200, maxPerAddress: 3000, handshakeTime: TimeSpan.FromMinutes(2), sequenceTime: TimeSpan.FromMinutes(2)));
        await using (var warm = await gateway.ConnectAsync())
            Assert.Equal(RdpClientEnd.DemandActive, warm.Script.End);
        const int count = 200;
        var before = Memory();
        var secured = new List<HalfOpenClient>();
        for (var i = 0; i < count; i++)
            secured.Add(await HalfOpenClient.SecuredAsync(gateway.EndPoint));
        var each = (Memory() - before) / count;
        var silent = new List<HalfOpenClient>();
        for (var i = 0; i < 1800; i++)
            silent.Add(await HalfOpenClient.SilentAsync(gateway.EndPoint));

        var began = Stopwatch.GetTimestamp();
        await using var client = await gateway.ConnectAsync(machine: "REAL");

        Assert.Equal(RdpClientEnd.DemandActive, client.Script.End);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(5));
        // The test's own half of each connection is in this process too.
        Assert.True(each < 2 * 256 * 1024, $"{each} bytes for a connection that waits, both ends");
        foreach (var half in secured.Concat(silent))
            await half.DisposeAsync();
    }

    private static long Memory()
    {
        GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
