using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Storage;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Ostiary.Roles.Tests.SessionHost;
using Xunit;

namespace Ostiary.Roles.Tests.Complaints;

/// <summary>
/// What administrators of remote desktop licensing complain of most, and that it cannot happen here: a session host and license servers as they
/// run, at their front doors, by a given clock.
/// </summary>
public sealed class ComplaintTests : IAsyncLifetime
{
    private const string Admitted = """{"admit":true}""";

    private readonly string _state = Gateway.NewState();
    private readonly TestAuthority _authority = new();
    private FakeClearinghouse _clearinghouse = null!;
    private RunningLicenseServer _server = null!;
    private FakeXrdp _xrdp = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    private string HostState => Path.Combine(_state, "host");

    public async ValueTask InitializeAsync()
    {
        _clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        _server = await RunningLicenseServer.StartAsync(_clearinghouse);
        await _server.ActivateAsync();
        _xrdp = FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
    }

    public async ValueTask DisposeAsync()
    {
        await _xrdp.DisposeAsync();
        await _server.DisposeAsync();
        await _clearinghouse.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task Complaint_1_the_host_says_that_grace_has_expired_although_license_server_and_CALs_are_right()
    {
        await _server.InstallAsync(2, CalType.Device);
        RdpClient client;
        await using (var host = await HostAsync())
            client = await host.ConnectAsync();
        await using var held = client;
        foreach (var record in Directory.GetFiles(HostState, "grace.*"))
            await File.WriteAllBytesAsync(record, [1, 2, 3], Cancellation);

        // Grace is over, and its record broken: whoever has a right to be here gets in all the same, and who has none is told the true reason.
        await using var again = await StartedAsync();
        await using var admitted = await again.ConnectAsync(held.StoredLicense);
        await _server.Administration.ChangeHostAsync(Assert.Single((await _server.Administration.HostsAsync(null, 10, Cancellation)).Items).HostId, new(Allowed: false, null, null), Cancellation);
        await using var refused = await again.ConnectAsync(machine: "NEW-01");

        Assert.Equal(RdpClientEnd.DemandActive, admitted.Script.End);
        Assert.Equal(RdpClientEnd.LicenseRefused, refused.Script.End);
        await Gateway.UntilAsync(async () => (await again.RefusalsAsync()).Count == 1);
        var refusal = Assert.Single(await again.RefusalsAsync());
        Assert.Equal(("host-not-allowed", "7"), (refusal.Reason, refusal.Rule));
        Assert.Contains("hosts set", refusal.Fix, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Complaint_2_the_same_device_eats_several_CALs()
    {
        await _server.InstallAsync(3, CalType.Device);
        var host = await _server.JoinAsync();
        var device = new TestDevice("LAPTOP");
        var serial = (await host.SettleAsync(device)).Granted!.Serial;

        // Its store is wiped, again and again.
        for (var wiped = 0; wiped < 5; wiped++)
        {
            device.Stored = null;
            Assert.Equal(serial, (await host.ConnectAsync(device)).Granted!.Serial);
        }

        // A client whose id is another at every visit, and that never logs on.
        for (var visit = 0; visit < 20; visit++)
            Assert.True((await host.ConnectAsync(new TestDevice("TABLET"))).Granted!.Temporary);
        Assert.Equal((1, 0), ((await CountsAsync(CalType.Device)).Issued, (await CountsAsync(CalType.Device)).Temporary));

        // A new mainboard: another id under the same name is another device until somebody says that it is the same, and then the seat is back at once.
        var mended = new TestDevice("LAPTOP");
        await host.SettleAsync(mended);
        Assert.Equal(2, (await CountsAsync(CalType.Device)).Issued);
        var devices = (await _server.Administration.DevicesAsync(null, 100, null, Cancellation)).Items.Where(record => record.Identities[0].ClientName == "LAPTOP").ToList();
        await _server.Administration.MergeDevicesAsync(devices[0].DeviceId, new(devices[1].DeviceId, "a new mainboard"), Cancellation);
        Assert.Equal((1, 2), ((await CountsAsync(CalType.Device)).Issued, (await CountsAsync(CalType.Device)).Available));
        Assert.False((await host.ConnectAsync(mended)).Granted!.Temporary);
    }

    [Fact]
    public async Task Complaint_3_counts_of_User_CALs_are_blank_or_zero_and_need_rights_in_the_directory()
    {
        await _server.InstallAsync(2, CalType.User);
        var host = await _server.JoinAsync(mode: LicensingMode.PerUser);

        // Live after each logon, for local and directory accounts alike, and nothing was written to a directory: there is none.
        foreach (var (person, issued, available) in new[] { (Local("alice"), 1, 1), (new UserClaim("bob", "example.org", "1007"), 2, 0), (Local("alice"), 2, 0) })
        {
            await GrantedAsync(host, person);
            var counts = await CountsAsync(CalType.User);
            Assert.Equal((2, issued, available), (counts.Installed, counts.Issued, counts.Available));
        }

        Assert.Equal(["alice", "bob"], (await _server.Administration.UserCalsAsync(null, null, 10, Cancellation)).Items.Select(cal => cal.Account).Order(StringComparer.Ordinal));

        // Over-use, where policy allows it, is a number below zero and no blank.
        await _server.Administration.SetPolicyAsync(new(UserOverUse.Track, null), Cancellation);
        await GrantedAsync(host, Local("carol"));
        Assert.Equal((-1, 1), ((await CountsAsync(CalType.User)).Available, (await CountsAsync(CalType.User)).OverUsed));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("garbage")]
    [InlineData("half of it")]
    [InlineData("another machine's")]
    [InlineData("a license of somebody else")]
    public async Task Complaint_5_a_broken_store_at_the_client_or_a_new_certificate_at_the_host_is_a_protocol_error(string store)
    {
        await _server.InstallAsync(2, CalType.Device);
        byte[] own, others;
        string serial;
        await using (var host = await HostAsync())
        {
            own = await SettledAsync(host, "PC-01");
            others = await SettledAsync(host, "PC-02");
            serial = SerialOf(own);
        }

        // The host starts anew, with a licensing certificate that no client has seen.
        await using var again = await StartedAsync();
        await using var client = await again.ConnectAsync(
            store switch
            {
                "garbage" => [.. Enumerable.Repeat((byte)0xAB, 700)],
                "half of it" => own[..(own.Length / 2)],
                "another machine's" => others,
                "a license of somebody else" => "not ours"u8.ToArray(),
                _ => null,
            },
            machine: "PC-01");

        Assert.Equal(RdpClientEnd.DemandActive, client.Script.End);
        await Gateway.UntilAsync(async () => (await again.SessionsAsync()).MaxBy(session => session.Id)?.Serial == serial);
        Assert.Equal((2, 0), ((await CountsAsync(CalType.Device)).Issued, (await CountsAsync(CalType.Device)).Available));
    }

    [Fact]
    public async Task Complaint_6_a_rebuild_or_a_restored_backup_loses_CALs_and_means_paperwork()
    {
        var productKey = FakeClearinghouse.NewProductKey();
        var pack = await _server.Administration.InstallPackAsync(new(productKey), Cancellation);
        await using var host = await HostAsync();
        var before = await SettledAsync(host, "BEFORE");
        var backup = Path.Combine(_state, "backup");
        await _server.RestartAsync(state => Copy(state, backup));
        // Whoever called it meanwhile found it silent.
        await Gateway.UntilAsync(async () => (await host.Administration.StatusAsync(Cancellation)).LicenseServers.All(link => link.SilentSince is null), seconds: 60);
        var after = await SettledAsync(host, "AFTER");

        // Last night's backup comes back, which has never heard of the second device; the session host tells it by itself.
        await _server.RestartAsync(state =>
        {
            Directory.Delete(state, recursive: true);
            Copy(backup, state);
        });
        await Gateway.UntilAsync(async () => (await CountsAsync(CalType.Device)).Issued == 2, seconds: 60);
        Assert.Null((await _server.Administration.StatusAsync(Cancellation)).Recovery);

        foreach (var (machine, stored) in new[] { ("BEFORE", before), ("AFTER", after) })
        {
            await using var client = await host.ConnectAsync(stored, machine: machine);
            Assert.Equal((RdpClientEnd.DemandActive, stored), (client.Script.End, client.StoredLicense));
        }

        // The key that is installed here installs again, as often as anybody likes, without asking a person.
        Assert.Equal(pack.PackId, (await _server.Administration.InstallPackAsync(new(productKey), Cancellation)).PackId);
        Assert.Equal(5, (await CountsAsync(CalType.Device)).Installed);
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task Complaint_7_versions_that_do_not_fit_hang_or_fail_without_a_word()
    {
        await _server.InstallAsync(1, CalType.User, version: 2019);
        var (older, newer) = (await _server.JoinAsync(2016, LicensingMode.PerUser), await _server.JoinAsync(2022, LicensingMode.PerUser));

        // Before anything is spent it is said what a key holds.
        var check = await _server.Administration.CheckPackAsync(new(FakeClearinghouse.NewProductKey()), Cancellation);
        var refused = await AskAsync(newer, Local("alice"));
        var granted = await GrantedAsync(older, Local("alice"));

        Assert.Equal((new CalVersion(2022), CalType.Device, 5), (check.Version, check.Type, check.Quantity));
        Assert.Equal(RefusalReason.VersionTooOld, refused.Refused);
        Assert.Contains("2022", refused.Detail, StringComparison.Ordinal);
        Assert.Equal(2019, granted.Version.Year);
    }

    [Fact]
    public async Task Complaint_9_an_empty_second_license_server_refuses_and_User_CALs_have_no_failover()
    {
        await using var second = await RunningLicenseServer.StartAsync(_clearinghouse);
        await second.ActivateAsync();
        await second.InstallAsync(2, CalType.User);
        await using var host = await HostAsync(LicensingMode.PerUser, second);

        // The first in the list is empty; the second one's seats are found behind it.
        Assert.Equal(Admitted, await LogOnAsync("alice"));
        // It gets seats, too, and the other one goes away: a new person is served here, and who holds a CAL there gets in by the lease.
        await _server.InstallAsync(1, CalType.User);
        await second.StopAsync();
        await Gateway.UntilAsync(async () => await LogOnAsync("bob") == Admitted);
        await Gateway.UntilAsync(async () => await LogOnAsync("alice") == Admitted);

        Assert.Equal(1, (await CountsAsync(CalType.User)).Issued);
    }

    [Fact]
    public async Task Complaint_10_a_local_account_is_thrown_out_after_60_minutes()
    {
        await _server.InstallAsync(1, CalType.User);
        await using var host = await HostAsync(LicensingMode.PerUser);
        await using var client = await host.ConnectAsync();
        Assert.Equal(Admitted, await LogOnAsync("alice"));

        // Hours go by, and the license server goes away.
        _server.Time.Advance(TimeSpan.FromHours(3));
        await _server.StopAsync();
        await Task.Delay(TimeSpan.FromSeconds(2), Cancellation);

        Assert.Equal(RdpClientEnd.DemandActive, client.Script.End);
        Assert.Null(Assert.Single(await host.SessionsAsync()).EndedAt);
        await Gateway.UntilAsync(async () => await LogOnAsync("alice") == Admitted);
    }

    [Fact]
    public async Task Complaint_11_CALs_cannot_be_taken_back_from_leavers_and_stolen_machines()
    {
        await _server.InstallAsync(1, CalType.User);
        await _server.InstallAsync(5, CalType.Device);
        var (users, devices) = (await _server.JoinAsync(mode: LicensingMode.PerUser), await _server.JoinAsync());
        var leaver = await GrantedAsync(users, Local("leaver"));
        var stolen = new TestDevice("STOLEN");
        await devices.SettleAsync(stolen);

        // A person who left: within 90 days a reason is asked for, and the seat is another's at once.
        var problem = await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.ReleaseUserCalAsync(leaver.Serial, new(null), Cancellation));
        await _server.Administration.ReleaseUserCalAsync(leaver.Serial, new("has left the company"), Cancellation);
        await GrantedAsync(users, Local("successor"));
        // A stolen machine: void at its next connection, the seat free at once, and the limit says what is left.
        var revoked = await _server.Administration.RevokeAsync(stolen.Serial, new("stolen"), Cancellation);
        var refused = await devices.ConnectAsync(stolen);

        Assert.Equal((LicensingProblem.RuleForbids, true), (problem.Problem, problem.Message.Contains("reason", StringComparison.Ordinal)));
        Assert.Equal(RefusalReason.Revoked, refused.Refused);
        Assert.Equal(0, (await CountsAsync(CalType.Device)).Issued);
        Assert.NotNull(revoked);
        Assert.Superset(
            new HashSet<string> { "user-cal-released", "license-revoked" },
            (await _server.Administration.AuditAsync(null, 1000, Cancellation)).Items.Where(entry => entry.By == "root").Select(entry => entry.Kind).ToHashSet());
    }

    [Fact]
    public async Task Complaint_12_a_license_server_that_is_gone_is_still_asked_and_finding_one_needs_many_ports()
    {
        await using var gone = await RunningLicenseServer.StartAsync(_clearinghouse);
        await gone.ActivateAsync();
        await using var host = await HostAsync(LicensingMode.PerDevice, gone, goneFirst: true);
        Uri[] told = [gone.Address, _server.Address];
        await gone.StopAsync();

        // The first client finds out, and is served; those after it do not wait for the one that is gone.
        await using var first = await host.ConnectAsync(machine: "PC-01");
        var clock = System.Diagnostics.Stopwatch.StartNew();
        await using var second = await host.ConnectAsync(machine: "PC-02");

        Assert.Equal((RdpClientEnd.DemandActive, RdpClientEnd.DemandActive), (first.Script.End, second.Script.End));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(4), $"{clock.Elapsed}");
        // One address with one port is all that a host is told and uses.
        var links = (await host.Administration.StatusAsync(Cancellation)).LicenseServers;
        Assert.Equal(told, links.Select(link => new Uri(link.Address)));
        Assert.Equal([true, false], links.Select(link => link.SilentSince is not null));
    }

    private static UserClaim Local(string name) => new(name, "", null);

    private static Task<UserCalAnswer> AskAsync(TestHost host, UserClaim user)
        => host.Client.RequestUserCalAsync(new(Guid.NewGuid(), user, AskingPass.Any), Cancellation);

    private static async Task<GrantedUserCal> GrantedAsync(TestHost host, UserClaim user)
    {
        var answer = await AskAsync(host, user);
        Assert.True(answer.Granted is not null, $"{answer.Refused}: {answer.Detail}");
        return answer.Granted;
    }

    private static string SerialOf(byte[] stored)
    {
        Assert.True(DeviceCal.TryRead(stored, out var cal));
        using (cal)
            return cal.Serial;
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }

    private async Task<CalCounts> CountsAsync(CalType type) => Assert.Single((await _server.Administration.StatusAsync(Cancellation)).Counts, counts => counts.Type == type);

    // Connects, logs on (as the kernel would tie it to the connection), connects again: what the client then has in its store.
    private async Task<byte[]> SettledAsync(Gateway host, string machine)
    {
        await using var temporary = await host.ConnectAsync(machine: machine);
        var serial = SerialOf(temporary.StoredLicense!);
        Assert.True(CalSerial.TryParse(serial, out var logged));
        await using (var db = _server.Ledger.Database.OpenReader())
        {
            var member = await db.Hosts.SingleAsync(Cancellation);
            var identity = new HostIdentity(member.HostId, SHA256.HashData(member.PublicKey));
            Assert.True((await _server.Ledger.ValidateAsync(identity, Guid.NewGuid(), logged, "alice", Cancellation)).Validated);
        }

        await using var permanent = await host.ConnectAsync(temporary.StoredLicense, machine: machine);
        return permanent.StoredLicense!;
    }

    private Task<string> LogOnAsync(string name)
        => FakeKernelHelper.ReportAsync(Path.Combine(HostState, "logon.sock"), $$"""{"kind":"logon","user":"{{name}}","uid":1001,"local":true,"administrator":false}""");

    private Task<Gateway> StartedAsync() => Gateway.StartAsync(_xrdp, state: HostState, time: new FollowingTime(_server.Time));

    // A session host whose grace is over, joined to the license server and, behind it, another.
    private async Task<Gateway> HostAsync(LicensingMode mode = LicensingMode.PerDevice, RunningLicenseServer? other = null, bool goneFirst = false)
    {
        var host = await StartedAsync();
        foreach (var server in goneFirst ? [other!, _server] : new[] { _server, other }.OfType<RunningLicenseServer>())
            await host.Administration.JoinAsync(new((await server.Administration.InviteAsync(new(new(2022), mode, 24), Cancellation)).Invitation), Cancellation);
        return host;
    }

    /// <summary>The license server's time of day; what waits, waits by the real one.</summary>
    private sealed class FollowingTime(TimeProvider leader) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => leader.GetUtcNow();
    }
}
