using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.MainJob;

/// <summary>The desktop is what the person came for: through the session host it is the same, to the pixel.</summary>
[Collection(RealPeers.Second)]
public sealed class DesktopTests(UsualDeployment shared) : IClassFixture<UsualDeployment>
{
    // xterm's 80 by 24 characters; on a busy machine they come well after the background.
    private const int White = 0xFFFFFF;
    private const int TerminalPixels = 100_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Xfreerdp_shows_the_same_desktop_through_the_session_host_as_directly()
    {
        var deployment = shared.Running;
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        Screenshot through, direct;
        await using (XFreeRdp.Start(display, deployment.NewFolder("home-1"), deployment.Address, "alice"))
            through = await SettledDesktopAsync(display, "desktop-through-the-session-host.png");
        await using (XFreeRdp.Start(display, deployment.NewFolder("home-2"), deployment.Xrdp!.RdpSocket, "alice", more: "/sec:rdp"))
            direct = await SettledDesktopAsync(display, "desktop-direct.png");

        Assert.Equal(0, through.DifferenceTo(direct));
    }

    [Fact]
    public async Task Rdesktop_reaches_the_desktop()
    {
        var deployment = shared.Running;
        await using var display = await VirtualDisplay.StartAsync(Cancellation);

        await using var client = RDesktop.Start(display, deployment.NewFolder("home-3"), deployment.Address, "bob");
        await SettledDesktopAsync(display, "desktop-rdesktop.png");

        Assert.Single(await deployment.CalsAsync(Cancellation), cal => cal.Device == "LAPTOP-7");
        Assert.NotEmpty(Directory.GetFiles(client.LicenseFolder));
    }

    // The desktop when its terminal is there and nothing moves on it any more; the picture is kept in artifacts/screenshots.
    private static async Task<Screenshot> SettledDesktopAsync(VirtualDisplay display, string name)
    {
        var before = await display.WaitForDesktopAsync(Patience, Cancellation);
        var now = before;
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    (before, now) = (now, await display.CaptureAsync(Cancellation));
                    await Task.Delay(300, Cancellation);
                    return now.Count(White) > TerminalPixels && !ReferenceEquals(before, now) && before.DifferenceTo(now) == 0;
                },
                Patience, () => $"the desktop does not come to rest: {now.Count(White)} pixels of a terminal, {before.DifferenceTo(now)} changed", Cancellation);
        }
        finally
        {
            await display.SaveAsync(Path.Combine(Directory.CreateDirectory(Path.Combine(Built.Root, "artifacts/screenshots")).FullName, name), Cancellation);
        }

        return now;
    }
}
