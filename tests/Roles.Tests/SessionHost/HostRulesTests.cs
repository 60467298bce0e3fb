using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Protocol.Tests.Clients;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>Administrative sessions, revocation lists, several license servers, observe mode and explanations, through the front door.</summary>
public sealed class HostRulesTests : IAsyncLifetime
{
    private readonly string _state = Gateway.NewState();
    private readonly FakePublisher _publisher = new();
    private FakeLicenseServer _server = null!;
    private FakeXrdp _xrdp = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static byte[] HardwareId => new LicensingClientOptions { MachineName = "KIOSK-01" }.HardwareId.ToArray();

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
    public async Task An_administrative_session_is_let_through_to_the_logon_without_license_and_begins_no_grace_period()
    {
        await using var gateway = await Gateway.StartAsync(_xrdp, grace: true);

        await using var client = await gateway.ConnectAsync(administrative: true);

        Assert.Equal((RdpClientEnd.DemandActive, LicensingClientEnd.ValidClient), (client.Script.End, client.Script.Licensing.End));
        await Gateway.UntilAsync(async () => await gateway.SessionsAsync() is [{ Rule: "2", Serial: null }]);
        Assert.Equal("not-started", (await gateway.Administration.GraceAsync(Cancellation)).State);
    }

    [Fact]
    public async Task A_revoked_CAL_is_asked_about_at_the_next_connection_and_a_list_that_goes_back_is_not_believed()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        var cal = _server.Issue(HardwareId, temporary: false, TimeSpan.FromDays(60));
        await using (await gateway.ConnectAsync(cal.Stored))
            Assert.Empty(_server.Asked);

        _server.Revocations = new(2, default, [cal.Serial], [], []);
        await Gateway.UntilAsync(async () => (await gateway.Administration.StatusAsync(Cancellation)).LicenseServers[0].RevocationNumber == 2);
        _server.Revocations = new(1, default, [], [], []);
        _server.Refuses = RefusalReason.Revoked;
        await using var refused = await gateway.ConnectAsync(cal.Stored);

        Assert.Equal(RdpClientEnd.LicenseRefused, refused.Script.End);
        Assert.Equal(cal.Stored, Assert.Single(_server.Asked).Presented);
    }

    [Fact]
    public async Task A_stale_list_means_ask_first_and_silence_then_admits_with_a_finding()
    {
        _server.Revocations = new(1, DateTimeOffset.UtcNow.AddHours(-2), [], [], []);
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        var stored = _server.Issue(HardwareId, temporary: false, TimeSpan.FromDays(60)).Stored;

        await using (await gateway.ConnectAsync(stored))
            Assert.Single(_server.Asked);
        await _server.StopAsync();
        await using var silent = await gateway.ConnectAsync(stored);

        Assert.Equal(RdpClientEnd.DemandActive, silent.Script.End);
        Assert.Contains((await gateway.Administration.StatusAsync(Cancellation)).Findings!, finding => finding.Code == "revocation-list-stale");
    }

    [Fact]
    public async Task A_CAL_in_use_from_another_address_is_asked_about_and_sessions_are_reported()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        var cal = _server.Issue(HardwareId, temporary: false, TimeSpan.FromDays(60));
        await using var first = await gateway.ConnectAsync(cal.Stored);
        await Gateway.UntilAsync(async () => (await gateway.SessionsAsync()).Count == 1);

        await using var second = await gateway.ConnectAsync(cal.Stored, from: System.Net.IPAddress.Parse("127.0.0.2"));

        Assert.Equal(cal.Stored, Assert.Single(_server.Asked).Presented);
        await Gateway.UntilAsync(() => Task.FromResult(_server.Reported.Any(session => session.Serial == cal.Serial && session.EndedAt is null)));
        await first.DisposeAsync();
        await Gateway.UntilAsync(() => Task.FromResult(_server.Reported.Any(session => session.Serial == cal.Serial && session.EndedAt is not null)));
    }

    [Fact]
    public async Task The_second_license_server_gives_a_seat_before_the_first_one_gives_less()
    {
        await using var second = new FakeLicenseServer(_publisher);
        await second.StartAsync();
        _server.RefusesFirstPass = true;
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server, second]);

        await using var client = await gateway.ConnectAsync();

        Assert.True(DeviceCal.TryRead(client.StoredLicense, out var cal));
        Assert.Equal(second.Fingerprint, cal.LicenseServer);
        second.Refuses = RefusalReason.NoCalAvailable;
        await using var other = await gateway.ConnectAsync(machine: "NEW-02");
        Assert.True(DeviceCal.TryRead(other.StoredLicense, out var any));
        Assert.Equal(_server.Fingerprint, any.LicenseServer);
    }

    [Fact]
    public async Task Whoever_holds_a_CAL_of_a_silent_server_is_not_refused_by_another_one()
    {
        await using var second = new FakeLicenseServer(_publisher);
        await second.StartAsync();
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server, second]);
        var stored = _server.Issue(HardwareId, temporary: true, TimeSpan.FromDays(60)).Stored;
        second.Refuses = RefusalReason.NoCalAvailable;
        await _server.StopAsync();

        await using var client = await gateway.ConnectAsync(stored);

        Assert.Equal(RdpClientEnd.DemandActive, client.Script.End);
        await Gateway.UntilAsync(async () => await gateway.SessionsAsync() is [{ Rule: "5" }]);
    }

    [Fact]
    public async Task In_observe_mode_nobody_is_refused_and_the_report_says_who_would_be()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server], options => LicensingPathTests.With(options, observe: true));
        await using var licensed = await gateway.ConnectAsync(machine: "PC-1");
        _server.Refuses = RefusalReason.NoCalAvailable;

        await using var client = await gateway.ConnectAsync(machine: "PC-2");

        Assert.Equal(RdpClientEnd.DemandActive, client.Script.End);
        await Gateway.UntilAsync(async () => (await gateway.RefusalsAsync()).Count == 1 && (await gateway.SessionsAsync()).Count == 2);
        Assert.True((await gateway.RefusalsAsync())[0].Observed);
        var report = await gateway.Administration.ObservationAsync(7, Cancellation);
        Assert.Equal((true, 2, 2, 0), (report.Observing, report.Sessions, report.Devices, report.Users));
        Assert.Equal(("PC-2", "no-cal-available", "7", 1), Assert.Single(report.WouldBeRefused) is var one ? (one.Who, one.Reason, one.Rule, one.Times) : default);
    }

    [Fact]
    public async Task An_explanation_shows_the_rows_and_the_value_that_decides()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);
        await using (await gateway.ConnectAsync())
            await Gateway.UntilAsync(async () => (await gateway.SessionsAsync()).Count == 1);

        var reachable = await gateway.Administration.ExplainAsync(new(null, "KIOSK-01", null), Cancellation);
        await _server.StopAsync();
        await using (await gateway.ConnectAsync(machine: "NEW-02"))
            await Gateway.UntilAsync(async () => (await gateway.RefusalsAsync()).Count == 1);
        var held = await gateway.Administration.ExplainAsync(new(null, "KIOSK-01", null), Cancellation);
        var stranger = await gateway.Administration.ExplainAsync(new(null, "NEW-02", null), Cancellation);

        Assert.Equal("ask", reachable.Outcome);
        Assert.Equal(("admit", "5", true), (held.Outcome, held.Rows[^1].Row, held.Rows[^1].Matches));
        Assert.Equal(("refuse", "8", true), (stranger.Outcome, stranger.Rows[^1].Row, stranger.Rows[^1].Matches));
        Assert.All(held.Rows, row => Assert.NotEmpty(row.Because));
    }

    [Fact]
    public async Task An_explanation_of_a_person_runs_the_logon_table()
    {
        _server.Mode = LicensingMode.PerUser;
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);

        var reachable = await gateway.Administration.ExplainAsync(new(null, null, "root"), Cancellation);
        await _server.StopAsync();
        await Gateway.UntilAsync(async () => (await gateway.Administration.ExplainAsync(new(null, null, "root"), Cancellation)).Outcome == "refuse");
        var silent = await gateway.Administration.ExplainAsync(new(null, null, "root"), Cancellation);
        var nobody = await Assert.ThrowsAsync<ProblemException>(() => gateway.Administration.ExplainAsync(new(null, null, "no-such-person"), Cancellation));
        var empty = await Assert.ThrowsAsync<ProblemException>(() => gateway.Administration.ExplainAsync(new(null, null, ""), Cancellation));

        Assert.Equal(("ask", null, null), (reachable.Outcome, reachable.HardwareId, reachable.Rows.Single(row => row.Row == "U3").Matches));
        Assert.Contains("root, user 0, local", reachable.Rows[0].Because, StringComparison.Ordinal);
        Assert.Equal(("U7", true, "silent"), silent.Rows[^1] is var last ? (last.Row, last.Matches, last.Because) : default);
        Assert.Equal((false, false), (silent.Rows.Single(row => row.Row == "U4").Matches, silent.Rows.Single(row => row.Row == "U5").Matches));
        Assert.Equal((LicensingProblem.NotFound, "account"), (nobody.Problem, nobody.Field));
        Assert.Equal((LicensingProblem.InvalidField, "account"), (empty.Problem, empty.Field));
    }

    [Fact]
    public async Task On_a_per_device_host_a_person_is_explained_by_the_last_device_and_the_logon()
    {
        await using var gateway = await Gateway.JoinedAsync(_xrdp, [_server]);

        var explanation = await gateway.Administration.ExplainAsync(new(null, null, "root"), Cancellation);

        Assert.Equal(("admit", "U2"), (explanation.Outcome, explanation.Rows[^1].Row));
    }
}
