using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Policy;
using Ostiary.Roles.Tests.Policy;
using Ostiary.SessionHost;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>Policy at a running session host: what is in force, why, and that nobody who is on is touched by a change.</summary>
public sealed class PolicyTests : IAsyncLifetime
{
    private readonly string _folder = Gateway.NewState();
    private readonly FakePublisher _publisher = new();
    private FakeLicenseServer _server = null!;
    private FakeXrdp _xrdp = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Pol => Path.Combine(_folder, "Registry.pol");

    private string Local => Path.Combine(_folder, "policy.json");

    private string State => Path.Combine(_folder, "state");

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(State);
        _server = new(_publisher);
        await _server.StartAsync();
        _xrdp = FakeXrdp.InClear(Path.Combine(_folder, "rdp.sock"));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _xrdp.DisposeAsync();
        _publisher.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Task<Gateway> StartAsync(params FakeLicenseServer[] servers)
        => Gateway.JoinedAsync(_xrdp, servers, Options, state: State);

    private SessionHostOptions Options(SessionHostOptions options) => new()
    {
        StateDirectory = options.StateDirectory,
        BackEnd = options.BackEnd,
        Listen = options.Listen,
        Name = options.Name,
        MachineIdFile = options.MachineIdFile,
        DomainPolicy = [Pol],
        LocalPolicyFile = Local,
    };

    [Fact]
    public async Task Without_policy_the_invitation_and_the_defaults_count()
    {
        await using var gateway = await StartAsync(_server);

        var report = await gateway.Administration.PolicyAsync(Cancellation);

        Assert.Equal(
            [("licensingMode", "per-device", PolicySource.Configuration), ("observe", "false", PolicySource.Default), ("notifications", "true", PolicySource.Default), ("graceWarningDays", "30", PolicySource.Default)],
            report.Values.Select(value => (value.Name, value.Value, value.Source)));
        Assert.Equal((0, 0, null), (report.Faults.Count, report.NotJoined.Count, report.Group));
    }

    [Fact]
    public async Task Observe_by_policy_admits_whom_the_rules_refuse_from_the_next_connection_on_and_ends_nobody()
    {
        _server.Refuses = RefusalReason.NoCalAvailable;
        await using var gateway = await StartAsync(_server);
        await using (var refused = await gateway.ConnectAsync())
            Assert.NotEqual(Protocol.Tests.Clients.RdpClientEnd.DemandActive, refused.Script.End);

        await File.WriteAllBytesAsync(Pol, RegistryPolicy.Write([Policies.Number("Observe", 1)]), Cancellation);
        var update = await gateway.Administration.UpdatePolicyAsync(true, Cancellation);
        await using var admitted = await gateway.ConnectAsync();
        await File.WriteAllTextAsync(Local, """{"observe":true}""", Cancellation);
        File.Delete(Pol);
        File.Delete(Local);
        await gateway.Administration.UpdatePolicyAsync(true, Cancellation);

        Assert.Equal(["observe"], update.Changed!);
        Assert.Equal(Protocol.Tests.Clients.RdpClientEnd.DemandActive, admitted.Script.End);
        // It goes on after the policy has turned back: policy is asked at decisions, not in sessions.
        await Gateway.UntilAsync(async () => await gateway.SessionsAsync() is [{ EndedAt: null }]);
        await using var again = await gateway.ConnectAsync();
        Assert.NotEqual(Protocol.Tests.Clients.RdpClientEnd.DemandActive, again.Script.End);
        Assert.Null(Assert.Single(await gateway.SessionsAsync()).EndedAt);
    }

    [Fact]
    public async Task The_mode_of_policy_goes_over_the_invitations()
    {
        await using var gateway = await StartAsync(_server);
        await File.WriteAllTextAsync(Local, """{"licensingMode":"per-user"}""", Cancellation);
        var update = await gateway.Administration.UpdatePolicyAsync(true, Cancellation);

        await using var client = await gateway.ConnectAsync();

        Assert.Equal(Protocol.Tests.Clients.RdpClientEnd.DemandActive, client.Script.End);
        Assert.Empty(_server.Asked);
        var mode = update.Values.Single(value => value.Name == "licensingMode");
        Assert.Equal(("per-user", PolicySource.LocalFile, Local), (mode.Value, mode.Source, mode.Origin));
        Assert.Equal(["per-device", "per-device"], mode.Overrode.Select(other => other.Value));
        Assert.Equal(LicensingMode.PerUser, (await gateway.Administration.StatusAsync(Cancellation)).Mode);
    }

    [Fact]
    public async Task A_file_that_changes_is_in_force_without_being_told_of()
    {
        await using var gateway = await StartAsync(_server);

        await File.WriteAllBytesAsync(Pol, RegistryPolicy.Write([Policies.Number("GraceWarningDays", 7)]), Cancellation);

        await Gateway.UntilAsync(async () => (await gateway.Administration.PolicyAsync(Cancellation)).Values.Any(value => value is { Name: "graceWarningDays", Value: "7", Source: PolicySource.Domain }));
    }

    [Fact]
    public async Task License_servers_are_asked_in_the_order_of_policy_and_one_that_is_not_joined_is_said_so()
    {
        await using var second = new FakeLicenseServer(_publisher);
        await second.StartAsync();
        await using var gateway = await StartAsync(_server, second);
        await File.WriteAllBytesAsync(Pol, RegistryPolicy.Write([Policies.Text("LicenseServers", $"{second.Authority}, ls9.example.org")]), Cancellation);
        var update = await gateway.Administration.UpdatePolicyAsync(true, Cancellation);

        await using var client = await gateway.ConnectAsync();

        Assert.Equal((0, 1), (_server.Asked.Count, second.Asked.Count));
        Assert.Equal(["ls9.example.org"], update.NotJoined);
        Assert.Contains((await gateway.Administration.StatusAsync(Cancellation)).Findings!, finding => finding.Code == "license-server-not-joined" && finding.Evidence.Contains("ls9.example.org", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_license_server_says_to_the_group_counts_beneath_the_domain_and_holds_while_it_is_away()
    {
        _server.Policy = new("kiosks", new(LicensingMode: LicensingMode.PerUser, GraceWarningDays: 14));
        await File.WriteAllBytesAsync(Pol, RegistryPolicy.Write([Policies.Number("GraceWarningDays", 7)]), Cancellation);
        await using (var gateway = await StartAsync(_server))
            Assert.Equal("kiosks", (await gateway.Administration.UpdatePolicyAsync(true, Cancellation)).Group);
        await _server.StopAsync();

        await using var after = await Gateway.StartAsync(_xrdp, Options, state: State);
        var report = await after.Administration.PolicyAsync(Cancellation);

        Assert.Equal("kiosks", report.Group);
        Assert.Equal(("per-user", PolicySource.LicenseServer), report.Values.Where(value => value.Name == "licensingMode").Select(value => (value.Value, value.Source)).Single());
        Assert.Equal(("7", "14"), report.Values.Where(value => value.Name == "graceWarningDays").Select(value => (value.Value, value.Overrode[0].Value)).Single());
        Assert.Equal([_server.Authority], (await after.Administration.UpdatePolicyAsync(true, Cancellation)).Unreached!);
    }

    [Fact]
    public async Task A_damaged_domain_file_leaves_what_it_said_before_in_force_and_names_itself()
    {
        var good = RegistryPolicy.Write([Policies.Number("Observe", 1)]);
        await File.WriteAllBytesAsync(Pol, good, Cancellation);
        await using var gateway = await StartAsync(_server);
        await File.WriteAllBytesAsync(Pol, good[..^3], Cancellation);

        var report = await gateway.Administration.UpdatePolicyAsync(true, Cancellation);

        Assert.Equal(Pol, Assert.Single(report.Faults).Origin);
        Assert.Contains(report.Values, value => value is { Name: "observe", Value: "true" });
        Assert.Empty(report.Changed!);
    }
}
