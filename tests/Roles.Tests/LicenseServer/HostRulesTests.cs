using System.Security.Cryptography;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>What a session host may at its license server, what it reports, and how it ends.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class HostRulesTests : IDisposable
{
    private const string MachineId = "00112233445566778899aabbccddeeff";
    private readonly TestAuthority _authority = new();

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    [Fact]
    public async Task A_host_that_is_not_allowed_is_refused_and_asks_again_when_it_is()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();
        var device = new TestDevice("CLIENT");

        var barred = await server.Administration.ChangeHostAsync(host.Membership.HostId, new(false, null, true), Cancellation);
        var refused = await host.ConnectAsync(device);
        await server.Administration.ChangeHostAsync(host.Membership.HostId, new(true, null, null), Cancellation);
        var granted = await host.ConnectAsync(device);

        Assert.Equal((false, 3_600, true), (barred.Allowed, barred.QuotaPerHour, barred.SeparateAccounts));
        Assert.Equal(RefusalReason.HostNotAllowed, refused.Refused);
        Assert.NotNull(granted.Granted);
        Assert.True((await server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task A_host_takes_no_more_new_CALs_in_an_hour_than_its_quota_and_devices_go_on_with_what_they_hold()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartWithPackAsync(clearinghouse, 5);
        var host = await server.JoinAsync();
        await server.Administration.ChangeHostAsync(host.Membership.HostId, new(null, 1, null), Cancellation);

        var first = await host.SettleAsync(new TestDevice("ONE"));
        var waiting = new TestDevice("TWO");
        var second = await host.SettleAsync(waiting);
        server.Time.Advance(TimeSpan.FromHours(1));
        var later = await host.ConnectAsync(waiting);
        var problem = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.ChangeHostAsync(host.Membership.HostId, new(null, -1, null), Cancellation));

        Assert.False(first.Granted!.Temporary);
        Assert.True(second.Granted!.Temporary);
        Assert.False(later.Granted!.Temporary);
        Assert.Equal("quotaPerHour", problem.Field);
    }

    [Fact]
    public async Task A_removed_host_gets_nothing_on_its_open_connection_and_what_it_took_is_undone()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartWithPackAsync(clearinghouse, 3);
        var honest = await server.JoinAsync();
        var stolen = await server.JoinAsync();
        await stolen.SettleAsync(new TestDevice("BEFORE"));
        server.Time.Advance(TimeSpan.FromHours(2));
        var since = server.Time.GetUtcNow();
        TestDevice[] taken = [new("ONE"), new("TWO")];
        foreach (var device in taken)
            await stolen.SettleAsync(device);
        await stolen.ConnectAsync(new TestDevice("PROBE"));

        var waiting = stolen.RevocationsAsync((await stolen.RevocationsAsync()).Number, 60);
        var removed = await server.Administration.RemoveHostAsync(stolen.Membership.HostId, since, Cancellation);
        var refused = await Assert.ThrowsAsync<ProblemException>(() => stolen.ConnectAsync(taken[0]));
        var pushed = await Assert.ThrowsAsync<ProblemException>(() => waiting);
        var renewing = await Assert.ThrowsAsync<ProblemException>(() => stolen.Client.RenewAsync(Cancellation));
        var list = await honest.RevocationsAsync();
        var free = await honest.SettleAsync(new TestDevice("HONEST"));

        Assert.Equal((2, 1), (removed.RevokedCals, removed.DroppedTemporaries));
        Assert.All([refused, pushed, renewing], problem => Assert.Equal(LicensingProblem.HostNotJoined, problem.Problem));
        Assert.Equal([stolen.Membership.HostId], list.Hosts);
        Assert.Equal(taken.Select(device => device.Serial).Order(StringComparer.Ordinal), list.Revoked);
        Assert.False(free.Granted!.Temporary);
        Assert.True((await server.Administration.VerifyAuditAsync(Cancellation)).Sound);
        var again = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.RemoveHostAsync(stolen.Membership.HostId, null, Cancellation));
        Assert.Equal(LicensingProblem.NotFound, again.Problem);
    }

    [Fact]
    public async Task The_first_pass_gives_no_device_that_has_logged_on_another_temporary_time()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartWithPackAsync(clearinghouse, 1);
        var host = await server.JoinAsync();
        await host.SettleAsync(new TestDevice("SETTLED"));
        var device = new TestDevice("WAITING");

        var unknown = await host.Client.RequestDeviceCalAsync(device.Request() with { Pass = AskingPass.Permanent }, Cancellation);
        device.Keep(unknown);
        await host.LogOnAsync(device);
        var first = await host.Client.RequestDeviceCalAsync(device.Request() with { Pass = AskingPass.Permanent }, Cancellation);
        var second = await host.ConnectAsync(device);

        Assert.True(unknown.Granted!.Temporary);
        Assert.Equal(RefusalReason.NoCalAvailable, first.Refused);
        Assert.True(second.Granted!.Temporary);
    }

    [Fact]
    public async Task A_CAL_in_use_from_a_second_address_is_asked_about_first_and_the_second_device_is_a_new_one()
    {
        await using var clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartWithPackAsync(clearinghouse, 2);
        var host = await server.JoinAsync();
        var device = new TestDevice("CLIENT");
        await host.SettleAsync(device);
        var clone = new TestDevice("CLIENT", device.HardwareId) { Stored = device.Stored, Address = "198.51.100.7" };

        await ReportAsync(host, (1, device.Serial, "192.0.2.1"), (2, device.Serial, "::ffff:192.0.2.1"));
        var oneAddress = await host.RevocationsAsync();
        await ReportAsync(host, (3, device.Serial, "198.51.100.7"));
        var twoAddresses = await host.RevocationsAsync();
        var cloned = await host.ConnectAsync(clone);
        var clonedAgain = await host.ConnectAsync(new TestDevice("CLIENT", device.HardwareId) { Address = "198.51.100.7" });
        var original = await host.ConnectAsync(device);
        server.Time.Advance(SessionReport.Lapse + TimeSpan.FromSeconds(1));
        var later = await host.ConnectAsync(new TestDevice("CLIENT", device.HardwareId) { Stored = device.Stored, Address = "198.51.100.7" });

        Assert.Empty(oneAddress.AskFirst);
        Assert.Equal([device.Serial], twoAddresses.AskFirst);
        Assert.True(cloned.Granted!.Temporary);
        Assert.Equal(cloned.Granted.Serial, clonedAgain.Granted!.Serial);
        Assert.Equal(device.Serial, original.Granted!.Serial);
        Assert.Equal(device.Serial, later.Granted!.Serial);
    }

    [Fact]
    public async Task A_report_names_the_session_that_is_not_right()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();

        var serial = await Assert.ThrowsAsync<ProblemException>(() => ReportAsync(host, (1, "x", "192.0.2.1")));
        var address = await Assert.ThrowsAsync<ProblemException>(() => ReportAsync(host, (1, new string('0', 32), "192.0.2.1"), (2, new string('0', 32), "here")));
        var many = await Assert.ThrowsAsync<ProblemException>(() => ReportAsync(host, [.. Enumerable.Range(0, 101).Select(id => ((long)id, new string('0', 32), "::1"))]));

        Assert.Equal(["sessions[0].serial", "sessions[1].address", "sessions"], new[] { serial, address, many }.Select(problem => problem.Field));
    }

    [Fact]
    public async Task The_grace_record_that_began_first_counts_also_after_the_host_was_removed_and_joined_again()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();
        var began = TestLedger.Begin.AddDays(-100);
        var extension = Guid.NewGuid();

        var none = await host.Client.KeepGraceAsync(new(null), Cancellation);
        await KeepAsync(server, host, Record(began, 10, [extension]));
        var younger = await KeepAsync(server, host, Record(TestLedger.Begin, 0, []));
        var ended = await KeepAsync(server, host, Record(TestLedger.Begin, 0, []) with { EndedAt = TestLedger.Begin });
        await server.Administration.RemoveHostAsync(host.Membership.HostId, null, Cancellation);
        var again = await server.JoinAsync();
        var adopted = GraceRecordStatement.Decode(server.Verified(again.Membership.Grace!));

        Assert.Null(none.Record);
        Assert.Equal((began, 10, (DateTimeOffset?)null), (younger.StartedAt, younger.ExtensionDays, younger.EndedAt));
        Assert.Equal([extension], younger.Extensions);
        Assert.Equal(TestLedger.Begin, ended.EndedAt);
        Assert.Equal(ended.Encode(), adopted.Encode());
        Assert.True((await server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task A_grace_record_of_another_key_or_machine_is_not_kept()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        var forged = await Assert.ThrowsAsync<ProblemException>(() => host.Client.KeepGraceAsync(new(Statement.Sign(Record(TestLedger.Begin, 0, []).Encode(), other)), Cancellation));
        var foreign = await Assert.ThrowsAsync<ProblemException>(() => KeepAsync(server, host, Record(TestLedger.Begin, 0, []) with { MachineId = new string('f', 32) }));

        Assert.Equal((LicensingProblem.SignatureInvalid, "record"), (forged.Problem, forged.Field));
        Assert.Equal((LicensingProblem.InvalidField, "record"), (foreign.Problem, foreign.Field));
    }

    [Fact]
    public async Task The_time_is_signed_for_the_nonce_that_was_sent()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();
        var nonce = RandomNumberGenerator.GetBytes(SignedTimeStatement.NonceLength);

        var told = SignedTimeStatement.Decode(server.Verified((await host.Client.TimeAsync(new(nonce), Cancellation)).Statement));
        var problem = await Assert.ThrowsAsync<ProblemException>(() => host.Client.TimeAsync(new(new byte[15]), Cancellation));

        Assert.Equal(nonce, told.Nonce);
        Assert.Equal(TestLedger.Begin, told.Now);
        Assert.Equal("nonce", problem.Field);
    }

    public void Dispose() => _authority.Dispose();

    private static GraceRecordStatement Record(DateTimeOffset began, int days, IReadOnlyList<Guid> extensions) => new(MachineId, began, null, days, extensions, began, 1);

    private static async Task<GraceRecordStatement> KeepAsync(RunningLicenseServer server, TestHost host, GraceRecordStatement record)
        => GraceRecordStatement.Decode(server.Verified((await host.Client.KeepGraceAsync(new(Statement.Sign(record.Encode(), host.Key)), Cancellation)).Record!));

    private static Task ReportAsync(TestHost host, params (long Id, string Serial, string Address)[] sessions)
        => host.Client.ReportSessionsAsync(
            new([.. sessions.Select(session => new ReportedSession(session.Id, session.Serial, session.Address, TestLedger.Begin.AddMinutes(session.Id), null))]), Cancellation);
}
