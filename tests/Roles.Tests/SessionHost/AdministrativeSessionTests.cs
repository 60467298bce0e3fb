using System.Net;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Protocol.Pdus;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>Row U1, and what a refused person sees: connections over real sockets, the kernel's word from the test.</summary>
public sealed class AdministrativeSessionTests : IAsyncLifetime
{
    private const string Admitted = """{"admit":true}""";
    private readonly string _state = Gateway.NewState();
    private readonly FakePublisher _publisher = new();
    private FakeLicenseServer _server = null!;
    private FakeKernelHelper _kernel = null!;
    private FakeXrdp _xrdp = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string GatewayState => Path.Combine(_state, "gw");

    public async ValueTask InitializeAsync()
    {
        _server = new(_publisher) { Mode = LicensingMode.PerUser };
        await _server.StartAsync();
        _kernel = new(Path.Combine(_state, "kernel.sock")) { LogonAt = sockets => sockets.Count > 0 ? sockets[0] : null };
        _xrdp = FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
    }

    public async ValueTask DisposeAsync()
    {
        await _kernel.DisposeAsync();
        await _xrdp.DisposeAsync();
        await _server.DisposeAsync();
        _publisher.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task Two_proven_administrators_are_let_on_without_a_CAL_and_the_third_is_refused_until_one_of_them_leaves()
    {
        await using var gateway = await StartAsync();
        var first = await ConnectAsync(gateway, "127.0.0.11");
        Assert.Equal(Admitted, await LogOnAsync("ada", 1, administrator: true));
        await using var second = await ConnectAsync(gateway, "127.0.0.12");
        Assert.Equal(Admitted, await LogOnAsync("bea", 2, administrator: true));

        await using var third = await ConnectAsync(gateway, "127.0.0.13");
        Assert.Equal(LogonGateTests.Refused("administrative-sessions-in-use"), await LogOnAsync("cyd", 3, administrator: true));

        Assert.Equal(ErrorInfoCode.NoLicense, await third.ReadErrorInfoAsync(Cancellation));
        Assert.Empty(_server.AskedForUsers);
        await first.DisposeAsync();
        await Gateway.UntilAsync(async () => (await gateway.SessionsAsync()).Count(session => session.EndedAt is null) == 1);
        await using var fourth = await ConnectAsync(gateway, "127.0.0.13");
        Assert.Equal(Admitted, await LogOnAsync("cyd", 3, administrator: true));
    }

    [Fact]
    public async Task An_administrator_whose_own_session_holds_a_slot_takes_it_over_when_none_is_free()
    {
        await using var gateway = await StartAsync();
        await using var first = await ConnectAsync(gateway, "127.0.0.11");
        Assert.Equal(Admitted, await LogOnAsync("ada", 1, administrator: true));
        await using var second = await ConnectAsync(gateway, "127.0.0.12");
        Assert.Equal(Admitted, await LogOnAsync("bea", 2, administrator: true));

        await using var again = await ConnectAsync(gateway, "127.0.0.13");
        Assert.Equal(Admitted, await LogOnAsync("ada", 1, administrator: true));

        await first.WaitForEndAsync(Cancellation);
        await Gateway.UntilAsync(async () => (await gateway.SessionsAsync()).Any(session => session.End == "taken-over"));
    }

    [Fact]
    public async Task A_person_who_is_no_administrator_gets_no_administrative_session_and_sees_0x102()
    {
        await using var gateway = await StartAsync();
        await using var client = await ConnectAsync(gateway, "127.0.0.11");

        Assert.Equal(LogonGateTests.Refused("not-an-administrator"), await LogOnAsync("alice", 1001, administrator: false));

        Assert.Equal(ErrorInfoCode.NoLicense, await client.ReadErrorInfoAsync(Cancellation));
        await Gateway.UntilAsync(async () => (await gateway.RefusalsAsync()).Count > 0);
        var refusal = Assert.Single(await gateway.RefusalsAsync());
        Assert.Equal(("not-an-administrator", "U1", "alice", "127.0.0.11"), (refusal.Reason, refusal.Rule, refusal.UserName, refusal.Address));
        await Gateway.UntilAsync(async () => await gateway.SessionsAsync() is [{ End: "refused" }]);
    }

    [Fact]
    public async Task Where_the_kernel_shows_only_afterwards_who_is_on_an_administrative_connection_it_is_decided_then()
    {
        _kernel.LogonAt = null;
        await using var gateway = await StartAsync();
        await using var client = await ConnectAsync(gateway, "127.0.0.11");
        Assert.Equal(Admitted, await LogOnAsync("alice", 1001, administrator: false));

        _kernel.Uid = 1001;

        Assert.Equal(ErrorInfoCode.NoLicense, await client.ReadErrorInfoAsync(Cancellation));
        await Gateway.UntilAsync(async () => (await gateway.RefusalsAsync()) is [{ Reason: "not-an-administrator" }]);
    }

    [Fact]
    public async Task A_hundred_strangers_who_wait_do_not_keep_an_administrator_out()
    {
        await using var gateway = await StartAsync();
        var strangers = new List<RdpClient>();
        for (var i = 0; i < 100; i++)
            strangers.Add(await ConnectAsync(gateway, $"127.0.1.{i % 50 + 1}"));

        await using var client = await ConnectAsync(gateway, "127.0.0.11");

        Assert.Equal(Admitted, await LogOnAsync("ada", 1, administrator: true));
        await Gateway.UntilAsync(async () => (await gateway.RefusalsAsync()).Count(refusal => refusal.Reason == "administrative-wait-over") >= 92);
        await Gateway.UntilAsync(async () => (await gateway.SessionsAsync()).Count(session => session.EndedAt is null) == 8);
        foreach (var stranger in strangers)
            await stranger.DisposeAsync();
    }

    [Fact]
    public async Task A_waiting_connection_is_ended_after_60_seconds_and_told_so()
    {
        var time = new SteppedTime();
        await using var gateway = await StartAsync(time);
        await using var client = await ConnectAsync(gateway, "127.0.0.11");
        await Gateway.UntilAsync(async () => (await gateway.SessionsAsync()).Count == 1);

        time.Advance(TimeSpan.FromSeconds(61));

        Assert.Equal(ErrorInfoCode.NoLicense, await client.ReadErrorInfoAsync(Cancellation));
        await Gateway.UntilAsync(async () => await gateway.RefusalsAsync() is [{ Reason: "administrative-wait-over", UserName: null }]);
    }

    [Theory]
    [InlineData(true, ErrorInfoCode.NoLicense)]
    [InlineData(false, null)]
    public async Task A_person_without_a_CAL_sees_0x102_where_the_client_shows_it_and_the_connection_ends_orderly(bool shows, ErrorInfoCode? expected)
    {
        await using var gateway = await StartAsync();
        await LogonGateTests.EndGraceAsync(gateway);
        await using var client = await ConnectAsync(gateway, "127.0.0.11", administrative: false, errorInfo: shows);
        _server.Refuses = RefusalReason.NoCalAvailable;

        Assert.Equal(LogonGateTests.Refused("no-cal-available"), await LogOnAsync("alice", 1001, administrator: false));

        Assert.Equal(expected, await client.ReadErrorInfoAsync(Cancellation));
    }

    [Fact]
    public async Task Silent_license_servers_are_shown_as_0x101()
    {
        await using var gateway = await StartAsync();
        await LogonGateTests.EndGraceAsync(gateway);
        await using var client = await ConnectAsync(gateway, "127.0.0.11", administrative: false);
        await _server.StopAsync();

        Assert.Equal(LogonGateTests.Refused("no-license-server"), await LogOnAsync("alice", 1001, administrator: false));

        Assert.Equal(ErrorInfoCode.NoLicenseServer, await client.ReadErrorInfoAsync(Cancellation));
    }

    [Fact]
    public async Task Where_the_kernel_leaves_a_doubt_nobody_is_disconnected_for_a_refused_logon()
    {
        _kernel.LogonAt = null;
        await using var gateway = await StartAsync();
        await LogonGateTests.EndGraceAsync(gateway);
        await using var client = await ConnectAsync(gateway, "127.0.0.11", administrative: false);
        _server.Refuses = RefusalReason.NoCalAvailable;

        Assert.Equal(LogonGateTests.Refused("no-cal-available"), await LogOnAsync("alice", 1001, administrator: false));

        await Gateway.UntilAsync(async () => await gateway.RefusalsAsync() is [{ Address: "-", UserName: "alice" }]);
        Assert.Null(Assert.Single(await gateway.SessionsAsync()).EndedAt);
    }

    private Task<Gateway> StartAsync(TimeProvider? time = null) => Gateway.JoinedAsync(
        _xrdp, [_server], options => LicensingPathTests.With(options, kernelHelper: _kernel.Path), GatewayState, time: time);

    private static Task<RdpClient> ConnectAsync(Gateway gateway, string from, bool administrative = true, bool errorInfo = true)
        => RdpClient.RunAsync(
            gateway.EndPoint,
            new() { Licensing = new() { MachineName = "desk-1" }, SupportsErrorInfo = errorInfo, Password = "secret", Administrative = administrative },
            Cancellation, from: IPAddress.Parse(from));

    private Task<string> LogOnAsync(string name, uint uid, bool administrator) => FakeKernelHelper.ReportAsync(
        Path.Combine(GatewayState, "logon.sock"),
        $$"""{"kind":"logon","user":"{{name}}","uid":{{uid}},"local":true,"administrator":{{(administrator ? "true" : "false")}}}""");
}
