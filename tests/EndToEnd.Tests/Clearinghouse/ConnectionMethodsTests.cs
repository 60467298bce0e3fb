using Microsoft.Playwright;
using Ostiary.Contracts.Administration;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Clearinghouse;

/// <summary>
/// The license server has no way to the clearinghouse, which runs in a network of its own. People carry: by the clearinghouse's page, in a real browser,
/// and by telephone. The CALs that come of it work with a real client.
/// </summary>
[Collection(RealPeers.Second)]
public sealed class ConnectionMethodsTests
{
    private const int Desktop = 1280;
    private const int Phone = 360;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task By_the_page_a_license_server_is_activated_and_its_CALs_work()
    {
        await using var network = await NetworkNamespace.CreateAsync(Cancellation);
        await using var deployment = await Deployment.StartAsync(new() { ClearinghouseNetwork = network }, Cancellation);
        await using var browser = await Browser.StartAsync(deployment.NewFolder("browser"), network);

        // There is no way, and that is said with what there is instead.
        var automatic = await deployment.CommandAsync(Cancellation, [.. Activate, "--method", "automatic"]);
        Assert.NotEqual(0, automatic.ExitCode);
        Assert.Contains("port: 127.0.0.1 is there, and nothing answers at port", automatic.Output, StringComparison.Ordinal);
        Assert.Contains("Other ways: --method web, --method telephone", automatic.Output, StringComparison.Ordinal);

        // A desktop with scripts: the QR picture's address fills the code in.
        var asked = await deployment.CommandAsync<CarriedActivation>(Cancellation, "server", "activate", "--method", "web");
        var page = await browser.OpenAsync(Desktop);
        await page.GotoAsync($"{deployment.ClearinghouseAddress}web#{asked.RequestCode}");
        Assert.Equal(asked.RequestCode, await page.GetByLabel("Request code").InputValueAsync());
        await Browser.LookAsync(page, "web-request-desktop.png");
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await page.GetByText(asked.LicenseServerId).WaitForAsync();
        await page.GetByLabel("First name *").FillAsync("Ada");
        await page.GetByLabel("Last name *").FillAsync("Lovelace");
        await page.GetByLabel("Company *").FillAsync("Engines Ltd");
        await page.GetByLabel("Country or region *").SelectOptionAsync("CA");
        await Browser.LookAsync(page, "web-company-desktop.png");
        await page.GetByRole(AriaRole.Button, new() { Name = "Activate" }).ClickAsync();
        var answer = await page.GetByLabel("Response code", new() { Exact = true }).InputValueAsync();
        await Browser.LookAsync(page, "web-answer-desktop.png");
        Assert.Equal(answer, await DecodeQrAsync(page));
        var file = deployment.NewFile("response.txt");
        var download = await page.RunAndWaitForDownloadAsync(() => page.GetByText("Save as a file").ClickAsync());
        await download.SaveAsAsync(file);
        var status = await deployment.CommandAsync<LicenseServerStatus>(Cancellation, "server", "activate", "--method", "web", "--answer", file);
        Assert.True(status.Activated);

        // A telephone without scripts: the code is pasted, and a mistake comes back with what was typed.
        var key = await MintAsync(deployment);
        var wish = await deployment.CommandAsync<CarriedRedemption>(Cancellation, "packs", "install", key, "--method", "web");
        var small = await browser.OpenAsync(Phone, scripts: false, dark: true);
        await small.GotoAsync($"{deployment.ClearinghouseAddress}web");
        await small.GetByLabel("Request code").FillAsync(wish.RequestCode[..^3]);
        await small.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await small.GetByRole(AriaRole.Alert).GetByText("not whole").WaitForAsync();
        Assert.Equal(wish.RequestCode[..^3], await small.GetByLabel("Request code").InputValueAsync());
        await small.ScreenshotAsync(new() { Path = Browser.PathOf("web-mistake-phone.png"), FullPage = true });
        await small.GetByLabel("Request code").FillAsync(wish.RequestCode);
        await small.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await small.GetByText("5 Ostiary Device CALs").WaitForAsync();
        await small.ScreenshotAsync(new() { Path = Browser.PathOf("web-review-phone.png"), FullPage = true });
        await small.GetByRole(AriaRole.Button, new() { Name = "Redeem the product key" }).ClickAsync();
        var packCode = await small.GetByLabel("Response code", new() { Exact = true }).InputValueAsync();
        await small.ScreenshotAsync(new() { Path = Browser.PathOf("web-answer-phone.png"), FullPage = true });
        var pack = await deployment.CommandAsync<PackRecord>(Cancellation, "packs", "install", key, "--method", "web", "--answer", packCode);
        Assert.Equal(5, pack.Quantity);

        // Every page at the size of a telephone, with scripts, so that it can be looked at by a program too.
        var phone = await browser.OpenAsync(Phone, dark: true);
        await phone.GotoAsync($"{deployment.ClearinghouseAddress}web#{wish.RequestCode}");
        await Browser.LookAsync(phone, "web-request-phone.png");
        await phone.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await phone.GetByText("redeemed for this license server before").WaitForAsync();
        await Browser.LookAsync(phone, "web-again-phone.png");
        await phone.GetByRole(AriaRole.Button, new() { Name = "Redeem the product key" }).ClickAsync();
        Assert.Equal(packCode, await phone.GetByLabel("Response code", new() { Exact = true }).InputValueAsync());
        await phone.GotoAsync($"{deployment.ClearinghouseAddress}web/root");
        await Browser.LookAsync(phone, "web-root-phone.png");

        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await deployment.EndGraceAsync(display, Cancellation);

        // Reactivated, and given up at last: the same page, which says what it does.
        var again = await deployment.CommandAsync<CarriedExchange>(Cancellation, "server", "reactivate", "--method", "web", "--reason", "key-compromised");
        var certified = await ConfirmAsync(browser, Desktop, deployment, again, "Its key may be known to others", "Reactivate");
        var progress = await deployment.CommandAsync<ReactivationProgress>(Cancellation, "server", "reactivate", "--method", "web", "--answer", certified);
        Assert.Equal((true, 0, false), (progress.Server.Activated, progress.Restored, progress.More));
        var meant = await deployment.CommandAsync(Cancellation, "server", "deactivate", "--method", "web");
        Assert.Equal(2, meant.ExitCode);
        Assert.Contains("--yes is required", meant.Output, StringComparison.Ordinal);
        var end = await deployment.CommandAsync<CarriedExchange>(Cancellation, "server", "deactivate", "--method", "web", "--yes");
        var confirmed = await ConfirmAsync(browser, Phone, deployment, end, "1 can be redeemed again", "Deactivate");
        Assert.False((await deployment.CommandAsync<LicenseServerStatus>(Cancellation, "server", "deactivate", "--method", "web", "--answer", confirmed)).Activated);
    }

    private static async Task<string> ConfirmAsync(Browser browser, int width, Deployment deployment, CarriedExchange asked, string says, string button)
    {
        var page = await browser.OpenAsync(width);
        await page.GotoAsync($"{deployment.ClearinghouseAddress}web#{asked.RequestCode}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await page.GetByText(says).WaitForAsync();
        await page.GetByLabel("First name *").FillAsync("Ada");
        await page.GetByLabel("Last name *").FillAsync("Lovelace");
        await page.GetByLabel("E-mail *").FillAsync("ada@example.org");
        await Browser.LookAsync(page, $"web-{button.ToLowerInvariant()}.png");
        await page.GetByRole(AriaRole.Button, new() { Name = button }).ClickAsync();
        return await page.GetByLabel("Response code", new() { Exact = true }).InputValueAsync();
    }

    [Fact]
    [Trait("Kind", "long")]
    public async Task By_telephone_a_license_server_is_activated_and_its_CALs_work()
    {
        await using var network = await NetworkNamespace.CreateAsync(Cancellation);
        await using var deployment = await Deployment.StartAsync(
            new() { ClearinghouseNetwork = network, Clearinghouse = ["Clearinghouse:OperatorsListen=127.0.0.1:7404", "Clearinghouse:TelephoneNumbers:CA=+1 613 555 0100"] }, Cancellation);
        await using var browser = await Browser.StartAsync(deployment.NewFolder("browser"), network);
        var issuing = Path.Combine(deployment.State, "signer", "issuing.pem");

        // The administrator reads, the operator types into a browser, with one group misheard.
        var asked = await deployment.CommandAsync<CarriedActivation>(Cancellation, "server", "activate", "--method", "telephone");
        var desk = await SignInAsync(deployment, browser);
        await TypeAsync(desk, "g", [.. asked.Groups.Select((group, index) => index == 6 ? asked.Groups[7] : group)]);
        await desk.GetByText("group 7 has a wrong symbol, or is group 8").WaitForAsync();
        await Browser.LookAsync(desk, "desk-mistake-desktop.png");
        await desk.Locator("#g7").FillAsync(asked.Groups[6]);
        await desk.Locator("#g7").PressAsync("Tab");
        await desk.GetByText("13 of 13 groups are right.").WaitForAsync();
        await desk.GetByLabel("First name *").FillAsync("Ada");
        await desk.GetByLabel("Last name *").FillAsync("Lovelace");
        await desk.GetByLabel("Company *").FillAsync("Engines Ltd");
        await desk.GetByLabel("Country or region *").SelectOptionAsync("CA");
        await desk.GetByRole(AriaRole.Button, new() { Name = "Activate" }).ClickAsync();
        await desk.GetByText("Read this to the caller").WaitForAsync();
        await Browser.LookAsync(desk, "desk-answer-desktop.png");
        var answer = await ReadAloudAsync(desk);
        Assert.Equal(23, answer.Groups.Count);
        var misheard = answer.Groups.ToList();
        (misheard[4], misheard[5]) = (misheard[5], misheard[4]);
        var wrong = await deployment.CommandAsync(Cancellation, "server", "activate", "--method", "telephone", "--answer", string.Join(' ', misheard), "--issuing", issuing);
        Assert.Contains("group 5 has a wrong symbol, or is group 6; group 6 has a wrong symbol, or is group 5", wrong.Output, StringComparison.Ordinal);
        var status = await deployment.CommandAsync<LicenseServerStatus>(
            Cancellation, "server", "activate", "--method", "telephone", "--answer", string.Join(' ', answer.Groups), "--issuing", issuing);
        Assert.True(status.Activated);

        var key = await MintAsync(deployment);
        await desk.SetViewportSizeAsync(Phone, 800);
        await desk.GetByRole(AriaRole.Link, new() { Name = "Key pack" }).ClickAsync();
        await TypeAsync(desk, "s", status.LicenseServerId.Split('-'));
        await TypeAsync(desk, "k", key.Split('-'));
        await desk.GetByRole(AriaRole.Button, new() { Name = "What is it for?" }).ClickAsync();
        await desk.GetByText("5 Ostiary Device CALs").WaitForAsync();
        await Browser.LookAsync(desk, "desk-key-phone.png");
        await desk.GetByRole(AriaRole.Button, new() { Name = "Redeem the product key" }).ClickAsync();
        await desk.GetByText("Read this to the caller").WaitForAsync();
        await Browser.LookAsync(desk, "desk-key-answer-phone.png");
        var spoken = await ReadAloudAsync(desk);
        await desk.GotoAsync($"{deployment.ClearinghouseAddress}web/telephone");
        await desk.GetByText("+1 613 555 0100").WaitForAsync();
        await Browser.LookAsync(desk, "web-telephone-phone.png");
        var pack = await deployment.CommandAsync<PackRecord>(Cancellation, "packs", "install", key, "--method", "telephone", "--answer", string.Join(' ', spoken.Groups));
        Assert.Equal((5, 24), (pack.Quantity, spoken.Groups.Count));

        // A machine that reaches both, as the administrator's does: it carries the exchange by itself.
        var second = await MintAsync(deployment);
        await using var carrier = network.Start(Built.Ostiary, ["packs", "install", second, "--carry", "--state", deployment.State]);
        var carried = await carrier.WaitForExitAsync(Patience, Cancellation);
        Assert.True(carried.ExitCode == 0, carried.Output);
        Assert.Contains("Installed 5 Ostiary Device CALs", carried.Output, StringComparison.Ordinal);

        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await deployment.EndGraceAsync(display, Cancellation);
    }

    private static async Task<IPage> SignInAsync(Deployment deployment, Browser browser)
    {
        const string password = "correct horse battery";
        var added = await deployment.CommandWithInputAsync($"{password}\n", Cancellation, "clearinghouse", "accounts", "add", "desk", "--role", "operator", "--password-stdin");
        Assert.True(added.ExitCode == 0, added.Output);
        var page = await browser.OpenAsync(Desktop);
        await page.GotoAsync("https://127.0.0.1:7404/operator/activation");
        await page.GetByLabel("Account").FillAsync("desk");
        await page.GetByLabel("Password").FillAsync(password);
        await Browser.LookAsync(page, "desk-sign-in-desktop.png");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByText("The groups that the caller reads").WaitForAsync();
        return page;
    }

    // In any order: from the last to the first.
    private static async Task TypeAsync(IPage desk, string prefix, IReadOnlyList<string> groups)
    {
        for (var number = groups.Count; number >= 1; number--)
            await desk.Locator($"#{prefix}{number}").FillAsync(groups[number - 1]);
        await desk.Locator($"#{prefix}1").PressAsync("Tab");
    }

    private static async Task<TelephoneAnswer> ReadAloudAsync(IPage desk)
        => new(await desk.Locator("main > p .code").InnerTextAsync(), await desk.Locator(".aloud td.code").AllInnerTextsAsync(), []);

    private static string[] Activate => ["server", "activate", "--first-name", "Ada", "--last-name", "Lovelace", "--company", "Engines Ltd", "--country", "CA"];

    private static async Task<string> MintAsync(Deployment deployment)
        => (await deployment.CommandAsync<MintResponse>(Cancellation, "keys", "mint", "--quantity", "5")).Keys[0].ProductKey!;

    // As a telephone's camera reads it, from the pixels on the screen.
    private static async Task<string> DecodeQrAsync(IPage page)
    {
        var picture = Browser.PathOf("web-answer-qr.png");
        await page.GetByRole(AriaRole.Img, new() { Name = "The response code as a QR picture" }).ScreenshotAsync(new() { Path = picture });
        var read = await PeerProcess.RunAsync("zbarimg", ["--quiet", "--nodbus", "--raw", picture], Patience, Cancellation);
        Assert.True(read.ExitCode == 0, read.Output);
        return read.Output.Trim();
    }
}
