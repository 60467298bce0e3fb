using System.Text.Json;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Diagnosis;

/// <summary>
/// The three cases that bring administrators to troubleshooting, brought about with real roles, a real xrdp and a real xfreerdp: diagnosed by
/// <c>ostiary diagnose</c>, mended by the commands that it prints, a client admitted at the end.
/// </summary>
[Collection(RealPeers.First)]
[Trait("Kind", "long")]
public sealed class TroubleshootingTests
{
    private const int Clean = 0, Errors = 2;

    /// <summary>Debian's xrdp.ini offers a section that goes around sesman: a finding of its own, and not of these cases.</summary>
    private const string WithoutOtherSections = "sed -i '/^\\[neutrinordp-any\\]/,$d' /etc/xrdp/xrdp.ini";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_license_server_that_cannot_be_activated()
    {
        await using var deployment = await Deployment.StartAsync(new() { WithoutActivation = true, XrdpExtra = WithoutOtherSections }, Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await deployment.Clearinghouse.StopAsync();
        var failed = await deployment.CommandAsync(Cancellation, "server", "activate", "--first-name", "Ada", "--last-name", "Lovelace", "--company", "Example", "--country", "CA");
        Assert.True(failed.ExitCode != 0, failed.Output);

        var (exit, report) = await DiagnoseAsync(deployment);
        Assert.Equal(Errors, exit);
        AssertFound(report, "role-not-running", "license-server-not-activated", "clearinghouse-port-closed");
        // The way that needs no network is printed, and works without one.
        Assert.Equal(0, (await RunAsync(deployment, Finding(report, "clearinghouse-port-closed"), "ostiary server activate --method telephone")).ExitCode);
        var (_, tried) = await DiagnoseAsync(deployment, "--clearinghouse");
        Assert.Equal((deployment.ClearinghouseAddress.Host, deployment.ClearinghouseAddress.Port, ConnectionFault.Port), Assert.Single(tried.Endpoints) is { } endpoint ? (endpoint.Host, endpoint.Port, endpoint.Fault) : default);

        Assert.Equal($"ostiary run clearinghouse --state {deployment.State}", Assert.Single(Finding(report, "role-not-running").FixCommands));
        await deployment.Clearinghouse.StartAsync(Cancellation);
        await MendedAsync(deployment, Finding(report, "license-server-not-activated"), "ostiary server activate --first-name");
        (_, report) = await DiagnoseAsync(deployment);
        AssertFound(report, "no-key-packs");
        await MendedAsync(deployment, Finding(report, "no-key-packs"), "ostiary packs install");

        await AdmittedAsync(deployment, display, "desk-1");
        await CleanAsync(deployment);
    }

    [Fact]
    public async Task A_grace_period_that_has_expired()
    {
        await using var deployment = await Deployment.StartAsync(new() { DeviceCals = 0, MovableClock = true, XrdpExtra = WithoutOtherSections }, Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await deployment.LicenseServer.StopAsync();
        await AdmittedAsync(deployment, display, "desk-1");
        deployment.MoveClock($"+{121 * 86400}s");
        await deployment.ConfirmHostClockAsync(Cancellation);
        await RefusedAsync(deployment, display, "desk-1");

        var (exit, report) = await DiagnoseAsync(deployment);
        Assert.Equal(Errors, exit);
        Assert.Null(report.CalsAvailable);
        AssertFound(report, "grace-expired", "no-license-server-answers", "people-refused", "role-not-running");
        Assert.Contains(report.Refusals, refusal => refusal.Device == "desk-1" && refusal.Fix.Contains("ostiary run license-server", StringComparison.Ordinal));

        Assert.Contains("ostiary run license-server", Finding(report, "no-license-server-answers").FixCommands);
        await deployment.LicenseServer.StartAsync(Cancellation);
        await Eventually.TrueAsync(
            async () => (await deployment.CommandAsync<ClockStatus>(Cancellation, "server", "clock", "show")).Confirmed, Patience, () => deployment.LicenseServer.Output, Cancellation);
        await MendedAsync(deployment, Finding(report, "grace-expired"), "ostiary packs install");
        // The host was off for longer than its certificate lasts, and joins again as it is printed.
        await JoinAsPrintedAsync(deployment, Finding(report, "grace-expired"));

        await AdmittedAsync(deployment, display, "desk-1");
        await CleanAsync(deployment);
    }

    [Fact]
    public async Task No_license_server_that_is_available()
    {
        await using var deployment = await Deployment.StartAsync(new() { XrdpExtra = WithoutOtherSections }, Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await deployment.EndGraceAsync(display, Cancellation);
        await CleanAsync(deployment);
        await deployment.LicenseServer.StopAsync();
        await RefusedAsync(deployment, display, "desk-9");

        var (exit, report) = await DiagnoseAsync(deployment);
        Assert.Equal(Errors, exit);
        AssertFound(report, "no-license-server-answers", "license-server-port-closed", "people-refused", "role-not-running");
        Assert.Contains("desk-9", Finding(report, "people-refused").Evidence, StringComparison.Ordinal);
        var text = (await deployment.CommandAsync(Cancellation, "diagnose")).Output;
        Assert.Contains($"         $ ostiary run license-server --state {deployment.State}\n", text, StringComparison.Ordinal);
        Assert.Contains("No CALs are available for this host", text, StringComparison.Ordinal);

        await deployment.LicenseServer.StartAsync(Cancellation);

        await AdmittedAsync(deployment, display, "desk-9");
        (_, report) = await CleanAsync(deployment);
        Assert.Equal(4, report.CalsAvailable);
    }

    [Fact]
    public async Task Without_a_role_or_with_a_wrong_address_it_could_not_look()
    {
        using var folder = new ScratchFolder();
        foreach (var arguments in new[] { ["diagnose"], new[] { "diagnose", "--host", "not an address" }, ["diagnose", "--host", "192.0.2.1:70000"] })
            Assert.Equal(3, (await PeerProcess.RunAsync(Built.Ostiary, [.. arguments, "--state", folder["nothing"]], Patience, Cancellation)).ExitCode);
    }

    private static async Task<(int Exit, DiagnosisReport Report)> DiagnoseAsync(Deployment deployment, params string[] more)
    {
        var result = await deployment.CommandAsync(Cancellation, ["diagnose", "--json", .. more]);
        return (result.ExitCode, JsonSerializer.Deserialize<DiagnosisReport>(result.Output, ContractsJson.Default.Options) ?? throw new InvalidDataException(result.Output));
    }

    private static void AssertFound(DiagnosisReport report, params string[] codes)
        => Assert.All(codes, code => Assert.True(report.Findings.Any(finding => finding.Code == code), $"{code} is not among {string.Join("; ", report.Findings.Select(finding => $"{finding.Code} ({finding.Evidence})"))}"));

    private static Finding Finding(DiagnosisReport report, string code) => report.Findings.First(finding => finding.Code == code);

    private static async Task<(int Exit, DiagnosisReport Report)> CleanAsync(Deployment deployment)
    {
        var found = await DiagnoseAsync(deployment);
        await Eventually.TrueAsync(
            async () => (found = await DiagnoseAsync(deployment)).Exit == Clean, Patience,
            () => string.Join("\n", found.Report.Findings.Select(finding => $"{finding.Severity} {finding.Code}: {finding.Evidence}")), Cancellation);
        return found;
    }

    // The printed command, with what a person puts in the place of the words in capitals.
    private static async Task<ProcessResult> RunAsync(Deployment deployment, Finding finding, string begins)
    {
        var command = finding.FixCommands.Single(command => command.StartsWith(begins, StringComparison.Ordinal));
        if (command.Contains("KEY", StringComparison.Ordinal))
            command = command.Replace("KEY", (await deployment.CommandAsync<MintResponse>(Cancellation, "keys", "mint", "--quantity", "5")).Keys[0].ProductKey, StringComparison.Ordinal);
        command = command.Replace("NAME", "Ada", StringComparison.Ordinal).Replace("COMPANY", "Example", StringComparison.Ordinal).Replace("COUNTRY", "CA", StringComparison.Ordinal);
        return await deployment.CommandAsync(Cancellation, command.Split(' ')[1..]);
    }

    private static async Task MendedAsync(Deployment deployment, Finding finding, string begins)
    {
        var result = await RunAsync(deployment, finding, begins);
        Assert.True(result.ExitCode == 0, result.Output);
    }

    private static async Task JoinAsPrintedAsync(Deployment deployment, Finding finding)
    {
        Assert.Contains("ostiary hosts invite", finding.FixCommands);
        Assert.Contains("ostiary hosts join INVITATION", finding.FixCommands);
        await deployment.JoinAsync(Cancellation);
    }

    private static async Task AdmittedAsync(Deployment deployment, VirtualDisplay display, string name)
    {
        var result = await ConnectAsync(deployment, display, name);
        Assert.True(result.ExitCode == 0, $"not admitted:\n{result.Output}\n{deployment.SessionHost.Output}\n{deployment.LicenseServer.Output}");
    }

    private static async Task RefusedAsync(Deployment deployment, VirtualDisplay display, string name)
    {
        var result = await ConnectAsync(deployment, display, name);
        Assert.True(result.ExitCode == 131, $"not refused:\n{result.Output}\n{deployment.SessionHost.Output}");
    }

    private static async Task<ProcessResult> ConnectAsync(Deployment deployment, VirtualDisplay display, string name)
    {
        await using var client = XFreeRdp.Start(display, deployment.NewFolder(name), deployment.Address, "alice", name: name, more: "+auth-only");
        return await client.WaitForExitAsync(Patience, Cancellation);
    }
}
