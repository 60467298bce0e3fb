using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Reports;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Keys;
using Ostiary.Roles.Tests.LicenseServer;
using Ostiary.Roles.Tests.Postgres;
using Ostiary.Roles.Tests.SessionHost;
using Xunit;

namespace Ostiary.Roles.Tests.Reports;

/// <summary>What hosts tell of their sessions, their refusals and themselves, and what the license server shows of it.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class HostReportTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    [Fact]
    public async Task A_host_that_runs_shows_its_sessions_their_end_and_itself_at_its_license_server()
    {
        await using var fleet = await Fleet.StartAsync();
        await using var client = await fleet.ConnectAsync(null, "KIOSK-01");

        HostSessionRecord? running = null;
        await Gateway.UntilAsync(async () => (running = (await fleet.Server.Administration.HostSessionsAsync(true, "", null, 10, Cancellation)).Items.SingleOrDefault()) is not null);
        Assert.Equal(("KIOSK-01", "4", true), (running!.Session.Device, running.Session.Rule, running.Session.Temporary));
        await client.DisposeAsync();
        await Gateway.UntilAsync(async () => (await fleet.Server.Administration.HostSessionsAsync(true, "", null, 10, Cancellation)).Items.Count == 0);
        var ended = Assert.Single((await fleet.Server.Administration.HostSessionsAsync(false, "kiosk", null, 10, Cancellation)).Items);
        Assert.NotNull(ended.Session.EndedAt);
        Assert.Empty((await fleet.Server.Administration.HostSessionsAsync(false, "other", null, 10, Cancellation)).Items);

        HostStateRecord? shown = null;
        await Gateway.UntilAsync(async () => (shown = (await fleet.Server.Administration.HostStatesAsync(null, 10, Cancellation)).Items.SingleOrDefault(row => row.State is not null)) is not null);
        Assert.Equal((ended.HostId, ended.Host), (shown!.HostId, shown.Host));
        Assert.Single(shown.State!.Status.LicenseServers);
        Assert.Equal((await fleet.Host.Administration.GraceAsync(Cancellation)).MachineId, shown.State.Grace.MachineId);
    }

    [Fact]
    public async Task A_refusal_is_shown_with_person_device_rule_and_fix()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse);
        var host = await server.JoinAsync();

        await host.Client.TellAsync(new([], [Refusal(1, server), Refusal(2, server) with { Device = "OTHER" }], null), Cancellation);

        var all = (await server.Administration.HostRefusalsAsync("", null, 10, Cancellation)).Items;
        Assert.Equal([2L, 1L], all.Select(row => row.Refusal.Id));
        Assert.Equal(Refusal(1, server), all[1].Refusal);
        Assert.Equal(2, Assert.Single((await server.Administration.HostRefusalsAsync("OTHER", null, 10, Cancellation)).Items).Refusal.Id);
        var first = await server.Administration.HostRefusalsAsync("", null, 1, Cancellation);
        Assert.Equal(1, Assert.Single((await server.Administration.HostRefusalsAsync("", first.Next, 1, Cancellation)).Items).Refusal.Id);
    }

    [Fact]
    public async Task What_is_told_twice_is_kept_once_and_a_host_that_has_lost_its_state_begins_anew_beside_it()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse);
        var host = await server.JoinAsync();
        var report = new HostReport([Session(1, server)], [Refusal(1, server)], null);

        await host.Client.TellAsync(report, Cancellation);
        await host.Client.TellAsync(report with { Sessions = [Session(1, server) with { Account = "alice", EndedAt = server.Time.GetUtcNow(), End = "client-left" }] }, Cancellation);
        server.Time.Advance(TimeSpan.FromMinutes(5));
        await host.Client.TellAsync(new([Session(1, server)], [Refusal(1, server)], null), Cancellation);

        var sessions = (await server.Administration.HostSessionsAsync(false, "", null, 10, Cancellation)).Items;
        Assert.Equal([null, "alice"], sessions.Select(row => row.Session.Account));
        Assert.Equal(2, (await server.Administration.HostRefusalsAsync("", null, 10, Cancellation)).Items.Count);
    }

    [Fact]
    public async Task What_is_too_much_or_is_not_what_it_says_is_refused_by_its_field()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse);
        var host = await server.JoinAsync();
        (HostReport Report, string Field)[] wrong =
        [
            (new([.. Enumerable.Range(1, HostReport.MaxRows + 1).Select(number => Session(number, server))], [], null), "sessions"),
            (new([Session(1, server) with { Device = new('x', HostReport.MaxText + 1) }], [], null), "sessions[0].device"),
            (new([Session(1, server) with { Address = "nowhere" }], [], null), "sessions[0].address"),
            (new([Session(1, server) with { HardwareId = "00" }], [], null), "sessions[0].hardwareId"),
            (new([], [Refusal(1, server) with { Reason = "" }], null), "refusals[0].reason"),
            (new([], [Refusal(1, server) with { Fix = "a\0b" }], null), "refusals[0].fix"),
        ];

        foreach (var (report, field) in wrong)
        {
            var problem = await Assert.ThrowsAsync<ProblemException>(() => host.Client.TellAsync(report, Cancellation));
            Assert.Equal((LicensingProblem.InvalidField, field), (problem.Problem, problem.Field));
        }

        Assert.Empty((await server.Administration.HostSessionsAsync(false, "", null, 10, Cancellation)).Items);
    }

    [Fact]
    public async Task Use_over_time_is_written_down_each_day_and_says_what_was_needed_and_what_would_be_cheaper()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartWithPackAsync(clearinghouse, 10);
        var host = await server.JoinAsync();
        for (var day = 0; day < 7; day++)
        {
            if (day > 0)
                server.Time.Advance(TimeSpan.FromDays(1));
            host.Use(await host.Client.RenewAsync(Cancellation));
            await host.SettleAsync(new TestDevice($"CLIENT{day}"));
            await KeepUsage.PassAsync(server.Ledger, server.Time.GetUtcNow(), Cancellation);
        }

        // Three persons at one device each, one of them at two more.
        await host.Client.TellAsync(
            new(
                [
                    .. new[] { "alice", "bob", "carol", "alice", "alice" }.Select((account, index) =>
                        Session(index + 1, server) with { Account = account, Device = $"CLIENT{index}", HardwareId = new string((char)('0' + index), 40) }),
                ],
                [], null),
            Cancellation);
        var usage = await server.Administration.UsageAsync(90, Cancellation);

        Assert.Equal([1, 2, 3, 4, 5, 6, 7], usage.Days.Select(day => day.Issued));
        var outlook = Assert.Single(usage.Outlooks);
        Assert.Equal((10, 7, 3, 3), (outlook.Installed, outlook.Issued, outlook.Available, outlook.Unused));
        Assert.Equal(1, outlook.PerDay!.Value, 6);
        Assert.Equal(DateOnly.FromDateTime(server.Time.GetUtcNow().UtcDateTime).AddDays(3), outlook.RunsOutOn);
        Assert.Equal((5, 3, Contracts.Catalogue.CalType.User), (usage.Needs.Devices, usage.Needs.Users, usage.Needs.Advice));
    }

    public void Dispose() => _authority.Dispose();

    private static SessionRecord Session(long id, RunningLicenseServer server)
        => new(id, "KIOSK", "192.0.2.1", null, "3", null, false, Seconds(server), null, null, null, new string('a', 40));

    private static RefusalRecord Refusal(long id, RunningLicenseServer server)
        => new(id, Seconds(server), "no-cal-available", "7", "KIOSK", new string('a', 40), "alice", "192.0.2.1", "10 of 10 are issued.", "ostiary packs install KEY");

    private static DateTimeOffset Seconds(RunningLicenseServer server) => DateTimeOffset.FromUnixTimeSeconds(server.Time.GetUtcNow().ToUnixTimeSeconds());
}
