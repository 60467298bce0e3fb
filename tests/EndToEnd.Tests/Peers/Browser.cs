using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>Debian's Chromium without a screen, in a network of the test's choosing; screenshots go to artifacts/screenshots.</summary>
public sealed class Browser : IAsyncDisposable
{
    private readonly IPlaywright _playwright;
    private readonly IBrowser _chromium;

    private Browser(IPlaywright playwright, IBrowser chromium) => (_playwright, _chromium) = (playwright, chromium);

    /// <param name="folder">For the program that starts it.</param>
    /// <param name="network">Where it runs; null is the machine's.</param>
    public static async Task<Browser> StartAsync(string folder, NetworkNamespace? network)
    {
        var launcher = Path.Combine(folder, "chromium");
        await File.WriteAllTextAsync(launcher, $"#!/bin/sh\nexec {(network is null ? "" : $"ip netns exec {network.Name} ")}chromium \"$@\"\n");
        File.SetUnixFileMode(launcher, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var playwright = await Playwright.CreateAsync();
        try
        {
            // Pipes and not a port: the network is another one. Tests run as root, for which Chromium has no sandbox.
            return new(playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = launcher, ChromiumSandbox = false, Args = ["--disable-background-networking", "--disable-quic"] }));
        }
        catch
        {
            playwright.Dispose();
            throw;
        }
    }

    /// <summary>A new page of its own; the publisher's certificate leads to no root that a browser knows.</summary>
    /// <param name="width">Pixels.</param>
    /// <param name="scripts">Whether the page may run any.</param>
    /// <param name="dark">Whether the person likes it dark.</param>
    public async Task<IPage> OpenAsync(int width, bool scripts = true, bool dark = false)
    {
        var context = await _chromium.NewContextAsync(new()
        {
            IgnoreHTTPSErrors = true,
            JavaScriptEnabled = scripts,
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = new() { Width = width, Height = 800 },
        });
        return await context.NewPageAsync();
    }

    /// <summary>Keeps a picture of the page, and demands that it has no fault of accessibility and needs no scrolling sideways.</summary>
    public static async Task LookAsync(IPage page, string name)
    {
        await page.ScreenshotAsync(new() { Path = PathOf(name), FullPage = true });
        var overflow = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(overflow <= 0, $"{name} is {overflow} pixels wider than its window");
        var found = await page.RunAxe();
        Assert.True(found.Violations.Length == 0, $"{name}: " + string.Join("; ", found.Violations.Select(violation =>
            $"{violation.Id} ({violation.Help}): {string.Join(", ", violation.Nodes.Select(node => node.Html))}")));
    }

    /// <summary>Where a picture of this name is kept.</summary>
    public static string PathOf(string name) => Path.Combine(Directory.CreateDirectory(Path.Combine(Built.Root, "artifacts/screenshots")).FullName, name);

    public async ValueTask DisposeAsync()
    {
        await _chromium.DisposeAsync();
        _playwright.Dispose();
    }
}
