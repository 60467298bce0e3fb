using Microsoft.Data.Sqlite;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Xunit;

namespace Ostiary.Roles.Tests.Diagnosis;

/// <summary>Faults brought about at a license server that runs, found, and mended as it is printed.</summary>
public sealed class RunningServerTests : IAsyncLifetime
{
    private readonly TestAuthority _authority = new();
    private FakeClearinghouse _clearinghouse = null!;
    private RunningLicenseServer _server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        _server = await RunningLicenseServer.StartAsync(_clearinghouse);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _clearinghouse.DisposeAsync();
        _authority.Dispose();
    }

    [Fact]
    public async Task From_a_new_one_to_one_that_is_well_each_finding_names_the_next_step()
    {
        await FoundAsync("license-server-not-activated", "no-host-joined");
        await _server.ActivateAsync();
        await FoundAsync("no-host-joined", "no-key-packs");
        var host = await _server.JoinAsync();
        await FoundAsync("no-key-packs");
        Assert.Equal(["no-key-packs"], await SaidToAsync(host));
        await _server.Administration.InstallPackAsync(new(FakeClearinghouse.NewProductKey()), Cancellation);
        await FoundAsync();
        Assert.Empty(await SaidToAsync(host));
    }

    [Fact]
    public async Task Without_a_clearinghouse_or_a_root_it_says_so()
    {
        await using var alone = await RunningLicenseServer.StartAsync();

        Assert.Equal(
            ["clearinghouse-not-configured", "license-server-not-activated", "no-host-joined", "root-not-configured"],
            (await alone.Administration.FindingsAsync(Cancellation)).Findings.Select(finding => finding.Code).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_clearinghouse_that_is_away_is_found_with_the_step_that_fails()
    {
        await using var other = await FakeClearinghouse.StartAsync(_authority);
        await using var server = await RunningLicenseServer.StartAsync(other);
        await other.DisposeAsync();

        var report = await server.Administration.FindingsAsync(Cancellation);

        var finding = Assert.Single(report.Findings, finding => finding.Code == "clearinghouse-port-closed");
        Assert.Equal($"nc -vz 127.0.0.1 {other.Address.Port}", finding.FixCommands[0]);
        Assert.Contains("ostiary server activate --method telephone", finding.FixCommands);
        Assert.Equal(("127.0.0.1", other.Address.Port, Ostiary.Contracts.Http.ConnectionFault.Port), Assert.Single(report.Endpoints) is { } endpoint ? (endpoint.Host, endpoint.Port, endpoint.Fault) : default);
    }

    [Fact]
    public async Task A_clearinghouse_of_another_publisher_is_told_from_ours()
    {
        using var stranger = new TestAuthority();
        await using var theirs = await FakeClearinghouse.StartAsync(stranger);
        await using var server = await RunningLicenseServer.StartAsync(theirs, _authority.Root);

        Assert.Contains((await server.Administration.FindingsAsync(Cancellation)).Findings, finding => finding.Code == "clearinghouse-intercepted");
    }

    [Fact]
    public async Task The_pool_that_does_not_serve_a_host_is_found_by_it_and_by_the_license_server_until_it_does()
    {
        await _server.ActivateAsync();
        var pack = await _server.InstallAsync(20, CalType.Device);
        var users = await _server.JoinAsync(mode: LicensingMode.PerUser);
        await FoundAsync("packs-of-other-type");
        var converts = (await users.Client.DiagnoseAsync(new(SoftwareVersion.Own), Cancellation)).Findings.Single().FixCommands[0];
        Assert.Equal($"ostiary packs convert {pack} --count 20", converts);
        await _server.Administration.ConvertPackAsync(pack, new(10), Cancellation);
        await FoundAsync();

        var newer = await _server.JoinAsync(2025);
        await FoundAsync("packs-too-old");
        Assert.Equal(["packs-too-old"], await SaidToAsync(newer));
        await _server.InstallAsync(2, CalType.Device, 2025);
        await FoundAsync();

        var older = await _server.JoinAsync(2019);
        await _server.Administration.SetPolicyAsync(new(null, true), Cancellation);
        Assert.Equal(["license-upgrade-prevented"], await SaidToAsync(older));
        await _server.Administration.SetPolicyAsync(new(null, false), Cancellation);
        Assert.Empty(await SaidToAsync(older));
    }

    [Fact]
    public async Task A_pool_that_is_used_up_is_found_and_more_CALs_mend_it()
    {
        await _server.ActivateAsync();
        await _server.InstallAsync(2, CalType.Device);
        var host = await _server.JoinAsync();
        var settled = new[] { new TestDevice("KIOSK-01"), new TestDevice("KIOSK-02") };
        await host.SettleAsync(settled[0]);
        await FoundAsync();
        await host.SettleAsync(settled[1]);
        await FoundAsync("no-cal-free");
        Assert.Equal((2, 0), (await host.Client.DiagnoseAsync(new(SoftwareVersion.Own), Cancellation)) is var said ? (said.Installed, said.Available) : default);

        var late = new TestDevice("KIOSK-03");
        await host.ConnectAsync(late);
        await host.LogOnAsync(late);
        for (var day = 0; day < 80; day += 5)
        {
            // They come every week and are renewed; the host is, too.
            _server.Time.Advance(TimeSpan.FromDays(5));
            host.Use(await host.Client.RenewAsync(Cancellation));
            foreach (var device in settled)
                await host.ConnectAsync(device);
        }

        Assert.Contains("temporaries-ending", await CodesAsync());

        await _server.InstallAsync(20, CalType.Device);
        Assert.DoesNotContain("temporaries-ending", await CodesAsync());
        Assert.DoesNotContain("no-cal-free", await CodesAsync());
    }

    [Fact]
    public async Task Over_use_of_User_CALs_is_found_where_it_is_allowed()
    {
        await _server.ActivateAsync();
        await _server.InstallAsync(1, CalType.User);
        var host = await _server.JoinAsync(mode: LicensingMode.PerUser);
        await _server.Administration.BreakGlassAsync(new("the pool is empty on a Sunday"), Cancellation);
        await FoundAsync("break-glass-running");
        foreach (var name in new[] { "alice", "bob" })
            await host.Client.RequestUserCalAsync(new(Guid.NewGuid(), new(name, "example.org", name), AskingPass.Any), Cancellation);
        await FoundAsync("break-glass-running", "cals-over-used");

        await _server.InstallAsync(5, CalType.User);
        _server.Time.Advance(TimeSpan.FromHours(25));

        await FoundAsync();
    }

    [Fact]
    public async Task Key_packs_that_end_are_found_before_and_after()
    {
        await _server.ActivateAsync();
        await _server.InstallAsync(20, CalType.Device);
        var ending = await _server.InstallAsync(20, CalType.Device, expiresAt: _server.Time.GetUtcNow().AddDays(20));
        await _server.JoinAsync();
        await FoundAsync("key-pack-expiring");
        _server.Time.Advance(TimeSpan.FromDays(20.5));
        var finding = Assert.Single((await _server.Administration.FindingsAsync(Cancellation)).Findings, finding => finding.Code == "key-pack-expired");
        Assert.Equal($"ostiary packs remove {ending}", finding.FixCommands[^1]);
        await _server.Administration.RemovePackAsync(ending, false, Cancellation);
        Assert.DoesNotContain("key-pack-expired", await CodesAsync());
    }

    [Fact]
    public async Task Hosts_that_are_silent_whose_certificate_ends_or_that_may_not_ask_are_found_by_name()
    {
        await _server.ActivateAsync();
        await _server.InstallAsync(20, CalType.Device);
        var host = await _server.JoinAsync();
        await FoundAsync();
        _server.Time.Advance(TimeSpan.FromDays(4));
        await FoundAsync("host-silent");
        _server.Time.Advance(TimeSpan.FromDays(21));
        await FoundAsync("host-silent", "joined-host-certificate-ending");
        host.Use(await host.Client.RenewAsync(Cancellation));
        await host.ConnectAsync(new("KIOSK-01"));
        await FoundAsync();

        var id = (await _server.Administration.HostsAsync(null, 10, Cancellation)).Items.Single().HostId;
        await _server.Administration.ChangeHostAsync(id, new(null, 1, null), Cancellation);
        await host.SettleAsync(new("KIOSK-02"));
        Assert.Equal($"ostiary hosts set {id} --quota 2", (await _server.Administration.FindingsAsync(Cancellation)).Findings.Single().FixCommands.Single());
        await _server.Administration.ChangeHostAsync(id, new(null, 2, null), Cancellation);
        await FoundAsync();
    }

    [Fact]
    public async Task Devices_that_share_a_hardware_id_are_found()
    {
        await _server.ActivateAsync();
        await _server.InstallAsync(20, CalType.Device);
        var host = await _server.JoinAsync();
        var id = new byte[20];
        id[3] = 7;
        await host.SettleAsync(new("KIOSK-01", id));
        await host.SettleAsync(new("KIOSK-02", id));

        var finding = Assert.Single((await _server.Administration.FindingsAsync(Cancellation)).Findings);
        Assert.Equal("devices-flagged", finding.Code);
        Assert.Contains("shared-hardware-id", finding.Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clock_that_leapt_is_confirmed_by_the_printed_command()
    {
        await using var alone = await RunningLicenseServer.StartAsync();
        var before = await CodesAsync(alone);
        alone.Time.LeapTo(alone.Time.GetUtcNow().AddDays(3));
        Assert.Equal([.. before, "license-server-clock-unconfirmed"], (await CodesAsync(alone)).OrderBy(code => code == "license-server-clock-unconfirmed"));

        await alone.Administration.ConfirmClockAsync(Cancellation);

        Assert.Equal(before, await CodesAsync(alone));
    }

    [Fact]
    public async Task A_row_that_something_else_wrote_breaks_the_audit_chain_until_it_is_put_back()
    {
        Assert.SkipUnless(_server.Database is null, "it writes into the file");
        await _server.ActivateAsync();
        await _server.InstallAsync(20, CalType.Device);
        await _server.JoinAsync();
        await FoundAsync();
        await _server.RestartAsync(state => Execute(state, "UPDATE hosts SET name = 'other'"));
        Assert.Contains("hosts", (await FoundAsync("audit-chain-broken")).Evidence, StringComparison.Ordinal);

        await _server.RestartAsync(state => Execute(state, "UPDATE hosts SET name = 'host'"));

        await FoundAsync();

        static void Execute(string state, string sql)
        {
            using var connection = new SqliteConnection($"Data Source={Path.Combine(state, "ledger.db")};Pooling=False");
            connection.Open();
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Ours.
            command.CommandText = sql;
#pragma warning restore CA2100
            Assert.Equal(1, command.ExecuteNonQuery());
        }
    }

    [Fact]
    public async Task A_state_directory_that_is_open_is_closed_by_the_printed_command()
    {
        await _server.ActivateAsync();
        await _server.InstallAsync(20, CalType.Device);
        await _server.JoinAsync();
        await DiagnosedHost.ShellAsync($"chmod 750 {_server.Directory}/state");

        await DiagnosedHost.ShellAsync((await FoundAsync("state-directory-open")).FixCommands.Single());

        await FoundAsync();
    }

    [Fact]
    public async Task A_deactivated_license_server_says_that_it_issues_nothing()
    {
        await _server.ActivateAsync();
        await _server.InstallAsync(20, CalType.Device);
        var host = await _server.JoinAsync();
        await _server.Administration.DeactivateAsync(new(TestPublisher.Contact), Cancellation);

        Assert.Contains("license-server-issues-nothing", await CodesAsync());
        Assert.Equal(["license-server-issues-nothing"], await SaidToAsync(host));
    }

    [Fact]
    public async Task A_diagnosis_is_for_the_host_that_asks_and_writes_nothing()
    {
        await _server.ActivateAsync();
        await _server.InstallAsync(20, CalType.Device);
        var asking = await _server.JoinAsync();
        await _server.JoinAsync(mode: LicensingMode.PerUser);
        var number = (await _server.Administration.StatusAsync(Cancellation)).LedgerNumber;

        var said = await asking.Client.DiagnoseAsync(new("99.1.0"), Cancellation);

        Assert.Equal((true, CalType.Device, new CalVersion(2022), 20, 20), (said.Activated, said.Type, said.Version, said.Installed, said.Available));
        Assert.Empty(said.Findings);
        Assert.Equal(number, (await _server.Administration.StatusAsync(Cancellation)).LedgerNumber);
        var problem = await Assert.ThrowsAsync<ProblemException>(() => asking.Client.DiagnoseAsync(new(new string('1', 65)), Cancellation));
        Assert.Equal(("softwareVersion", LicensingProblem.InvalidField), (problem.Field, problem.Problem));
    }

    private async Task<Finding> FoundAsync(params string[] codes)
    {
        var found = (await _server.Administration.FindingsAsync(Cancellation)).Findings;
        Assert.Equal(codes.Order(StringComparer.Ordinal), found.Select(finding => finding.Code).Order(StringComparer.Ordinal));
        return found.Count == 0 ? null! : found[0];
    }

    private Task<IReadOnlyList<string>> CodesAsync() => CodesAsync(_server);

    private static async Task<IReadOnlyList<string>> CodesAsync(RunningLicenseServer server)
        => [.. (await server.Administration.FindingsAsync(Cancellation)).Findings.Select(finding => finding.Code).Order(StringComparer.Ordinal)];

    private static async Task<IReadOnlyList<string>> SaidToAsync(TestHost host)
        => [.. (await host.Client.DiagnoseAsync(new(SoftwareVersion.Own), Cancellation)).Findings.Select(finding => finding.Code)];
}
