using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Policy;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Policy;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>What a license server says to groups of its session hosts, and what policy says to the license server.</summary>
[Trait(TestDatabases.Storage, TestDatabases.Core)]
public sealed class HostGroupTests : IAsyncLifetime
{
    private readonly TestAuthority _authority = new();
    private FakeClearinghouse _clearinghouse = null!;
    private RunningLicenseServer _server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Pol => Path.Combine(_server.Directory, "Registry.pol");

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
    public async Task A_host_hears_what_is_said_to_its_group_and_nothing_where_it_is_in_none()
    {
        var (inGroup, outside) = (await _server.JoinAsync(), await _server.JoinAsync());
        await _server.Administration.SetHostGroupAsync("kiosks", new(new(["ls1"], LicensingMode.PerUser)), Cancellation);
        var changed = await _server.Administration.ChangeHostAsync(inGroup.Membership.HostId, new(null, null, null, "kiosks"), Cancellation);

        var heard = await inGroup.Client.PolicyAsync(Cancellation);

        Assert.Equal(("kiosks", LicensingMode.PerUser, "ls1"), (heard.Group, heard.Values!.LicensingMode, Assert.Single(heard.Values.LicenseServers!)));
        Assert.Equal("kiosks", changed.Group);
        Assert.Null((await outside.Client.PolicyAsync(Cancellation)).Group);
        Assert.Equal(1, Assert.Single((await _server.Administration.HostGroupsAsync(null, 10, Cancellation)).Items).Hosts);
    }

    [Fact]
    public async Task A_group_that_is_removed_says_nothing_any_more_and_the_audit_tells_of_all_of_it()
    {
        var host = await _server.JoinAsync();
        await _server.Administration.SetHostGroupAsync("kiosks", new(new(Observe: true)), Cancellation);
        await _server.Administration.ChangeHostAsync(host.Membership.HostId, new(null, null, null, "kiosks"), Cancellation);
        await _server.Administration.SetHostGroupAsync("kiosks", new(new(Observe: false)), Cancellation);
        await _server.Administration.RemoveHostGroupAsync("kiosks", Cancellation);

        Assert.Null((await host.Client.PolicyAsync(Cancellation)).Group);
        Assert.Empty((await _server.Administration.HostGroupsAsync(null, 10, Cancellation)).Items);
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
        var again = await _server.Administration.SetHostGroupAsync("kiosks", new(PolicyValues.None), Cancellation);
        Assert.Equal(0, again.Hosts);
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task What_a_group_cannot_be_told_is_named()
    {
        var host = await _server.JoinAsync();

        var wrong = await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.SetHostGroupAsync("g", new(new(GraceWarningDays: 121)), Cancellation));
        var foreign = await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.SetHostGroupAsync("g", new(new(SecurityGroup: true)), Cancellation));
        var name = await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.SetHostGroupAsync("a b", new(PolicyValues.None), Cancellation));
        var missing = await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.ChangeHostAsync(host.Membership.HostId, new(null, null, null, "g"), Cancellation));

        Assert.Equal(("values.graceWarningDays", "values.securityGroup", "name", "group"), (wrong.Field, foreign.Field, name.Field, missing.Field));
    }

    [Fact]
    public async Task A_list_of_groups_comes_in_pages()
    {
        foreach (var name in new[] { "c", "a", "b" })
            await _server.Administration.SetHostGroupAsync(name, new(PolicyValues.None), Cancellation);

        var first = await _server.Administration.HostGroupsAsync(null, 2, Cancellation);
        var second = await _server.Administration.HostGroupsAsync(first.Next, 2, Cancellation);

        Assert.Equal(["a", "b", "c"], first.Items.Concat(second.Items).Select(group => group.Name));
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task A_policy_of_the_domain_goes_over_what_is_set_at_the_license_server()
    {
        await _server.Administration.SetPolicyAsync(new(null, true), Cancellation);
        await File.WriteAllBytesAsync(Pol, RegistryPolicy.Write([Policies.Number("OverUse", 1), Policies.Number("LicensingMode", 9)]), Cancellation);

        var policy = await _server.Administration.UpdatePolicyAsync(Cancellation);
        var host = await _server.JoinAsync(mode: LicensingMode.PerUser);
        var answer = await host.Client.RequestUserCalAsync(new(Guid.NewGuid(), new("alice", "", null), AskingPass.Any), Cancellation);

        var overUse = policy.Values!.Single(value => value.Name == "overUse");
        Assert.Equal(("track", PolicySource.Domain), (overUse.Value, overUse.Source));
        Assert.Equal(["enforce", "enforce"], overUse.Overrode.Select(other => other.Value));
        Assert.Equal(UserOverUse.Enforce, policy.UserOverUse);
        Assert.Equal(("LicensingMode", Pol), (Assert.Single(policy.Faults!).Field, policy.Faults![0].Origin));
        Assert.NotNull(answer.Granted);
    }

    [Fact]
    public async Task With_the_security_group_a_host_that_joins_is_answered_when_it_is_allowed_and_those_of_before_go_on()
    {
        var before = await _server.JoinAsync();
        await _server.Administration.SetPolicyAsync(new(null, null, SecurityGroup: true), Cancellation);
        var after = await _server.JoinAsync();

        var refused = await after.ConnectAsync(new TestDevice("NEW"));
        var asBefore = await before.ConnectAsync(new TestDevice("OLD"));
        await _server.Administration.ChangeHostAsync(after.Membership.HostId, new(true, null, null), Cancellation);
        var granted = await after.ConnectAsync(new TestDevice("NEW"));

        Assert.Equal(RefusalReason.HostNotAllowed, refused.Refused);
        Assert.NotNull(asBefore.Granted);
        Assert.NotNull(granted.Granted);
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    // Which mode counts, the host's policy says; the license server counts seats.
    [Fact]
    public async Task A_host_that_was_invited_per_device_gets_User_CALs_when_it_asks_for_them()
    {
        await _server.Administration.SetPolicyAsync(new(UserOverUse.Track, null), Cancellation);
        var host = await _server.JoinAsync();

        Assert.NotNull((await host.Client.RequestUserCalAsync(new(Guid.NewGuid(), new("alice", "", null), AskingPass.Any), Cancellation)).Granted);
    }
}
