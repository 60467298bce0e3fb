using System.Globalization;
using Ostiary.Contracts.Administration;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.MainJob;

/// <summary>More devices than CALs, over three months (libfaketime moves the clock of every role).</summary>
[Collection(RealPeers.First)]
public sealed class PoolTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_third_device_on_two_CALs_is_served_until_day_90_refused_after_it_and_admitted_when_another_pack_is_installed()
    {
        await using var deployment = await Deployment.StartAsync(new() { DeviceCals = 2, MovableClock = true }, Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        var begin = DateTimeOffset.UtcNow;
        foreach (var (device, user) in new[] { ("desk-1", "alice"), ("desk-2", "bob"), ("desk-3", "alice") })
            await LogOnAsync(deployment, display, device, user);
        Assert.Equal(0, (await ConnectAsync(deployment, display, "desk-1")).ExitCode);
        Assert.Equal(0, (await ConnectAsync(deployment, display, "desk-2")).ExitCode);
        var permanent = (await deployment.CalsAsync(Cancellation)).Where(cal => cal.Status == CalStatus.Active).ToList();
        Assert.Equal(["desk-1", "desk-2"], permanent.Select(cal => cal.Device).Order());

        // The two renew in their last week, so that no seat comes back before day 90.
        foreach (var cal in permanent.OrderBy(cal => cal.ExpiresAt))
        {
            await MoveToAsync(deployment, begin, cal.ExpiresAt.AddDays(-1));
            Assert.Equal(0, (await ConnectAsync(deployment, display, cal.Device)).ExitCode);
        }

        await MoveToAsync(deployment, begin, begin.AddDays(89.5));
        var day89 = await ConnectAsync(deployment, display, "desk-3");
        Assert.True(day89.ExitCode == 0, day89.Output + deployment.SessionHost.Output);
        await MoveToAsync(deployment, begin, begin.AddDays(90.5));
        var day90 = await ConnectAsync(deployment, display, "desk-3");

        Assert.True(day90.ExitCode == 131, day90.Output + deployment.SessionHost.Output);
        Assert.Contains("ERRINFO_LICENSE_NO_LICENSE (0x00000102):There are no Client Access Licenses", day90.Output, StringComparison.Ordinal);
        var refusal = await deployment.RefusalAsync(Cancellation);
        Assert.Equal(("temporary-expired", "7", "desk-3"), (refusal.Reason, refusal.Rule, refusal.Device));
        Assert.Contains("ostiary packs install", refusal.Fix, StringComparison.Ordinal);

        await deployment.InstallPackAsync(1, Cancellation);
        await Eventually.TrueAsync(
            async () => (await ConnectAsync(deployment, display, "desk-3")).ExitCode == 0,
            TimeSpan.FromSeconds(5), () => $"desk-3 is not admitted:\n{deployment.SessionHost.Output}", Cancellation);
        Assert.Equal(3, (await deployment.CalsAsync(Cancellation)).Count(cal => cal.Status == CalStatus.Active));
    }

    [Fact]
    public async Task With_the_license_server_stopped_a_new_device_is_told_that_there_is_none()
    {
        await using var deployment = await Deployment.StartAsync(new(), Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await deployment.EndGraceAsync(display, Cancellation);
        await deployment.LicenseServer.StopAsync();

        var result = await ConnectAsync(deployment, display, "desk-9");

        Assert.Equal(131, result.ExitCode);
        Assert.Contains("ERRINFO_LICENSE_NO_LICENSE_SERVER (0x00000101):A Remote Desktop License Server", result.Output, StringComparison.Ordinal);
        var refusal = await deployment.RefusalAsync(Cancellation);
        Assert.Equal(("no-license-server", "8", "desk-9"), (refusal.Reason, refusal.Rule, refusal.Device));
    }

    private static async Task MoveToAsync(Deployment deployment, DateTimeOffset begin, DateTimeOffset time)
    {
        deployment.MoveClock(string.Create(CultureInfo.InvariantCulture, $"+{(long)(time - begin).TotalSeconds}s"));
        await deployment.ConfirmClockAsync(Cancellation);
    }

    private static async Task<ProcessResult> ConnectAsync(Deployment deployment, VirtualDisplay display, string device)
    {
        await using var client = XFreeRdp.Start(display, deployment.NewFolder(device), deployment.Address, "alice", name: device, more: "+auth-only");
        return await client.WaitForExitAsync(Patience, Cancellation);
    }

    private static async Task LogOnAsync(Deployment deployment, VirtualDisplay display, string device, string user)
    {
        await using var client = XFreeRdp.Start(display, deployment.NewFolder(device), deployment.Address, user, name: device);
        await Eventually.TrueAsync(
            async () => (await deployment.CalsAsync(Cancellation)).Any(cal => cal.Device == device && cal.Status == CalStatus.Temporary),
            Patience, () => $"{device} was not validated:\n{deployment.SessionHost.Output}\n{client.Output}", Cancellation);
    }
}
