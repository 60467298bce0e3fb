using System.Globalization;
using Ostiary.Contracts.Administration;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Rules;

/// <summary>The grace period of a host whose license server is silent, over four months (libfaketime).</summary>
[Collection(RealPeers.Second)]
public sealed class GraceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_counts_down_ends_after_120_days_and_nothing_but_an_extension_brings_a_day_back()
    {
        await using var deployment = await Deployment.StartAsync(new() { DeviceCals = 0, MovableClock = true }, Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        var host = Path.Combine(deployment.State, "session-host");
        await deployment.LicenseServer.StopAsync();

        Assert.Equal(0, (await ConnectAsync(deployment, display)).ExitCode);
        Assert.Equal(120, (await GraceAsync(deployment)).DaysLeft);
        await MoveClockAsync(deployment, days: 59, hours: 12);
        Assert.Equal(0, (await ConnectAsync(deployment, display)).ExitCode);
        Assert.Equal(61, (await GraceAsync(deployment)).DaysLeft);
        await deployment.AdmittedByAsync("6", Cancellation);
        // The license server keeps a copy of the record from now on, and yesterday's is copied away.
        await StartLicenseServerAsync(deployment);
        await RestartAsync(deployment);
        await Eventually.TrueAsync(
            async () => (await deployment.CommandAsync<Page<AuditRecord>>(Cancellation, "audit", "list")).Items.Any(entry => entry.Kind == "grace-kept"),
            Patience, () => deployment.SessionHost.Output, Cancellation);
        await deployment.LicenseServer.StopAsync();
        var yesterday = Directory.GetFiles(host, "grace.*").ToDictionary(path => path, File.ReadAllBytes);

        await MoveClockAsync(deployment, days: 120, hours: 1);
        await RefusedAsync(deployment, display);

        // The clock set back.
        deployment.MoveClock(Offset(days: 59, hours: 0));
        await RefusedAsync(deployment, display);
        await MoveClockAsync(deployment, days: 120, hours: 2);

        // Yesterday's copy restored; then the record deleted.
        await deployment.SessionHost.StopAsync();
        foreach (var (path, bytes) in yesterday)
            File.WriteAllBytes(path, bytes);
        await deployment.SessionHost.StartAsync(Cancellation);
        await RefusedAsync(deployment, display);
        await deployment.SessionHost.StopAsync();
        foreach (var path in Directory.GetFiles(host, "grace.*"))
            File.Delete(path);
        await deployment.SessionHost.StartAsync(Cancellation);
        await RefusedAsync(deployment, display);

        // The whole state deleted, and joined again: the license server remembers the machine.
        await deployment.SessionHost.StopAsync();
        Directory.Delete(host, recursive: true);
        Directory.CreateDirectory(host);
        await StartLicenseServerAsync(deployment);
        await deployment.SessionHost.StartAsync(Cancellation);
        await deployment.JoinAsync(Cancellation);
        await deployment.LicenseServer.StopAsync();
        await RefusedAsync(deployment, display);

        // Ten more days, once.
        var file = deployment.NewFile("extension");
        var machine = (await GraceAsync(deployment)).MachineId;
        Assert.Equal(0, (await deployment.CommandAsync(Cancellation, "clearinghouse", "grace", "extend", machine, "10", "--out", file)).ExitCode);
        Assert.Equal(0, (await deployment.CommandAsync(Cancellation, "grace", "install", file)).ExitCode);
        Assert.Equal(0, (await ConnectAsync(deployment, display)).ExitCode);
        Assert.NotEqual(0, (await deployment.CommandAsync(Cancellation, "grace", "install", file)).ExitCode);
        await MoveClockAsync(deployment, days: 131, hours: 0);
        await RefusedAsync(deployment, display);
    }

    private static Task<GraceStatus> GraceAsync(Deployment deployment) => deployment.CommandAsync<GraceStatus>(Cancellation, "grace", "show");

    private static string Offset(int days, int hours) => string.Create(CultureInfo.InvariantCulture, $"+{((days * 24) + hours) * 3600}s");

    private static async Task MoveClockAsync(Deployment deployment, int days, int hours)
    {
        deployment.MoveClock(Offset(days, hours));
        await deployment.ConfirmHostClockAsync(Cancellation);
    }

    // To a license server that was down, the time that has passed is a leap; the clearinghouse confirms it.
    private static async Task StartLicenseServerAsync(Deployment deployment)
    {
        await deployment.LicenseServer.StartAsync(Cancellation);
        await Eventually.TrueAsync(
            async () => (await deployment.CommandAsync<ClockStatus>(Cancellation, "server", "clock", "show")).Confirmed,
            Patience, () => deployment.LicenseServer.Output, Cancellation);
    }

    private static async Task RestartAsync(Deployment deployment)
    {
        await deployment.SessionHost.StopAsync();
        await deployment.SessionHost.StartAsync(Cancellation);
    }

    private static async Task RefusedAsync(Deployment deployment, VirtualDisplay display)
    {
        var result = await ConnectAsync(deployment, display);
        Assert.True(result.ExitCode == 131, $"not refused:\n{result.Output}\n{deployment.SessionHost.Output}");
        Assert.Contains("0x00000101", result.Output, StringComparison.Ordinal);
    }

    private static async Task<ProcessResult> ConnectAsync(Deployment deployment, VirtualDisplay display)
    {
        await using var client = XFreeRdp.Start(display, deployment.NewFolder("desk-1"), deployment.Address, "alice", more: "+auth-only");
        return await client.WaitForExitAsync(Patience, Cancellation);
    }
}
