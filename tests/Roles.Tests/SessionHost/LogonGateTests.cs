using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.SessionHost;
using Ostiary.SessionHost.Grace;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>A per-user host at its logon socket: rows U3 to U7, leases, slow license servers, who is one person.</summary>
public sealed class LogonGateTests : IAsyncLifetime
{
    private const string Admitted = """{"admit":true}""";
    private readonly string _state = Gateway.NewState();
    private readonly FakePublisher _publisher = new();
    private FakeLicenseServer _server = null!;
    private FakeXrdp _xrdp = null!;

    private string GatewayState => Path.Combine(_state, "gw");

    private string LogonSocket => Path.Combine(GatewayState, "logon.sock");

    public async ValueTask InitializeAsync()
    {
        _server = new(_publisher) { Mode = LicensingMode.PerUser };
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
    public async Task U3_a_person_with_a_User_CAL_is_let_on_and_a_reconnect_is_asked_for_again()
    {
        await using var gateway = await StartAsync();

        Assert.Equal(Admitted, await LogOnAsync("alice"));
        Assert.Equal(Admitted, await LogOnAsync("alice"));

        Assert.Equal(2, _server.AskedForUsers.Count);
        Assert.All(_server.AskedForUsers, asked => Assert.Equal(new UserClaim("alice", "", null), asked.User));
    }

    [Fact]
    public async Task U4_a_lease_admits_while_the_license_server_is_silent_also_after_a_restart_and_only_its_own_person()
    {
        await using (var gateway = await StartAsync())
        {
            await EndGraceAsync(gateway);
            Assert.Equal(Admitted, await LogOnAsync("alice"));
        }

        await _server.StopAsync();
        await using var again = await Gateway.StartAsync(_xrdp, With, state: GatewayState);
        await EndGraceAsync(again);

        Assert.Equal(Admitted, await LogOnAsync("alice"));
        Assert.Equal(Refused("no-license-server"), await LogOnAsync("bob"));
        var refusal = await OneRefusalAsync(again);
        Assert.Equal(("no-license-server", "U7", "bob", "-"), (refusal.Reason, refusal.Rule, refusal.UserName, refusal.Address));
        Assert.NotEmpty(refusal.Fix);
    }

    [Fact]
    public async Task A_lease_that_is_over_admits_nobody()
    {
        _server.UserLife = TimeSpan.FromSeconds(-1);
        await using var gateway = await StartAsync();
        await EndGraceAsync(gateway);
        Assert.Equal(Admitted, await LogOnAsync("alice"));

        await _server.StopAsync();

        Assert.Equal(Refused("no-license-server"), await LogOnAsync("alice"));
    }

    [Fact]
    public async Task A_grant_whose_lease_is_for_somebody_else_is_no_grant()
    {
        _server.LeasesWrongly = true;
        await using var gateway = await StartAsync();
        await EndGraceAsync(gateway);

        Assert.Equal(Refused("no-license-server"), await LogOnAsync("alice"));
        Assert.Contains("lease", (await OneRefusalAsync(gateway)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task U5_the_grace_period_admits_whom_the_license_server_refuses_until_a_User_CAL_is_granted()
    {
        _server.Refuses = RefusalReason.NoCalAvailable;
        await using var gateway = await StartAsync(grace: true);

        Assert.Equal(Admitted, await LogOnAsync("alice"));
        Assert.IsType<GraceState.Running>(gateway.Services.GetRequiredService<GracePeriod>().State);
        _server.Refuses = null;
        Assert.Equal(Admitted, await LogOnAsync("bob"));
        _server.Refuses = RefusalReason.NoCalAvailable;

        Assert.Equal(Refused("no-cal-available"), await LogOnAsync("alice"));
    }

    [Theory]
    [InlineData(RefusalReason.NoCalAvailable, "no-cal-available")]
    [InlineData(RefusalReason.VersionTooOld, "version-too-old")]
    [InlineData(RefusalReason.OtherTypeOnly, "other-type-only")]
    [InlineData(RefusalReason.Revoked, "revoked")]
    public async Task U6_a_refusal_is_recorded_with_the_person_the_numbers_and_the_fix(RefusalReason reason, string code)
    {
        _server.Refuses = reason;
        await using var gateway = await StartAsync();
        await EndGraceAsync(gateway);

        Assert.Equal(Refused(code), await LogOnAsync("alice"));

        var refusal = await OneRefusalAsync(gateway);
        Assert.Equal((code, "U6", "alice", "0 of 2 User CALs are free"), (refusal.Reason, refusal.Rule, refusal.UserName, refusal.Detail));
        Assert.Contains("ostiary ", refusal.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_account_is_its_realm_and_number_whatever_its_spelling()
    {
        await using var gateway = await StartAsync();

        foreach (var name in new[] { "dora", @"TEST\dora", "Dora@test" })
            await ReportAsync($$"""{"kind":"logon","user":"{{name.Replace("\\", "\\\\", StringComparison.Ordinal)}}","uid":5001,"local":false}""");

        Assert.All(_server.AskedForUsers, asked => Assert.Equal(("test.lan", "5001"), (asked.User.Realm, asked.User.StableId)));
        Assert.Equal(3, _server.AskedForUsers.Count);
    }

    [Fact]
    public async Task A_slow_license_server_costs_one_logon_its_time_and_those_after_it_nothing_until_it_answers()
    {
        await using var gateway = await StartAsync();
        await EndGraceAsync(gateway);
        _server.Slow = TimeSpan.FromSeconds(4);
        var clock = System.Diagnostics.Stopwatch.StartNew();

        Assert.Equal(Refused("no-license-server"), await LogOnAsync("alice"));
        var first = clock.Elapsed;
        foreach (var name in new[] { "bob", "carol", "dave" })
            Assert.Equal(Refused("no-license-server"), await LogOnAsync(name));

        Assert.InRange(first, TimeSpan.FromSeconds(1.6), TimeSpan.FromSeconds(2));
        Assert.InRange(clock.Elapsed - first, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Assert.Equal("alice", Assert.Single(_server.AskedForUsers).User.Name);
        _server.Slow = TimeSpan.Zero;
        await Gateway.UntilAsync(async () => await LogOnAsync("bob") == Admitted);
        await _server.StopAsync();
        Assert.Equal(Admitted, await LogOnAsync("alice"));
    }

    [Fact]
    public async Task Questions_about_one_person_that_are_under_way_are_one_question()
    {
        await using var gateway = await StartAsync();
        _server.Slow = TimeSpan.FromMilliseconds(700);

        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => LogOnAsync("alice")));

        Assert.All(answers, answer => Assert.Equal(Admitted, answer));
        Assert.Single(_server.AskedForUsers);
    }

    [Fact]
    public async Task With_two_license_servers_a_free_seat_at_the_second_counts_before_anything_else_at_the_first()
    {
        await using var second = new FakeLicenseServer(_publisher) { Mode = LicensingMode.PerUser };
        await second.StartAsync();
        _server.Refuses = RefusalReason.NoCalAvailable;
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server, second], With, GatewayState);
        await EndGraceAsync(gateway);

        Assert.Equal(Admitted, await LogOnAsync("alice"));

        Assert.Equal(AskingPass.Permanent, Assert.Single(_server.AskedForUsers).Pass);
        Assert.Equal(AskingPass.Permanent, Assert.Single(second.AskedForUsers).Pass);
        second.Refuses = RefusalReason.NoCalAvailable;
        Assert.Equal(Refused("no-cal-available"), await LogOnAsync("bob"));
        Assert.Equal(AskingPass.Any, second.AskedForUsers.Last().Pass);
        await second.StopAsync();
        // The lease is written behind the logon's back.
        await Gateway.UntilAsync(async () => await LogOnAsync("alice") == Admitted);
    }

    [Fact]
    public async Task U2_a_per_device_host_asks_nobody()
    {
        _server.Mode = LicensingMode.PerDevice;
        await using var gateway = await StartAsync();

        Assert.Equal(Admitted, await LogOnAsync("alice"));

        Assert.Empty(_server.AskedForUsers);
    }

    internal static string Refused(string code) => $$"""{"admit":false,"reason":"{{code}}"}""";

    internal static SessionHostOptions With(SessionHostOptions options) => new()
    {
        StateDirectory = options.StateDirectory,
        BackEnd = options.BackEnd,
        BackEndFingerprint = options.BackEndFingerprint,
        Listen = options.Listen,
        Name = options.Name,
        Realm = "TEST.LAN",
    };

    internal static async Task EndGraceAsync(Gateway gateway)
    {
        var grace = gateway.Services.GetRequiredService<GracePeriod>();
        await grace.UseAsync(CancellationToken.None);
        await grace.CalGrantedAsync(CancellationToken.None);
    }

    private static async Task<Ostiary.Contracts.Administration.RefusalRecord> OneRefusalAsync(Gateway gateway)
    {
        await Gateway.UntilAsync(async () => (await gateway.RefusalsAsync()).Count > 0);
        return Assert.Single(await gateway.RefusalsAsync());
    }

    private Task<Gateway> StartAsync(bool grace = false) => Gateway.JoinedAsync(_xrdp, [_server], With, GatewayState, grace: grace);

    private Task<string> LogOnAsync(string name) => ReportAsync($$"""{"kind":"logon","user":"{{name}}","uid":1001,"local":true,"administrator":false}""");

    private Task<string> ReportAsync(string json) => FakeKernelHelper.ReportAsync(LogonSocket, json);
}
