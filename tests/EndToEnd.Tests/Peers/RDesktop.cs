namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>A real rdesktop (1.9). It speaks TCP only, and TLS by default.</summary>
public sealed class RDesktop : IAsyncDisposable
{
    private readonly PeerProcess _process;

    private RDesktop(PeerProcess process, string licenses) => (_process, LicenseFolder) = (process, licenses);

    public string Output => _process.Output;

    public bool HasExited => _process.HasExited;

    /// <summary>Where it keeps licenses, one file a device name.</summary>
    public string LicenseFolder { get; }

    /// <param name="server">HOST:PORT.</param>
    /// <param name="name">The device's name.</param>
    public static RDesktop Start(
        VirtualDisplay display, string home, string server, string user, string password = XrdpOptions.Password,
        string name = "LAPTOP-7", params string[] more)
    {
        Directory.CreateDirectory(home);
        // It asks on standard input whether to trust the certificate.
        var process = PeerProcess.Start(
            "rdesktop", ["-u", user, "-p", password, "-n", name, "-g", "1024x768", .. more, server],
            new Dictionary<string, string?> { ["DISPLAY"] = display.Name, ["HOME"] = home, ["XDG_DATA_HOME"] = null },
            input: "yes\n");
        return new RDesktop(process, Path.Combine(home, ".local/share/rdesktop/licenses"));
    }

    /// <exception cref="TimeoutException">It still runs.</exception>
    public Task<ProcessResult> WaitForExitAsync(TimeSpan timeout, CancellationToken cancellation) =>
        _process.WaitForExitAsync(timeout, cancellation);

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
