using System.Security.Cryptography;
using System.Text;

namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>
/// A real xfreerdp (2.11). Not two at a time in one home: they would share one license file.
/// </summary>
public sealed class XFreeRdp : IAsyncDisposable
{
    private readonly PeerProcess _process;

    private XFreeRdp(PeerProcess process, string licensePath) => (_process, LicensePath) = (process, licensePath);

    public string Output => _process.Output;

    public bool HasExited => _process.HasExited;

    /// <summary>Where it keeps the license that a server gave it: the bytes of pbLicenseInfo.</summary>
    public string LicensePath { get; }

    /// <param name="server">HOST:PORT, or the path of a unix socket.</param>
    /// <param name="home">Its HOME; what a device remembers is there.</param>
    /// <param name="name">The device's name; it is part of the license file's name and of the hardware id.</param>
    /// <param name="more">Further options, such as <c>/sec:rdp</c> or <c>+auth-only</c>.</param>
    public static XFreeRdp Start(
        VirtualDisplay display, string home, string server, string user, string password = XrdpOptions.Password,
        string name = "desk-1", params string[] more)
    {
        Directory.CreateDirectory(home);
        string[] arguments =
        [
            $"/v:{server}", $"/u:{user}", $"/p:{password}", $"/client-hostname:{name}",
            "/cert:ignore", "/size:1024x768", "/bpp:32", .. more,
        ];
        var process = PeerProcess.Start("xfreerdp", arguments, new Dictionary<string, string?>
        {
            ["DISPLAY"] = display.Name,
            ["HOME"] = home,
            ["XDG_CONFIG_HOME"] = null,
        });
        return new XFreeRdp(process, LicensePathOf(home, name));
    }

    /// <summary>xfreerdp names the file by the SHA-1 of the device's name.</summary>
    public static string LicensePathOf(string home, string name)
    {
#pragma warning disable CA5350 // What xfreerdp does; nothing is protected by it.
        var hash = SHA1.HashData(Encoding.UTF8.GetBytes(name));
#pragma warning restore CA5350
        return Path.Combine(home, ".config/freerdp/licenses", Convert.ToHexStringLower(hash) + ".cal");
    }

    /// <exception cref="TimeoutException">It still runs.</exception>
    public Task<ProcessResult> WaitForExitAsync(TimeSpan timeout, CancellationToken cancellation) =>
        _process.WaitForExitAsync(timeout, cancellation);

    /// <exception cref="TimeoutException">It did not print that, or ended before.</exception>
    public Task WaitForOutputAsync(string text, TimeSpan timeout, CancellationToken cancellation) =>
        _process.WaitForOutputAsync(text, timeout, cancellation);

    public Task StopAsync() => _process.StopAsync();

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
