using Microsoft.Data.Sqlite;
using Microsoft.Playwright;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Manager;

/// <summary>The Licensing Manager in Debian's Chromium, against roles that run as in production and real RDP clients.</summary>
[Collection(RealPeers.Second)]
public sealed class ManagerTests
{
    private const int Desktop = 1280;
    private const int Small = 400;

    private static readonly string[] Pages = ["/", "/activate", "/install", "/packs", "/cals", "/users", "/devices", "/hosts", "/sessions", "/refusals", "/usage", "/findings", "/policy", "/accounts", "/audit", "/configuration", "/servers"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Kind", "long")]
    public async Task From_a_license_server_as_it_was_installed_to_a_revoked_CAL_and_back()
    {
        await using var deployment = await Deployment.StartAsync(new() { WithoutActivation = true, WithManager = true }, Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await using var browser = await Browser.StartAsync(deployment.NewFolder("browser"), network: null);
        var page = await SignedInAsync(deployment, browser, Desktop);

        // The wizard finds out what is missing, keeps what was typed, and chains the other one.
        await page.GetByRole(AriaRole.Link, new() { Name = "Activate Server" }).ClickAsync();
        await Button(page, "Next").ClickAsync();
        await Button(page, "Next").ClickAsync();
        await page.GetByLabel("First name").FillAsync("Ada");
        await Button(page, "Next").ClickAsync();
        await page.GetByText("Is required.").First.WaitForAsync();
        await page.GetByLabel("Last name").FillAsync("Lovelace");
        await page.GetByLabel("Company", new() { Exact = true }).FillAsync("Engines Ltd");
        await page.GetByLabel("Country or region").SelectOptionAsync("CA");
        await Browser.LookAsync(page, "manager-activate.png");
        await Button(page, "Back").ClickAsync();
        await Button(page, "Next").ClickAsync();
        Assert.Equal("Ada", await page.GetByLabel("First name").InputValueAsync());
        await Button(page, "Next").ClickAsync();
        await Button(page, "Activate").ClickAsync();
        await page.GetByText("The license server is activated until").WaitForAsync();
        await Button(page, "Finish").ClickAsync();

        // A whole e-mail, with a key that is right and one that is mistyped.
        var minted = await deployment.CommandAsync<MintResponse>(Cancellation, "keys", "mint", "--type", "device", "--quantity", "5");
        var key = minted.Keys[0].ProductKey!;
        await Button(page, "Next").ClickAsync();
        await page.GetByLabel("Product keys").FillAsync($"Dear customer,\nyour product key is\n  {key}\nand was not {Mistyped(key)}.\nThank you.");
        await page.GetByText("A product key for 5 Device CALs").WaitForAsync();
        await page.GetByText("is wrong.").WaitForAsync();
        await Button(page, "Next").ClickAsync();
        await page.GetByText("can be installed").WaitForAsync();
        await Browser.LookAsync(page, "manager-install.png");
        await Button(page, "Install").ClickAsync();
        await page.GetByText("Installed: 5 Device CALs").WaitForAsync();
        await Button(page, "Finish").ClickAsync();
        await page.GetByRole(AriaRole.Row, new() { Name = "Device, 2025 5 0 5" }).WaitForAsync();

        // Somebody logs on twice, and the counts follow without a reload.
        await deployment.EndGraceAsync(display, Cancellation);
        await page.GetByRole(AriaRole.Row, new() { Name = "Device, 2025 5 1 4" }).WaitForAsync(new() { Timeout = 30_000 });
        await Browser.LookAsync(page, "manager-home.png");

        await page.GetByRole(AriaRole.Link, new() { Name = "Device CALs", Exact = true }).ClickAsync();
        await Button(page, "Revoke …").ClickAsync();
        await page.GetByLabel("Reason").FillAsync("stolen");
        await Button(page, "Revoke").ClickAsync();
        await page.GetByText("The CAL of first is revoked. 0 more may be revoked now").WaitForAsync();
        await Browser.LookAsync(page, "manager-cals.png");
        await using (var refused = XFreeRdp.Start(display, deployment.NewFolder("the-first-device"), deployment.Address, "alice", name: "first", more: "+auth-only"))
            Assert.NotEqual(0, (await refused.WaitForExitAsync(TimeSpan.FromSeconds(40), Cancellation)).ExitCode);
        Assert.Equal("revoked", (await deployment.RefusalAsync(Cancellation)).Reason);

        // The refusal is read where the administrator is, and mended there.
        await page.GetByRole(AriaRole.Link, new() { Name = "Refusals", Exact = true }).ClickAsync();
        await page.GetByText("The device's CAL was revoked.").WaitForAsync(new() { Timeout = 30_000 });
        await Browser.LookAsync(page, "manager-refusal.png");
        await page.GetByRole(AriaRole.Link, new() { Name = "Device CALs", Exact = true }).ClickAsync();
        await Button(page, "Lift the revocation …").ClickAsync();
        await Button(page, "Lift the revocation").ClickAsync();
        await page.GetByText("The CAL of first is good again").WaitForAsync();
        Assert.Equal(CalStatus.Active, (await deployment.CalsAsync(Cancellation)).Single(cal => cal.PackId is not null).Status);
        await using var admitted = XFreeRdp.Start(display, deployment.NewFolder("the-first-device"), deployment.Address, "alice", name: "first");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sessions", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Rowheader, new() { Name = "alice" }).WaitForAsync(new() { Timeout = 30_000 });
        await Browser.LookAsync(page, "manager-session.png");
    }

    [Fact]
    [Trait("Kind", "long")]
    public async Task Every_page_is_light_dark_and_small_and_a_name_from_a_client_is_only_text()
    {
        await using var deployment = await Deployment.StartAsync(new() { WithManager = true, UserCals = 2 }, Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await using var browser = await Browser.StartAsync(deployment.NewFolder("browser"), network: null);
        const string Hostile = "<img src=x onerror=document.title='owned'>";
        await using (var client = XFreeRdp.Start(display, deployment.NewFolder("hostile"), deployment.Address, "alice", name: Hostile))
            await Eventually.TrueAsync(
                async () => (await deployment.CalsAsync(Cancellation)).Any(cal => cal.Status == CalStatus.Temporary), TimeSpan.FromSeconds(40),
                () => $"nobody logged on:\n{client.Output}", Cancellation);

        await UsedForDaysAsync(deployment);

        foreach (var (width, dark) in new[] { (Desktop, false), (Desktop, true), (Small, false) })
        {
            var page = await SignedInAsync(deployment, browser, width, dark);
            foreach (var path in Pages)
            {
                await page.GotoAsync(new Uri(new Uri(page.Url), path).AbsoluteUri);
                await page.Locator("main [aria-busy=false]").WaitForAsync(new() { State = WaitForSelectorState.Attached });
                await Assertions.Expect(page.GetByText("Asking …")).ToHaveCountAsync(0);
                await Browser.LookAsync(page, $"manager{path.Replace('/', '-')}{(width == Small ? "-small" : "")}{(dark ? "-dark" : "")}.png");
                Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
                Assert.Equal(0, await page.Locator("main img").CountAsync());
            }
        }
    }

    [Fact]
    public async Task A_link_signs_in_once_and_what_is_not_signed_in_sees_nothing()
    {
        await using var deployment = await Deployment.StartAsync(new() { WithManager = true, WithoutXrdp = true, WithoutActivation = true }, Cancellation);
        var link = new Uri(await LinkAsync(deployment));
        using var handler = new HttpClientHandler { AllowAutoRedirect = false };
        using var http = new HttpClient(handler) { BaseAddress = new Uri(link.GetLeftPart(UriPartial.Authority)) };

        foreach (var path in Pages)
        {
            using var sent = await http.GetAsync(path, Cancellation);
            Assert.StartsWith($"{http.BaseAddress}sign-in", sent.Headers.Location?.AbsoluteUri, StringComparison.Ordinal);
        }

        using (var first = await http.GetAsync(link, Cancellation))
            Assert.Equal(System.Net.HttpStatusCode.Redirect, first.StatusCode);
        using (var home = await http.GetAsync("/", Cancellation))
        {
            Assert.Equal(System.Net.HttpStatusCode.OK, home.StatusCode);
            Assert.Contains("script-src 'self';", Assert.Single(home.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        }

        using var another = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
        using (var again = await another.GetAsync(link, Cancellation))
            Assert.Contains("This link has been used", await again.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);

        // Another site's form signs nobody out, and nobody in.
        using var foreign = new HttpRequestMessage(HttpMethod.Post, "/sign-out") { Headers = { { "Origin", "https://elsewhere.example" } } };
        using (var refused = await http.SendAsync(foreign, Cancellation))
            Assert.Equal(System.Net.HttpStatusCode.Forbidden, refused.StatusCode);
        using var own = new HttpRequestMessage(HttpMethod.Post, "/sign-out") { Headers = { { "Sec-Fetch-Site", "same-origin" } } };
        using (var gone = await http.SendAsync(own, Cancellation))
            Assert.Equal(System.Net.HttpStatusCode.Redirect, gone.StatusCode);
        using var after = await http.GetAsync("/", Cancellation);
        Assert.Equal(System.Net.HttpStatusCode.Redirect, after.StatusCode);
    }

    // What a license server has written down after two months.
    private static async Task UsedForDaysAsync(Deployment deployment)
    {
        await using var ledger = new SqliteConnection($"Data Source={Path.Combine(deployment.State, "license-server", "ledger.db")}");
        await ledger.OpenAsync(Cancellation);
        var today = (int)(DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86_400);
        for (var day = 0; day < 60; day++)
        {
            await using var insert = ledger.CreateCommand();
            insert.CommandText = "INSERT OR REPLACE INTO usage_days (day, type, version, installed, issued, temporary, over_used) VALUES ($day, $type, 2025, 5, $issued, 0, 0)";
            insert.Parameters.AddWithValue("$day", today - 60 + day);
            insert.Parameters.AddWithValue("$type", (int)CalType.Device);
            insert.Parameters.AddWithValue("$issued", day / 20);
            await insert.ExecuteNonQueryAsync(Cancellation);
        }
    }

    private static async Task<IPage> SignedInAsync(Deployment deployment, Browser browser, int width, bool dark = false)
    {
        var page = await browser.OpenAsync(width, dark: dark);
        await page.GotoAsync(await LinkAsync(deployment));
        await page.GetByRole(AriaRole.Heading, new() { Name = "License server" }).WaitForAsync();
        return page;
    }

    internal static async Task<string> LinkAsync(Deployment deployment)
    {
        var opened = await deployment.CommandAsync(Cancellation, "manager", "open", "--print");
        Assert.True(opened.ExitCode == 0, opened.Output);
        return opened.Output.Trim();
    }

    // Fluent UI's button tells browsers its role, and not its markup.
    internal static ILocator Button(IPage page, string name)
        => page.Locator("fluent-button, button").Filter(new() { HasTextRegex = new($"^\\s*{System.Text.RegularExpressions.Regex.Escape(name)}\\s*$") });

    private static string Mistyped(string key) => key[..^1] + (key[^1] == '7' ? '8' : '7');
}
