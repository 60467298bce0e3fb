using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>What the license server says that it would answer is what it then answers, and saying so changes nothing.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class ExplanationTests : IAsyncLifetime
{
    private readonly TestAuthority _authority = new();
    private FakeClearinghouse _clearinghouse = null!;
    private RunningLicenseServer _server = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

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
    public async Task A_device_is_told_what_it_would_get_at_each_host_and_nothing_is_given()
    {
        await _server.InstallAsync(1, CalType.Device);
        var (host, newer) = (await _server.JoinAsync(), await _server.JoinAsync(2025));
        var (settled, waiting) = (new TestDevice("SETTLED"), new TestDevice("WAITING"));
        await host.SettleAsync(settled);
        await host.ConnectAsync(waiting);
        await host.LogOnAsync(waiting);
        var before = (await _server.Administration.StatusAsync(Cancellation)).LedgerNumber;

        var same = await ExplainAsync(host, "SETTLED");
        var byId = await ExplainAsync(host, Convert.ToHexStringLower(settled.HardwareId));
        var temporary = await ExplainAsync(host, "WAITING");
        var tooOld = await ExplainAsync(newer, "SETTLED");
        await _server.InstallAsync(1, CalType.Device);
        var permanent = await ExplainAsync(host, "WAITING");
        await _server.Administration.ChangeHostAsync(host.Membership.HostId, new(Allowed: false, null, null), Cancellation);
        var barred = await ExplainAsync(host, "SETTLED");

        Assert.Equal(("admit", "4", true), (same.Outcome, same.Rows[^1].Row, same.Rows[^1].Because.StartsWith("the same CAL of version 2022", StringComparison.Ordinal)));
        Assert.Equal(same.Rows[^1], byId.Rows[^1]);
        Assert.StartsWith("the same CAL", temporary.Rows[^1].Because, StringComparison.Ordinal);
        Assert.Contains("0 of 1", temporary.Rows.Single(row => row.Condition.Contains("free", StringComparison.Ordinal)).Because, StringComparison.Ordinal);
        Assert.Equal(("refuse", "7", true), (tooOld.Outcome, tooOld.Rows[^1].Row, tooOld.Rows[^1].Because.StartsWith("version-too-old", StringComparison.Ordinal)));
        Assert.StartsWith("a new permanent CAL", permanent.Rows[^1].Because, StringComparison.Ordinal);
        Assert.Equal(("refuse", true), (barred.Outcome, barred.Rows[^1].Because.StartsWith("host-not-allowed", StringComparison.Ordinal)));
        // A pack and a barred host are two entries; what was explained is none.
        Assert.Equal(before + 2, (await _server.Administration.StatusAsync(Cancellation)).LedgerNumber);
        Assert.Equal(1, Assert.Single((await _server.Administration.StatusAsync(Cancellation)).Counts).Issued);
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task A_host_is_explained_in_the_mode_that_policy_gives_it()
    {
        await _server.InstallAsync(1, CalType.User);
        var host = await _server.JoinAsync();
        await _server.Administration.SetHostGroupAsync("desks", new(new(LicensingMode: LicensingMode.PerUser)), Cancellation);
        await _server.Administration.ChangeHostAsync(host.Membership.HostId, new(null, null, null, "desks"), Cancellation);

        var explained = await ExplainAsync(host, "alice");

        Assert.Equal(("U3", "admit"), (explained.Rows[^1].Row, explained.Outcome));
    }

    [Fact]
    public async Task A_person_is_told_too_and_who_or_what_is_not_known_is_named()
    {
        await _server.InstallAsync(1, CalType.User);
        var host = await _server.JoinAsync(mode: LicensingMode.PerUser);

        var newcomer = await ExplainAsync(host, "alice");
        Assert.NotNull((await host.Client.RequestUserCalAsync(new(Guid.NewGuid(), new("alice", "", null), AskingPass.Any), Cancellation)).Granted);
        var held = await ExplainAsync(host, "alice");
        var refused = await ExplainAsync(host, "bob");
        var noHost = await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.ExplainAsync(new("nowhere", "alice"), Cancellation));
        var perDevice = await _server.JoinAsync();
        var noDevice = await Assert.ThrowsAsync<ProblemException>(() => ExplainAsync(perDevice, "NOBODY"));
        var twoHosts = await Assert.ThrowsAsync<ProblemException>(() => _server.Administration.ExplainAsync(new("host", "alice"), Cancellation));

        Assert.StartsWith("a new CAL", newcomer.Rows[^1].Because, StringComparison.Ordinal);
        Assert.StartsWith("the same CAL", held.Rows[^1].Because, StringComparison.Ordinal);
        Assert.Equal(("refuse", "U6"), (refused.Outcome, refused.Rows[^1].Row));
        Assert.Equal((LicensingProblem.NotFound, "host"), (noHost.Problem, noHost.Field));
        Assert.Equal((LicensingProblem.NotFound, "name"), (noDevice.Problem, noDevice.Field));
        Assert.Equal((LicensingProblem.InvalidField, "host"), (twoHosts.Problem, twoHosts.Field));
    }

    private Task<Explanation> ExplainAsync(TestHost host, string name) => _server.Administration.ExplainAsync(new($"{host.Membership.HostId}", name), Cancellation);
}
