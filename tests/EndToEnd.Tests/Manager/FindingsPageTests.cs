using Microsoft.Playwright;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Manager;

/// <summary>The page of findings, from a new license server to one that is well.</summary>
[Collection(RealPeers.Second)]
public sealed class FindingsPageTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Kind", "long")]
    public async Task Errors_stand_first_with_the_command_to_copy_and_are_gone_when_they_are_mended()
    {
        await using var deployment = await Deployment.StartAsync(new() { WithoutActivation = true, WithoutXrdp = true, WithManager = true }, Cancellation);
        await using var browser = await Browser.StartAsync(deployment.NewFolder("browser"), network: null);
        var page = await browser.OpenAsync(1280);
        await page.GotoAsync((await deployment.CommandAsync(Cancellation, "manager", "open", "--print")).Output.Trim());
        await page.GetByText("license-server-not-activated").WaitForAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Findings", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Error: license-server-not-activated" }).WaitForAsync();
        await page.GetByText("ostiary server activate --method telephone").WaitForAsync();
        await Browser.LookAsync(page, "manager-findings.png");
        var activated = await deployment.CommandAsync(Cancellation, "server", "activate", "--first-name", "Ada", "--last-name", "Lovelace", "--company", "Example", "--country", "CA");
        Assert.True(activated.ExitCode == 0, activated.Output);
        await LookAgainAsync(page);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Error: no-key-packs" }).WaitForAsync();
        Assert.Equal(0, await page.GetByText("license-server-not-activated").CountAsync());

        await deployment.InstallPackAsync(20, Cancellation);
        await LookAgainAsync(page);
        await page.GetByText("No problems were found").WaitForAsync();
    }

    private static Task LookAgainAsync(IPage page) => page.Locator("fluent-button").Filter(new() { HasText = "Look again" }).ClickAsync();
}
