namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>xrdp's own login window, as xfreerdp shows it at 1024x768 after a logon that failed.</summary>
public static class LoginWindow
{
    private static readonly TimeSpan StepTime = TimeSpan.FromSeconds(10);

    /// <summary>Closes the log of the failed logon, and types the password again for the name that stands there.</summary>
    public static async Task TypeAsync(VirtualDisplay display, string password, CancellationToken cancellation)
    {
        await XdotoolAsync("search", "--sync", "--name", "FreeRDP", "windowfocus");
        await Task.Delay(1000, cancellation);
        // OK of the connection log; the focus is then in the password's field.
        await XdotoolAsync("mousemove", "367", "387", "click", "1");
        await Task.Delay(1500, cancellation);
        await XdotoolAsync("key", "End");
        for (var i = 0; i < 20; i++)
            await XdotoolAsync("key", "BackSpace");
        await XdotoolAsync("type", "--delay", "60", password);
        await XdotoolAsync("key", "Return");

        async Task XdotoolAsync(params string[] arguments)
        {
            var result = await PeerProcess.RunAsync("xdotool", arguments, StepTime, cancellation, environment: new Dictionary<string, string?> { ["DISPLAY"] = display.Name });
            if (result.ExitCode != 0)
                throw new InvalidOperationException($"xdotool {string.Join(' ', arguments)}: {result.Output}");
        }
    }
}
