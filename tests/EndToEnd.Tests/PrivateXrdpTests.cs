using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests;

[Collection(RealPeers.First)]
public sealed class PrivateXrdpTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_direct_connection_reaches_the_desktop()
    {
        await using var xrdp = await PrivateXrdp.StartAsync(new XrdpOptions(), Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        using var scratch = new ScratchFolder();

        await using var client = XFreeRdp.Start(display, scratch["home"], xrdp.RdpSocket, "alice", more: "/sec:rdp");
        var desktop = await display.WaitForDesktopAsync(TimeSpan.FromSeconds(30), Cancellation);

        Assert.Equal((1280, 1024), (desktop.Width, desktop.Height));
        var whose = await xrdp.RunAsync("ps -C Xorg -o user= ", Cancellation);
        Assert.Equal(new ProcessResult(0, "alice\n"), whose);
    }

    [Fact]
    public async Task Over_tls_and_tcp_rdesktop_reaches_the_desktop_too()
    {
        var options = new XrdpOptions { TcpPort = 3389, Security = "tls", Crypt = "high" };
        await using var xrdp = await PrivateXrdp.StartAsync(options, Cancellation);
        await using var relay = new PlainRelay(xrdp.ConnectAsync);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        using var scratch = new ScratchFolder();

        await using var client = RDesktop.Start(display, scratch["home"], relay.Address, "bob");

        await display.WaitForDesktopAsync(TimeSpan.FromSeconds(30), Cancellation);
    }

    [Fact]
    public async Task Commands_give_their_output_and_status()
    {
        await using var xrdp = await PrivateXrdp.StartAsync(new XrdpOptions(), Cancellation);

        Assert.Equal(new ProcessResult(7, "a\nb"), await xrdp.RunAsync("printf 'a\\nb'; exit 7", Cancellation));
        Assert.Equal(new ProcessResult(0, "xrdphost\n"), await xrdp.RunAsync("hostname", Cancellation));
        Assert.Equal(new ProcessResult(0, ""), await xrdp.RunAsync("true", Cancellation));
    }

    [Fact]
    public async Task What_does_not_start_says_why()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => PrivateXrdp.StartAsync(new XrdpOptions { Extra = "rm /etc/xrdp/xrdp.ini" }, Cancellation));

        Assert.Contains("failed xrdp", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_left_of_it()
    {
        var xrdp = await PrivateXrdp.StartAsync(new XrdpOptions { Users = ["visitor"] }, Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        using var scratch = new ScratchFolder();
        await using var client = XFreeRdp.Start(display, scratch["home"], xrdp.RdpSocket, "visitor", more: "/sec:rdp");
        await display.WaitForDesktopAsync(TimeSpan.FromSeconds(30), Cancellation);
        // A desktop is drawn before all of its session runs.
        await Eventually.TrueAsync(() => xrdp.Processes().Count > 8, TimeSpan.FromSeconds(20), () => $"a session has more than {xrdp.Processes().Count} processes", Cancellation);
        var processes = xrdp.Processes();

        await xrdp.DisposeAsync();

        Assert.DoesNotContain(processes, pid => Directory.Exists($"/proc/{pid}"));
        Assert.False(Directory.Exists(xrdp.Folder));
        Assert.DoesNotContain(xrdp.Folder, await File.ReadAllTextAsync("/proc/mounts", Cancellation), StringComparison.Ordinal);
        Assert.DoesNotContain("visitor", await File.ReadAllTextAsync("/etc/passwd", Cancellation), StringComparison.Ordinal);
        Assert.False(Directory.Exists("/home/visitor"));
    }
}

[Collection(RealPeers.Alone)]
public sealed class TwoPrivateXrdpsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_run_side_by_side()
    {
        await Task.WhenAll(ReachDesktopAsync("alice"), ReachDesktopAsync("bob"));
    }

    private static async Task ReachDesktopAsync(string user)
    {
        await using var xrdp = await PrivateXrdp.StartAsync(new XrdpOptions(), Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        using var scratch = new ScratchFolder();
        await using var client = XFreeRdp.Start(display, scratch["home"], xrdp.RdpSocket, user, more: "/sec:rdp");

        await display.WaitForDesktopAsync(TimeSpan.FromSeconds(30), Cancellation);

        Assert.Equal(new ProcessResult(0, $"{user}\n"), await xrdp.RunAsync("ps -C Xorg -o user= ", Cancellation));
    }
}
