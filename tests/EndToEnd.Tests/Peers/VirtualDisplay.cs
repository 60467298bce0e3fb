using System.Diagnostics;
using System.Globalization;

namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>A screen of its own for a client: Xvfb on a display number that it chooses itself.</summary>
public sealed class VirtualDisplay : IAsyncDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(15), CaptureTime = TimeSpan.FromSeconds(20);

    private readonly PeerProcess _xvfb;

    private VirtualDisplay(PeerProcess xvfb, string name) => (_xvfb, Name) = (xvfb, name);

    /// <summary>The value for DISPLAY.</summary>
    public string Name { get; }

    public static async Task<VirtualDisplay> StartAsync(CancellationToken cancellation, string size = "1280x1024")
    {
        var xvfb = PeerProcess.Start("Xvfb", ["-displayfd", "1", "-screen", "0", $"{size}x24", "-nolisten", "tcp"]);
        try
        {
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < StartTime && !xvfb.HasExited; await Task.Delay(20, cancellation))
            {
                // The number comes alone on its line, maybe among complaints about the keyboard.
                foreach (var line in xvfb.Output.Split('\n'))
                {
                    if (int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                        return new VirtualDisplay(xvfb, $":{number}");
                }
            }
            throw new InvalidOperationException($"Xvfb does not start:\n{xvfb.Output}");
        }
        catch
        {
            await xvfb.DisposeAsync();
            throw;
        }
    }

    /// <summary>The whole screen.</summary>
    public async Task<Screenshot> CaptureAsync(CancellationToken cancellation)
    {
        using var scratch = new ScratchFolder();
        await SaveAsync(scratch["screen.ppm"], cancellation);
        return Screenshot.ReadPpm(await File.ReadAllBytesAsync(scratch["screen.ppm"], cancellation));
    }

    /// <summary>The whole screen as a file; its name says the format (png, ppm).</summary>
    public async Task SaveAsync(string path, CancellationToken cancellation)
    {
        var result = await PeerProcess.RunAsync(
            "import", ["-display", Name, "-window", "root", "-depth", "8", path], CaptureTime, cancellation);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"no screenshot of {Name}: {result.Output}");
    }

    /// <summary>Waits for the desktop of a private xrdp: a tenth of the screen in its colour.</summary>
    /// <exception cref="TimeoutException">It does not appear.</exception>
    public async Task<Screenshot> WaitForDesktopAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(200, cancellation))
        {
            var screen = await CaptureAsync(cancellation);
            if (screen.Count(Screenshot.DesktopColour) * 10 > screen.Width * screen.Height)
                return screen;
            if (clock.Elapsed > timeout)
                throw new TimeoutException($"no desktop on {Name} within {timeout}");
        }
    }

    public ValueTask DisposeAsync() => _xvfb.DisposeAsync();
}
