using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>User CALs through both doors of a license server.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class UserCalTests : IAsyncLifetime
{
    private readonly TestAuthority _authority = new();
    private FakeClearinghouse _clearinghouse = null!;
    private RunningLicenseServer _server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        _server = await RunningLicenseServer.StartAsync(_clearinghouse);
        await _server.ActivateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _clearinghouse.DisposeAsync();
        _authority.Dispose();
    }

    [Fact]
    public async Task A_person_has_one_CAL_on_all_hosts_and_its_end_moves_with_the_logons()
    {
        await InstallAsync(1);
        var first = await JoinAsync();
        var second = await JoinAsync();
        var begin = _server.Time.GetUtcNow();

        var granted = await GrantedAsync(first, Local("alice"));
        _server.Time.Advance(TimeSpan.FromDays(20));
        var later = await GrantedAsync(second, Local("alice"));

        Assert.Equal(granted.Serial, later.Serial);
        Assert.Equal((begin, begin.AddDays(80), false), (later.AssignedAt, later.ExpiresAt, later.OverUsed));
        Assert.Equal((1, 1, 0, 0), await CountsAsync());
        await SoundAsync();
    }

    [Fact]
    public async Task The_lease_names_the_person_by_a_digest_and_ends_with_the_CAL()
    {
        await InstallAsync(1);
        var host = await JoinAsync();

        var granted = await GrantedAsync(host, Local("alice"));

        using var key = System.Security.Cryptography.ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(_server.Ledger.Identity.Key.PublicKey, out _);
        Assert.True(Statement.TryVerify(granted.Lease, key, out var payload));
        var lease = UserLeaseStatement.Decode(payload);
        Assert.Equal((host.Membership.HostId, granted.Serial, granted.ExpiresAt), (lease.HostId, lease.Serial, lease.ExpiresAt));
        Assert.Equal(UserLeaseStatement.DigestUser(host.Membership.HostId, Local("alice")), lease.UserDigest);
    }

    [Fact]
    public async Task Within_a_day_a_logon_writes_no_audit_entry()
    {
        await InstallAsync(1);
        var host = await JoinAsync();
        var first = await GrantedAsync(host, Local("alice"));
        var number = (await _server.Administration.StatusAsync(Cancellation)).LedgerNumber;

        _server.Time.Advance(TimeSpan.FromHours(23));
        var sameDay = await GrantedAsync(host, Local("alice"));
        Assert.Equal((first.ExpiresAt, number), (sameDay.ExpiresAt, (await _server.Administration.StatusAsync(Cancellation)).LedgerNumber));

        _server.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(first.ExpiresAt.AddDays(1), (await GrantedAsync(host, Local("alice"))).ExpiresAt);
        await SoundAsync();
    }

    [Fact]
    public async Task A_directory_account_keeps_its_CAL_under_a_new_name()
    {
        await InstallAsync(2);
        var host = await JoinAsync();
        var before = await GrantedAsync(host, new("bob", "example.org", "1007"));

        var after = await GrantedAsync(host, new("robert", "EXAMPLE.org", "1007"));
        var other = await GrantedAsync(host, new("bob", "example.org", "1008"));

        Assert.Equal(before.Serial, after.Serial);
        Assert.NotEqual(before.Serial, other.Serial);
        Assert.Equal("robert", (await _server.Administration.UserCalAsync(before.Serial, Cancellation)).Account);
        await SoundAsync();
    }

    [Fact]
    public async Task Local_accounts_of_a_host_that_keeps_them_apart_are_persons_of_that_host()
    {
        await InstallAsync(2);
        var common = await JoinAsync();
        var apart = await JoinAsync();
        await _server.Ledger.WorkAsync(
            batch =>
            {
                var host = batch.Db.Hosts.Find(apart.Membership.HostId)!;
                host.SeparateAccounts = true;
                return batch.Audit("host-changed", "hosts", host.HostId.ToString(), number =>
                {
                    host.LedgerNumber = number;
                    return Ostiary.LicenseServer.Audit.CanonicalContent.Of(host);
                });
            },
            Cancellation);

        var one = await GrantedAsync(common, Local("alice"));
        var two = await GrantedAsync(apart, Local("alice"));
        var directory = await RefusedAsync(apart, new("carol", "example.org", "1"));

        Assert.NotEqual(one.Serial, two.Serial);
        Assert.Equal(RefusalReason.NoCalAvailable, directory.Refused);
        await SoundAsync();
    }

    [Fact]
    public async Task Whoever_finds_no_seat_is_refused_until_one_is_released()
    {
        await InstallAsync(1);
        var host = await JoinAsync();
        var held = await GrantedAsync(host, Local("alice"));

        var refused = await RefusedAsync(host, Local("bob"));
        Assert.Equal((RefusalReason.NoCalAvailable, "1 User CALs of version 2022 or newer are installed and 0 of them are free."), (refused.Refused, refused.Detail));

        var problem = await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.ReleaseUserCalAsync(held.Serial, new(null), Cancellation));
        Assert.Equal((LicensingProblem.RuleForbids, "reason"), (problem.Problem, problem.Field));
        var released = await _server.Administration.ReleaseUserCalAsync(held.Serial, new("left the company"), Cancellation);

        Assert.Equal((UserCalStatus.Released, "left the company"), (released.Status, released.ReleaseReason));
        await GrantedAsync(host, Local("bob"));
        await SoundAsync();
    }

    [Fact]
    public async Task After_90_days_a_release_needs_no_reason()
    {
        await InstallAsync(1);
        var host = await JoinAsync();
        var held = await GrantedAsync(host, Local("alice"));
        for (var month = 0; month < 3; month++)
        {
            _server.Time.Advance(TimeSpan.FromDays(31));
            host = await ReconnectAsync(host);
            await GrantedAsync(host, Local("alice"));
        }

        Assert.Equal(UserCalStatus.Released, (await _server.Administration.ReleaseUserCalAsync(held.Serial, new(null), Cancellation)).Status);
    }

    [Fact]
    public async Task After_60_days_without_a_logon_the_seat_is_anothers()
    {
        await InstallAsync(1);
        var host = await JoinAsync();
        var held = await GrantedAsync(host, Local("alice"));
        _server.Time.Advance(TimeSpan.FromDays(60));
        Assert.Equal((1, 1, 0, 0), await CountsAsync());
        _server.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal((1, 0, 1, 0), await CountsAsync());
        await GrantedAsync(await ReconnectAsync(host), Local("bob"));

        Assert.Equal(UserCalStatus.Expired, (await _server.Administration.UserCalAsync(held.Serial, Cancellation)).Status);
        await SoundAsync();
    }

    [Fact]
    public async Task Track_grants_beyond_the_packs_and_a_seat_that_is_free_later_is_taken()
    {
        await InstallAsync(1);
        var host = await JoinAsync();
        var policy = await _server.Administration.SetPolicyAsync(new(UserOverUse.Track, null), Cancellation);
        var alice = await GrantedAsync(host, Local("alice"));

        var bob = await GrantedAsync(host, Local("bob"));
        Assert.Equal((UserOverUse.Track, true), (policy.UserOverUse, bob.OverUsed));
        Assert.Equal((1, 2, -1, 1), await CountsAsync());
        Assert.Equal(RefusalReason.NoCalAvailable, (await AskAsync(host, Local("carol"), AskingPass.Permanent)).Refused);

        await _server.Administration.ReleaseUserCalAsync(alice.Serial, new("test"), Cancellation);
        var seated = await GrantedAsync(host, Local("bob"));

        Assert.Equal((bob.Serial, false), (seated.Serial, seated.OverUsed));
        Assert.Equal((1, 1, 0, 0), await CountsAsync());
        await SoundAsync();
    }

    [Fact]
    public async Task Break_glass_grants_for_24_hours_once_in_30_days()
    {
        await InstallAsync(1);
        var host = await JoinAsync();
        await GrantedAsync(host, Local("alice"));
        var begin = _server.Time.GetUtcNow();

        var policy = await _server.Administration.BreakGlassAsync(new("auditors are here"), Cancellation);
        var bob = await GrantedAsync(host, Local("bob"));

        Assert.Equal((begin.AddHours(24), begin.AddDays(30)), (policy.BreakGlassUntil, policy.BreakGlassNext));
        Assert.Equal((true, begin.AddHours(24)), (bob.OverUsed, bob.ExpiresAt));
        _server.Time.Advance(TimeSpan.FromHours(25));
        Assert.Equal(RefusalReason.NoCalAvailable, (await RefusedAsync(host, Local("bob"))).Refused);
        Assert.Equal(LicensingProblem.RuleForbids, (await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.BreakGlassAsync(new("again"), Cancellation))).Problem);
        _server.Time.Advance(TimeSpan.FromDays(29));
        await _server.Administration.BreakGlassAsync(new("again"), Cancellation);
        await SoundAsync();
    }

    [Fact]
    public async Task A_lease_beyond_the_packs_does_not_outlive_what_allows_it()
    {
        await InstallAsync(1);
        var host = await JoinAsync();
        await _server.Administration.SetPolicyAsync(new(UserOverUse.Track, null), Cancellation);
        await GrantedAsync(host, Local("alice"));
        await GrantedAsync(host, Local("bob"));
        await _server.Administration.SetPolicyAsync(new(UserOverUse.Enforce, null), Cancellation);
        Assert.Equal(RefusalReason.NoCalAvailable, (await RefusedAsync(host, Local("bob"))).Refused);

        var until = (await _server.Administration.BreakGlassAsync(new("test"), Cancellation)).BreakGlassUntil;
        var bob = await GrantedAsync(host, Local("bob"));

        using var key = System.Security.Cryptography.ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(_server.Ledger.Identity.Key.PublicKey, out _);
        Assert.True(Statement.TryVerify(bob.Lease, key, out var payload));
        Assert.Equal(until, UserLeaseStatement.Decode(payload).ExpiresAt);
    }

    [Fact]
    public async Task A_host_in_one_mode_with_CALs_only_of_the_other_type_is_refused_by_that_name()
    {
        await InstallAsync(1, type: CalType.Device);
        var perUser = await JoinAsync();
        var person = await RefusedAsync(perUser, Local("alice"));
        Assert.Equal(RefusalReason.OtherTypeOnly, person.Refused);
        Assert.Contains("only Device CALs", person.Detail, StringComparison.Ordinal);

        var pack = Assert.Single((await _server.Administration.PacksAsync(null, 10, Cancellation)).Items);
        await _server.Administration.ConvertPackAsync(pack.PackId, new(1), Cancellation);
        var perDevice = await _server.JoinAsync();
        var device = await perDevice.ConnectAsync(new TestDevice("client"));
        Assert.Equal(RefusalReason.OtherTypeOnly, device.Refused);
        await GrantedAsync(perUser, Local("alice"));
        await SoundAsync();
    }

    [Fact]
    public async Task A_repeated_request_gets_the_same_answer_and_takes_no_second_seat()
    {
        await InstallAsync(2);
        var host = await JoinAsync();
        var request = new UserCalRequest(Guid.NewGuid(), Local("alice"), AskingPass.Any);

        var first = await host.Client.RequestUserCalAsync(request, Cancellation);
        var second = await host.Client.RequestUserCalAsync(request, Cancellation);

        Assert.Equal((first.Granted!.Serial, first.Granted.ExpiresAt), (second.Granted!.Serial, second.Granted.ExpiresAt));
        Assert.Equal((2, 1, 1, 0), await CountsAsync());
        var problem = await Assert.ThrowsAsync<ProblemException>(() => host.Client.RequestUserCalAsync(request with { User = Local("bob") }, Cancellation));
        Assert.Equal(LicensingProblem.RequestIdReused, problem.Problem);
    }

    [Fact]
    public async Task A_person_who_comes_to_a_newer_host_moves_to_a_seat_of_its_version()
    {
        await InstallAsync(1, 2019);
        await InstallAsync(1, 2025);
        var old = await GrantedAsync(await JoinAsync(2019), Local("alice"));

        var moved = await GrantedAsync(await JoinAsync(2025), Local("alice"));

        Assert.Equal((new CalVersion(2019), new CalVersion(2025)), (old.Version, moved.Version));
        Assert.Equal(old.Serial, moved.Serial);
        await GrantedAsync(await JoinAsync(2019), Local("bob"));
        await SoundAsync();
    }

    [Fact]
    public async Task With_PreventLicenseUpgrade_only_the_hosts_own_version_is_given()
    {
        await InstallAsync(1, 2025);
        var host = await JoinAsync(2022);
        await _server.Administration.SetPolicyAsync(new(null, true), Cancellation);
        Assert.Equal("0 User CALs of version 2022 are installed and 0 of them are free.", (await RefusedAsync(host, Local("alice"))).Detail);

        await _server.Administration.SetPolicyAsync(new(null, false), Cancellation);
        Assert.Equal(new(2025), (await GrantedAsync(host, Local("alice"))).Version);
    }

    [Fact]
    public async Task A_renamed_local_account_keeps_its_CAL()
    {
        await InstallAsync(2);
        var host = await JoinAsync();
        var alice = await GrantedAsync(host, Local("alice"));
        await GrantedAsync(host, Local("bob"));

        Assert.Equal("name", (await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.RenameUserCalAsync(alice.Serial, new("bob"), Cancellation))).Field);
        await _server.Administration.RenameUserCalAsync(alice.Serial, new("alicia"), Cancellation);

        Assert.Equal(alice.Serial, (await GrantedAsync(host, Local("alicia"))).Serial);
        Assert.Equal(RefusalReason.NoCalAvailable, (await RefusedAsync(host, Local("alice"))).Refused);
        var found = Assert.Single((await _server.Administration.UserCalsAsync("ALIC", null, 10, Cancellation)).Items);
        Assert.Equal("alicia", found.Account);
        await SoundAsync();
    }

    [Theory]
    [InlineData("", "", null, "user.name")]
    [InlineData("alice", "example.org", null, "user.stableId")]
    [InlineData("alice", "", "7", "user.stableId")]
    public async Task A_claim_that_makes_no_person_is_named_by_its_field(string name, string realm, string? stableId, string field)
    {
        var host = await JoinAsync();

        var problem = await Assert.ThrowsAsync<ProblemException>(() => AskAsync(host, new(name, realm, stableId)));

        Assert.Equal((LicensingProblem.InvalidField, field), (problem.Problem, problem.Field));
    }

    [Fact]
    public async Task A_license_server_that_is_not_activated_issues_no_User_CALs_even_where_over_use_is_allowed()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        await server.Administration.SetPolicyAsync(new(UserOverUse.Track, null), Cancellation);
        var host = await server.JoinAsync(mode: Contracts.Certificates.LicensingMode.PerUser);

        var answer = await AskAsync(host, Local("alice"));

        Assert.Equal(RefusalReason.NoCalAvailable, answer.Refused);
        Assert.Contains("not activated", answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_free_seats_are_converted_and_the_rest_stays()
    {
        await InstallAsync(5, type: CalType.User);
        var host = await JoinAsync();
        await GrantedAsync(host, Local("alice"));
        var pack = Assert.Single((await _server.Administration.PacksAsync(null, 10, Cancellation)).Items);

        var problem = await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.ConvertPackAsync(pack.PackId, new(5), Cancellation));
        var converted = await _server.Administration.ConvertPackAsync(pack.PackId, new(3), Cancellation);

        Assert.Equal((LicensingProblem.RuleForbids, "4 of the pack's 5 seats are free; 5 cannot be converted"), (problem.Problem, problem.Message));
        Assert.Equal((CalType.Device, 3, pack.PackId), (converted.Type, converted.Quantity, converted.SplitFrom));
        Assert.Equal((2, 1, 1, 0), await CountsAsync());
        Assert.Equal((3, 0, 3, 0), await CountsAsync(CalType.Device));
        await SoundAsync();
    }

    [Fact]
    public async Task A_pack_with_issued_seats_is_removed_by_force_only_and_they_run_to_their_end()
    {
        await InstallAsync(5);
        var host = await JoinAsync();
        var alice = await GrantedAsync(host, Local("alice"));
        var pack = Assert.Single((await _server.Administration.PacksAsync(null, 10, Cancellation)).Items);

        Assert.Equal(LicensingProblem.RuleForbids, (await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.RemovePackAsync(pack.PackId, false, Cancellation))).Problem);
        var removal = await _server.Administration.RemovePackAsync(pack.PackId, true, Cancellation);

        Assert.Equal(1, removal.StillIssued);
        Assert.Equal((0, 1, -1, 1), await CountsAsync());
        _server.Time.Advance(TimeSpan.FromDays(10));
        Assert.Equal(alice.ExpiresAt, (await GrantedAsync(host, Local("alice"))).ExpiresAt);
        Assert.Equal(RefusalReason.NoCalAvailable, (await RefusedAsync(host, Local("bob"))).Refused);
        await InstallAsync(1);
        Assert.Equal(_server.Time.GetUtcNow().AddDays(60), (await GrantedAsync(host, Local("alice"))).ExpiresAt);
        Assert.Equal((1, 1, 0, 0), await CountsAsync());
        await SoundAsync();
    }

    [Fact]
    public async Task A_CAL_does_not_outlive_its_pack()
    {
        var end = _server.Time.GetUtcNow().AddDays(30);
        await InstallAsync(2, expiresAt: end);
        var host = await JoinAsync();

        Assert.Equal(end, (await GrantedAsync(host, Local("alice"))).ExpiresAt);
        _server.Time.Advance(TimeSpan.FromDays(30) + TimeSpan.FromSeconds(1));
        host = await ReconnectAsync(host);

        Assert.Equal(RefusalReason.NoCalAvailable, (await RefusedAsync(host, Local("alice"))).Refused);
        Assert.Equal((0, 0, 0, 0), await CountsAsync());
    }

    private static UserClaim Local(string name) => new(name, "", null);

    private static Task<UserCalAnswer> AskAsync(TestHost host, UserClaim user, AskingPass pass = AskingPass.Any)
        => host.Client.RequestUserCalAsync(new(Guid.NewGuid(), user, pass), Cancellation);

    private static async Task<GrantedUserCal> GrantedAsync(TestHost host, UserClaim user)
    {
        var answer = await AskAsync(host, user);
        Assert.True(answer.Granted is not null, $"{answer.Refused}: {answer.Detail}");
        return answer.Granted;
    }

    private static async Task<UserCalAnswer> RefusedAsync(TestHost host, UserClaim user)
    {
        var answer = await AskAsync(host, user);
        Assert.Null(answer.Granted);
        return answer;
    }

    private Task<TestHost> JoinAsync(int version = 2022) => _server.JoinAsync(version, Contracts.Certificates.LicensingMode.PerUser);

    // A host certificate lasts 30 days.
    private static async Task<TestHost> ReconnectAsync(TestHost host)
    {
        host.Use(await host.Client.RenewAsync(Cancellation));
        return host;
    }

    private Task InstallAsync(int quantity, int version = 2022, CalType type = CalType.User, DateTimeOffset? expiresAt = null)
        => _server.InstallAsync(quantity, type, version, expiresAt);

    private async Task<(int Installed, int Issued, int Available, int OverUsed)> CountsAsync(CalType type = CalType.User)
    {
        var counts = Assert.Single((await _server.Administration.StatusAsync(Cancellation)).Counts, counts => counts.Type == type);
        return (counts.Installed, counts.Issued, counts.Available, counts.OverUsed);
    }

    private async Task SoundAsync()
    {
        var verification = await _server.Administration.VerifyAuditAsync(Cancellation);
        Assert.True(verification.Sound, string.Join("; ", verification.Faults.Select(fault => $"{fault.Table} {fault.Row}: {fault.Fault}")));
    }
}
