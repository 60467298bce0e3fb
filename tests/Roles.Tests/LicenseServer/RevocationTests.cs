using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>Revocation: its limit, what it does to the device, and the list that hosts pull.</summary>
[Trait(TestDatabases.Storage, TestDatabases.Core)]
public sealed class RevocationTests : IDisposable
{
    private readonly TestAuthority _authority = new();

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    [Fact]
    public async Task A_revoked_CAL_gives_its_seat_back_at_once_and_its_device_is_refused_until_the_CALs_own_end()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartWithPackAsync(clearinghouse, 1);
        var host = await server.JoinAsync();
        var lost = new TestDevice("LOST");
        await host.SettleAsync(lost);

        var revoked = await server.Administration.RevokeAsync(lost.Serial, new("stolen"), Cancellation);
        var refused = await host.ConnectAsync(lost);
        var next = await host.SettleAsync(new TestDevice("NEXT"));
        server.Time.SetUtcNow(revoked.Cal.ExpiresAt.AddSeconds(1));
        host.Use(await host.Client.RenewAsync(Cancellation));
        var again = await host.ConnectAsync(lost);

        Assert.Equal(CalStatus.Revoked, revoked.Cal.Status);
        Assert.Equal((1, 1, 0), (revoked.Limit, revoked.Revoked, revoked.Remaining));
        Assert.Equal(revoked.Cal.ExpiresAt.AddSeconds(1), revoked.NextAt);
        Assert.Equal(RefusalReason.Revoked, refused.Refused);
        Assert.False(next.Granted!.Temporary);
        Assert.True(again.Granted!.Temporary);
        Assert.True((await server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task One_in_five_may_be_revoked_and_the_refusal_says_from_when_the_next_may()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartWithPackAsync(clearinghouse, 10);
        var host = await server.JoinAsync();
        var devices = Enumerable.Range(0, 4).Select(index => new TestDevice($"CLIENT{index}")).ToList();
        foreach (var device in devices)
            await host.SettleAsync(device);

        var first = await server.Administration.RevokeAsync(devices[0].Serial, new("lost"), Cancellation);
        var repeated = await server.Administration.RevokeAsync(devices[0].Serial, new("lost"), Cancellation);
        var second = await server.Administration.RevokeAsync(devices[1].Serial, new("lost"), Cancellation);
        var problem = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.RevokeAsync(devices[2].Serial, new("lost"), Cancellation));
        server.Time.SetUtcNow(second.NextAt!.Value);
        host.Use(await host.Client.RenewAsync(Cancellation));
        var held = (await server.Administration.CalsAsync(null, 100, Cancellation)).Items.FirstOrDefault(cal => cal.Status == CalStatus.Active);

        Assert.Equal((2, 1), (first.Limit, first.Remaining));
        Assert.Null(first.NextAt);
        Assert.Equal(1, repeated.Revoked);
        Assert.Equal(0, second.Remaining);
        Assert.Equal(LicensingProblem.RuleForbids, problem.Problem);
        Assert.Contains($"of 10 installed ones at most 2 may be at a time; the next may be revoked from {second.NextAt:u}", problem.Message, StringComparison.Ordinal);
        if (held is not null)
            Assert.NotNull((await server.Administration.RevokeAsync(held.Serial, new("lost"), Cancellation)).Cal);
    }

    [Fact]
    public async Task A_revocation_is_lifted_while_a_seat_is_free_and_not_otherwise()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartWithPackAsync(clearinghouse, 1);
        var host = await server.JoinAsync();
        var device = new TestDevice("CLIENT");
        await host.SettleAsync(device);

        await server.Administration.RevokeAsync(device.Serial, new("lost"), Cancellation);
        var lifted = await server.Administration.LiftRevocationAsync(device.Serial, Cancellation);
        var admitted = await host.ConnectAsync(device);
        await server.Administration.RevokeAsync(device.Serial, new("lost again"), Cancellation);
        await host.SettleAsync(new TestDevice("OTHER"));
        var problem = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.LiftRevocationAsync(device.Serial, Cancellation));

        Assert.Equal((CalStatus.Active, 0), (lifted.Cal.Status, lifted.Revoked));
        Assert.Equal(lifted.Cal.Serial, admitted.Granted!.Serial);
        Assert.Equal(LicensingProblem.RuleForbids, problem.Problem);
        Assert.True((await server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task A_temporary_CAL_is_not_revoked_and_an_unknown_one_is_not_found()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();
        var device = new TestDevice("CLIENT");
        await host.ConnectAsync(device);

        var unvalidated = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.RevokeAsync(device.Serial, new("lost"), Cancellation));
        await host.LogOnAsync(device);
        var validated = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.RevokeAsync(device.Serial, new("lost"), Cancellation));
        var unknown = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.RevokeAsync(new string('0', 32), new("lost"), Cancellation));
        var without = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.RevokeAsync(device.Serial, new(""), Cancellation));

        Assert.All([unvalidated, validated], problem => Assert.Equal(LicensingProblem.RuleForbids, problem.Problem));
        Assert.Equal(LicensingProblem.NotFound, unknown.Problem);
        Assert.Equal((LicensingProblem.InvalidField, "reason"), (without.Problem, without.Field));
    }

    [Fact]
    public async Task Whoever_waits_for_the_list_gets_it_when_a_revocation_is_committed()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartWithPackAsync(clearinghouse, 1);
        var host = await server.JoinAsync();
        var device = new TestDevice("CLIENT");
        await host.SettleAsync(device);
        var before = await host.RevocationsAsync();

        var waiting = host.RevocationsAsync(before.Number, 60);
        await server.Administration.RevokeAsync(device.Serial, new("lost"), Cancellation);
        var pushed = await waiting.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        await server.RestartAsync();
        host.Reconnect();
        server.Time.Advance(TimeSpan.FromMinutes(5));
        var later = await host.RevocationsAsync(0, 60);

        Assert.Empty(before.Revoked);
        Assert.Equal([device.Serial], pushed.Revoked);
        Assert.True(pushed.Number > before.Number);
        Assert.Equal(pushed.Number, later.Number);
        Assert.Equal(pushed.IssuedAt.AddMinutes(5), later.IssuedAt);
    }

    [Fact]
    public async Task A_wait_ends_by_the_clock_with_the_list_as_it_is_and_what_is_past_its_end_is_left_out()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartWithPackAsync(clearinghouse, 1);
        var host = await server.JoinAsync();
        var device = new TestDevice("CLIENT");
        await host.SettleAsync(device);
        var revoked = await server.Administration.RevokeAsync(device.Serial, new("lost"), Cancellation);
        server.Time.SetUtcNow(revoked.Cal.ExpiresAt.AddSeconds(1));
        host.Use(await host.Client.RenewAsync(Cancellation));
        var number = (await host.RevocationsAsync()).Number;

        var waiting = host.RevocationsAsync(number, 30);
        while (!waiting.IsCompleted)
        {
            server.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(number, (await waiting).Number);
        Assert.Empty((await waiting).Revoked);
        foreach (var (query, field) in new[] { ("after=x", "after"), ("wait=61", "wait"), ("after=-1", "after") })
            Assert.Contains($"\"field\":\"{field}\"", await (await host.Http.GetAsync($"v1/revocations?{query}", Cancellation)).Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    public void Dispose() => _authority.Dispose();
}
