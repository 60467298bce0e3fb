using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>Two devices that are one machine, and one that is two. docs/rules.md is the data.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class DeviceMergeTests : IAsyncLifetime
{
    private readonly TestAuthority _authority = new();
    private FakeClearinghouse _clearinghouse = null!;
    private RunningLicenseServer _server = null!;
    private TestHost _host = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public static TheoryData<int, string> Lines() => RulesPage.Cases("one holds");

    public async ValueTask InitializeAsync()
    {
        _clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        _server = await RunningLicenseServer.StartAsync(_clearinghouse);
        await _server.ActivateAsync();
        _host = await _server.JoinAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _clearinghouse.DisposeAsync();
        _authority.Dispose();
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public async Task Two_devices_become_one_as_the_page_says(int place, string line)
    {
        var facts = RulesPage.Table("one holds")[place];
        foreach (var flagged in RulesPage.Values(facts["flagged"]))
            foreach (var limit in RulesPage.Values(facts["limit"]))
            {
                var one = new TestDevice("ONE");
                var other = flagged == "yes" ? new TestDevice("OTHER", one.HardwareId) : new TestDevice("OTHER");
                await HoldAsync(one, facts["one holds"]);
                await HoldAsync(other, facts["the other holds"]);
                if (facts["one holds"] == "revoked")
                    await _server.Administration.RevokeAsync(one.Serial, new("lost"), Cancellation);
                else if (limit == "reached")
                    await ReachLimitAsync();
                var issued = (await CountsAsync()).Issued;
                var pair = facts["one holds"] == "permanent" ? 1 : 0;
                pair += facts["the other holds"] == "permanent" ? 1 : 0;
                var (device, lost) = (await DeviceOfAsync(one), await DeviceOfAsync(other));

                var outcome = await MergeAsync(device, lost);
                var then = await _server.Administration.DeviceAsync(device, Cancellation);

                var held = then.Cals.Select(cal => cal.Status).FirstOrDefault(status => status is CalStatus.Active or CalStatus.Temporary, CalStatus.Revoked);
                var takes = (await CountsAsync()).Issued - issued + pair;
                Assert.True(
                    (facts["outcome"], facts["then holds"], facts["takes"]) == (outcome, held switch { CalStatus.Active => "permanent", CalStatus.Temporary => "validated", _ => "revoked" }, $"{takes}"),
                    $"{line}, flagged {flagged}, limit {limit}: {outcome}, {held}, {takes}");
                await _server.DisposeAsync();
                _server = await RunningLicenseServer.StartAsync(_clearinghouse);
                await _server.ActivateAsync();
                _host = await _server.JoinAsync();
            }
    }

    [Fact]
    public async Task A_merged_machine_goes_on_with_one_seat_under_each_of_its_hardware_ids()
    {
        var (before, after) = (new TestDevice("LAPTOP"), new TestDevice("LAPTOP"));
        await InstallAsync(2);
        await _host.SettleAsync(before);
        await _host.SettleAsync(after);
        Assert.Equal(0, (await CountsAsync()).Available);

        var merged = await _server.Administration.MergeDevicesAsync(await DeviceOfAsync(before), new(await DeviceOfAsync(after), "a new mainboard"), Cancellation);
        var list = await _host.RevocationsAsync();
        var (first, second) = (await _host.ConnectAsync(before), await _host.ConnectAsync(after));
        var third = await _host.ConnectAsync(after);

        Assert.Equal([merged.RevokedCal!], list.Revoked);
        Assert.Equal(2, merged.Device.Identities.Count);
        Assert.All([first, second, third], answer => Assert.False(answer.Granted!.Temporary));
        Assert.Equal(second.Granted!.Serial, third.Granted!.Serial);
        Assert.Null(third.Granted.Stored);
        Assert.Equal(first.Granted!.ExpiresAt, second.Granted.ExpiresAt);
        Assert.Contains(first.Granted.Serial, (await _host.RevocationsAsync()).Revoked);
        Assert.Equal((1, 1), ((await CountsAsync()).Issued, (await CountsAsync()).Available));
        Assert.Contains((await _server.Administration.AuditAsync(null, 1000, Cancellation)).Items, entry => entry is { Kind: "device-merged", By: "root" });
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task What_was_merged_by_mistake_is_split_and_each_has_a_seat_again()
    {
        var (one, two) = (new TestDevice("ONE"), new TestDevice("TWO"));
        await InstallAsync(2);
        await _host.SettleAsync(one);
        await _host.SettleAsync(two);
        var device = await DeviceOfAsync(one);
        await _server.Administration.MergeDevicesAsync(device, new(await DeviceOfAsync(two), "looks the same"), Cancellation);

        var split = await _server.Administration.SplitDeviceAsync(device, new(Convert.ToHexStringLower(two.HardwareId), "TWO"), Cancellation);
        var answers = new[] { await _host.ConnectAsync(one), await _host.ConnectAsync(two) };

        Assert.Equal(["ONE"], split.Device.Identities.Select(identity => identity.ClientName));
        Assert.Equal(["TWO"], split.Split.Identities.Select(identity => identity.ClientName));
        Assert.All(answers, answer => Assert.False(answer.Granted!.Temporary));
        Assert.Equal(2, (await CountsAsync()).Issued);
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task After_a_split_the_machine_without_a_seat_gets_no_second_temporary_CAL()
    {
        var (one, two) = (new TestDevice("ONE"), new TestDevice("TWO"));
        await InstallAsync(2);
        await _host.SettleAsync(one);
        await _host.SettleAsync(two);
        var device = await DeviceOfAsync(one);
        var lost = (await _server.Administration.MergeDevicesAsync(device, new(await DeviceOfAsync(two), "looks the same"), Cancellation)).RevokedCal;
        await _host.SettleAsync(new TestDevice("THIRD"));

        await _server.Administration.SplitDeviceAsync(device, new(Convert.ToHexStringLower(two.HardwareId), "TWO"), Cancellation);
        var loser = one.Serial == lost ? one : two;

        Assert.Equal(RefusalReason.NoCalAvailable, (await _host.ConnectAsync(loser)).Refused);
    }

    [Fact]
    public async Task What_cannot_be_merged_or_split_is_named()
    {
        var one = new TestDevice("ONE");
        await _host.SettleAsync(one);
        var device = await DeviceOfAsync(one);
        var hardwareId = Convert.ToHexStringLower(one.HardwareId);

        var itself = await ProblemAsync(_server.Administration.MergeDevicesAsync(device, new(device, "x"), Cancellation));
        var unknown = await ProblemAsync(_server.Administration.MergeDevicesAsync(device, new(Guid.NewGuid(), "x"), Cancellation));
        var without = await ProblemAsync(_server.Administration.MergeDevicesAsync(device, new(Guid.NewGuid(), ""), Cancellation));
        var only = await ProblemAsync(_server.Administration.SplitDeviceAsync(device, new(hardwareId, "ONE"), Cancellation));
        var never = await ProblemAsync(_server.Administration.SplitDeviceAsync(device, new(hardwareId, "TWO"), Cancellation));
        var malformed = await ProblemAsync(_server.Administration.SplitDeviceAsync(device, new("x", "ONE"), Cancellation));

        Assert.Equal((LicensingProblem.InvalidField, "other"), itself);
        Assert.Equal((LicensingProblem.NotFound, "other"), unknown);
        Assert.Equal((LicensingProblem.InvalidField, "reason"), without);
        Assert.Equal((LicensingProblem.RuleForbids, "hardwareId"), only);
        Assert.Equal((LicensingProblem.NotFound, "hardwareId"), never);
        Assert.Equal((LicensingProblem.InvalidField, "hardwareId"), malformed);
    }

    private async Task HoldAsync(TestDevice device, string holds)
    {
        await _host.ConnectAsync(device);
        Assert.True(await _host.LogOnAsync(device));
        if (holds == "validated")
            return;
        await InstallAsync(1);
        Assert.False((await _host.ConnectAsync(device)).Granted!.Temporary);
    }

    private async Task ReachLimitAsync()
    {
        var lost = new TestDevice("LOST");
        await HoldAsync(lost, "permanent");
        await _server.Administration.RevokeAsync(lost.Serial, new("lost"), Cancellation);
        // The seat that came back is taken, so that the others' seats are counted alone.
        Assert.False((await _host.SettleAsync(new TestDevice("NEXT"))).Granted!.Temporary);
    }

    private async Task<string> MergeAsync(Guid device, Guid other)
    {
        try
        {
            return (await _server.Administration.MergeDevicesAsync(device, new(other, "one machine"), Cancellation)).RevokedCal is null ? "merged" : "revoked";
        }
        catch (ProblemException refused)
        {
            return KebabCase.Of(refused.Problem);
        }
    }

    private async Task<Guid> DeviceOfAsync(TestDevice device)
        => (await _server.Administration.DevicesAsync(null, 100, null, Cancellation)).Items.Single(record => record.Cals.Any(cal => cal.Serial == device.Serial)).DeviceId;

    private async Task<CalCounts> CountsAsync()
        => (await _server.Administration.StatusAsync(Cancellation)).Counts.SingleOrDefault(counts => counts.Type == CalType.Device) ?? new(CalType.Device, new(2022), 0, 0, 0, 0);

    private async Task InstallAsync(int quantity)
    {
        _clearinghouse.Quantity = quantity;
        await _server.Administration.InstallPackAsync(new(FakeClearinghouse.NewProductKey()), Cancellation);
    }

    private static async Task<(LicensingProblem Problem, string? Field)> ProblemAsync(Task call)
        => await Assert.ThrowsAsync<ProblemException>(() => call) is var problem ? (problem.Problem, problem.Field) : default;
}
