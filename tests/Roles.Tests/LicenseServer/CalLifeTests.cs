using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>docs/rules.md is the data: each line of "A Device CAL's life" and of "Revocation", at the license server's doors and by a given clock.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class CalLifeTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly TestAuthority _authority = new();

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public static TheoryData<int, string> Life() => RulesPage.Cases("state");

    public static TheoryData<int, string> Limits() => RulesPage.Cases("installed");

    public static TheoryData<int, string> Revoking() => RulesPage.Cases("to be revoked");

    public static TheoryData<int, string> Lifting() => RulesPage.Cases("to be lifted");

    public static TheoryData<int, string> Devices() => RulesPage.Cases("connects with a revoked CAL");

    [Fact]
    public void The_page_has_the_nine_states()
        => Assert.Equal(Enumerable.Range(1, 9).Select(state => $"{state}"), RulesPage.Table("state").Select(line => line["state"]).Distinct());

    [Theory]
    [MemberData(nameof(Life))]
    public async Task A_device_gets_what_its_state_says(int place, string line)
    {
        var facts = RulesPage.Table("state")[place];
        foreach (var seat in RulesPage.Values(facts["seat"]))
            foreach (var left in RulesPage.Values(facts["end"]).SelectMany(Moments))
            {
                await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
                await using var life = await Pool.StartAsync(clearinghouse);
                var before = await life.HoldAsync(facts["holds"], seat);
                if (left is { } given)
                    await life.WalkToAsync(before!.ExpiresAt - given);
                await life.TakeReturnedAsync(seat);

                var (outcome, takes) = (await life.HappenAsync(facts["event"], before), await life.TakesAsync());

                Assert.True((facts["outcome"], facts["takes"]) == (outcome, $"{takes}"), $"{line}, with seat {seat} and {left} left: {outcome}, {takes} taken");
                Assert.True((await life.Server.Administration.VerifyAuditAsync(Cancellation)).Sound);
            }
    }

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task As_many_may_be_revoked_at_a_time_as_the_page_says(int place, string line)
    {
        var facts = RulesPage.Table("installed")[place];
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartWithPackAsync(clearinghouse, int.Parse(facts["installed"]));
        var host = await server.JoinAsync();
        var device = new TestDevice("CLIENT");
        await host.SettleAsync(device);

        var record = await server.Administration.RevokeAsync(device.Serial, new("lost"), Cancellation);

        var limit = int.Parse(facts["revoked at a time"]);
        Assert.True((limit, 1, limit - 1) == (record.Limit, record.Revoked, record.Remaining), $"{line}: {record.Revoked} of {record.Limit}, {record.Remaining} remaining");
    }

    [Theory]
    [MemberData(nameof(Revoking))]
    public async Task A_CAL_is_revoked_where_the_page_says_so(int place, string line)
    {
        var facts = RulesPage.Table("to be revoked")[place];
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var life = await Pool.StartAsync(clearinghouse);
        var kind = facts["to be revoked"];
        var held = await life.HoldAsync(kind switch { "unvalidated" => "temporary", "validated" => "validated", _ => "permanent" }, "none");
        if (kind == "expired")
            await life.WalkToAsync(held!.ExpiresAt + Second);
        if (kind == "revoked")
            await life.RevokeAsync(life.Device);
        else if (facts["limit"] == "reached")
            await life.RevokeAsync(life.Others[0]);

        var outcome = await OutcomeAsync(life.RevokeAsync(life.Device), "revoked");

        Assert.True(facts["outcome"] == outcome, $"{line}: {outcome}");
        Assert.Equal(outcome == "revoked" ? CalStatus.Revoked : kind switch { "unvalidated" => CalStatus.Unvalidated, "validated" => CalStatus.Temporary, "expired" => CalStatus.Expired, _ => CalStatus.Active }, await life.StatusAsync());
    }

    [Theory]
    [MemberData(nameof(Lifting))]
    public async Task A_revocation_is_lifted_where_the_page_says_so(int place, string line)
    {
        var facts = RulesPage.Table("to be lifted")[place];
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var life = await Pool.StartAsync(clearinghouse);
        var held = await life.HoldAsync("permanent", "none");
        if (facts["to be lifted"] != "permanent")
            await life.RevokeAsync(life.Device);
        if (facts["to be lifted"] == "revoked-over")
            await life.WalkToAsync(held!.ExpiresAt + Second);
        if (facts["to be lifted"] == "revoked" && facts["seat"] == "none")
            await life.TakeReturnedAsync("none");

        var outcome = await OutcomeAsync(life.Server.Administration.LiftRevocationAsync(life.Device.Serial, Cancellation), "lifted");

        Assert.True(facts["outcome"] == outcome, $"{line}: {outcome}");
        if (outcome == "lifted")
            Assert.Equal((CalStatus.Active, 1), (await life.StatusAsync(), await life.TakesAsync()));
    }

    [Theory]
    [MemberData(nameof(Devices))]
    public async Task The_device_of_a_revoked_CAL_gets_what_the_page_says_and_its_seat_is_anothers_at_once(int place, string line)
    {
        var facts = RulesPage.Table("connects with a revoked CAL")[place];
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var life = await Pool.StartAsync(clearinghouse);
        var held = await life.HoldAsync("permanent", "none");
        await life.RevokeAsync(life.Device);
        Assert.Equal(0, await life.TakesAsync());
        await life.TakeReturnedAsync("none");
        await life.WalkToAsync(facts["connects with a revoked CAL"] == "before" ? held!.ExpiresAt : held!.ExpiresAt + Second);

        var outcome = await life.HappenAsync("connects", held);

        Assert.True(facts["outcome"] == outcome, $"{line}: {outcome}");
    }

    public void Dispose() => _authority.Dispose();

    // Both ends of each stretch of time, measured from the CAL's last second; null where there is no CAL.
    private static IEnumerable<TimeSpan?> Moments(string end) => end switch
    {
        "-" => [null],
        "before" => [TimeSpan.FromDays(7) + Second],
        "soon" => [TimeSpan.FromDays(7), TimeSpan.Zero],
        "over" => [-Second],
        _ => throw new ArgumentOutOfRangeException(nameof(end), end, "not a word of the page"),
    };

    private static async Task<string> OutcomeAsync(Task asked, string done)
    {
        try
        {
            await asked;
            return done;
        }
        catch (ProblemException refused)
        {
            return KebabCase.Of(refused.Problem);
        }
    }

    /// <summary>An activated license server, the device that a line is about, and others that take the seats which the line says are taken.</summary>
    private sealed class Pool(RunningLicenseServer server, FakeClearinghouse clearinghouse, TestHost host) : IAsyncDisposable
    {
        private readonly TestDevice _late = new("LATE");
        private readonly Dictionary<TestDevice, DateTimeOffset> _ends = [];

        public RunningLicenseServer Server => server;

        public TestDevice Device { get; } = new("CLIENT");

        /// <summary>They come back in time, and keep their seats.</summary>
        public List<TestDevice> Others { get; } = [];

        private DateTimeOffset Now => server.Time.GetUtcNow();

        public static async Task<Pool> StartAsync(FakeClearinghouse clearinghouse)
        {
            var server = await RunningLicenseServer.StartAsync(clearinghouse);
            await server.ActivateAsync();
            return new(server, clearinghouse, await server.JoinAsync());
        }

        /// <summary>Brings the device to what it holds, and the pool to where it stands.</summary>
        /// <returns>The device's CAL; null where it holds none.</returns>
        public async Task<CalRecord?> HoldAsync(string holds, string seat)
        {
            if (holds != "nothing")
                Assert.NotNull((await host.ConnectAsync(Device)).Granted);
            if (holds is "validated" or "permanent")
                Assert.True(await host.LogOnAsync(Device));
            // Another device, whose seat is never the one in question.
            var other = new TestDevice("OTHER");
            var pack = await InstallAsync(holds == "permanent" ? 2 : 1);
            Keep(other, await host.SettleAsync(other));
            if (holds == "permanent")
                Assert.False((await host.ConnectAsync(Device)).Granted!.Temporary);
            Assert.True((await host.SettleAsync(_late)).Granted!.Temporary);
            if (seat == "free")
                await InstallAsync(1);
            if (seat == "removed")
                await server.Administration.RemovePackAsync(pack, true, Cancellation);
            return holds == "nothing" ? null : await server.Administration.CalAsync(Device.Serial, Cancellation);
        }

        /// <summary>Day by day; the host and the others renew what they hold.</summary>
        public async Task WalkToAsync(DateTimeOffset time)
        {
            while (Now < time)
            {
                server.Time.SetUtcNow(time - Now < TimeSpan.FromDays(1) ? time : Now.AddDays(1));
                if (host.Certificate.NotAfter.ToUniversalTime() - Now < TimeSpan.FromDays(3))
                    host.Use(await host.Client.RenewAsync(Cancellation));
                foreach (var other in Others.Where(other => _ends[other] - Now < TimeSpan.FromDays(7)))
                    _ends[other] = (await host.ConnectAsync(other)).Granted?.ExpiresAt ?? DateTimeOffset.MaxValue;
            }
        }

        /// <summary>Where no seat is to be free, somebody takes the one that came back.</summary>
        public async Task TakeReturnedAsync(string seat)
        {
            if (seat == "none" && (await CountsAsync()).Available > 0)
                Keep(_late, await host.ConnectAsync(_late));
        }

        public async Task<string> HappenAsync(string happens, CalRecord? before)
        {
            switch (happens)
            {
                case "logs-on":
                    return await host.LogOnAsync(Device) ? "validated" : "nothing";
                case "time":
                    return await StatusAsync() == CalStatus.Expired ? "returned" : "nothing";
            }

            var answer = await host.ConnectAsync(Device);
            if (answer.Granted is not { } granted)
                return KebabCase.Of(answer.Refused!.Value);
            if (granted.Serial == before?.Serial)
                return granted.ExpiresAt == before.ExpiresAt ? "same" : "the same serial with another end";
            var days = (granted.ExpiresAt - Now).TotalDays;
            return (granted.Temporary, days) switch
            {
                (true, 90) => "temporary",
                (false, >= 52 and <= 89) => "permanent",
                _ => $"{(granted.Temporary ? "temporary" : "permanent")} for {days} days",
            };
        }

        /// <summary>Seats that the device takes: those that are issued, less those of the others.</summary>
        public async Task<int> TakesAsync()
        {
            var taken = (await CountsAsync()).Issued;
            foreach (var other in Others)
                taken -= (await server.Administration.CalAsync(other.Serial, Cancellation)).Status == CalStatus.Active ? 1 : 0;
            return taken;
        }

        public async Task<CalStatus> StatusAsync() => (await server.Administration.CalAsync(Device.Serial, Cancellation)).Status;

        public async Task RevokeAsync(TestDevice device)
        {
            await server.Administration.RevokeAsync(device.Serial, new("lost"), Cancellation);
            Others.Remove(device);
        }

        public async ValueTask DisposeAsync() => await server.DisposeAsync();

        private void Keep(TestDevice other, DeviceCalAnswer answer)
        {
            Assert.False(answer.Granted!.Temporary);
            _ends[other] = answer.Granted.ExpiresAt;
            Others.Add(other);
        }

        private async Task<CalCounts> CountsAsync() => (await server.Administration.StatusAsync(Cancellation)).Counts.Single(counts => counts.Type == CalType.Device);

        private async Task<Guid> InstallAsync(int quantity)
        {
            clearinghouse.Quantity = quantity;
            return (await server.Administration.InstallPackAsync(new(FakeClearinghouse.NewProductKey()), Cancellation)).PackId;
        }
    }
}
