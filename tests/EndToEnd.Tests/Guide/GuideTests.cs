using Microsoft.Playwright;
using Ostiary.Contracts.Administration;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Manager;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Guide;

/// <summary>
/// The guide is carried out as it is written, so that guide and product cannot part. With OSTIARY_WRITE_GUIDE=1 its pictures are made anew; otherwise they
/// go to artifacts/screenshots, and those of the guide must be there.
/// </summary>
[Collection(RealPeers.Second)]
public sealed class GuideTests
{
    private const int Desktop = 1100;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private static readonly string Folder = Path.Combine(Built.Root, "docs/guide");
    private static readonly string Pictures = Path.Combine(Built.Root, "docs/images/guide");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_page_of_the_guide_can_be_carried_out_is_in_its_contents_and_has_its_pictures()
    {
        var contents = File.ReadAllText(Path.Combine(Folder, "README.md"));

        foreach (var page in Pages())
        {
            Assert.Contains($"]({Path.GetFileName(page)})", contents, StringComparison.Ordinal);
            var steps = GuidePage.Read(page).ToList();
            Assert.NotEmpty(steps);
            foreach (var picture in steps.OfType<GuideStep.Picture>())
                Assert.True(File.Exists(Path.Combine(Pictures, picture.Path)), $"{picture.File}:{picture.Line} shows {picture.Path}, which is not there");
        }
    }

    [Fact]
    [Trait("Kind", "long")]
    public async Task The_guide_leads_to_licensed_sessions_as_it_is_written()
    {
        await using var deployment = await Deployment.StartAsync(new() { WithoutActivation = true, WithManager = true }, Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await using var browser = await Browser.StartAsync(deployment.NewFolder("browser"), network: null);
        await using var reader = new Reader(deployment, display, await browser.OpenAsync(Desktop));

        foreach (var step in Pages().SelectMany(GuidePage.Read))
            try
            {
                await reader.DoAsync(step);
            }
            catch (Exception failure) when (failure is PlaywrightException or TimeoutException or Xunit.Sdk.XunitException)
            {
                Assert.Fail($"{step.File}:{step.Line}, {step}:\n{failure.Message}");
            }
    }

    private static IEnumerable<string> Pages() => Directory.GetFiles(Folder, "*.md").Where(path => Path.GetFileName(path) != "README.md").Order(StringComparer.Ordinal);

    /// <summary>Somebody who follows it.</summary>
    private sealed class Reader(Deployment deployment, VirtualDisplay display, IPage page) : IAsyncDisposable
    {
        private XFreeRdp? _client;

        public async Task DoAsync(GuideStep step)
        {
            switch (step)
            {
                case GuideStep.Open:
                    await page.GotoAsync(await ManagerTests.LinkAsync(deployment));
                    await page.GetByRole(AriaRole.Heading, new() { Name = "License server" }).WaitForAsync();
                    await Assertions.Expect(page.GetByText("Asking the license server")).ToHaveCountAsync(0);
                    break;
                case GuideStep.Click(_, _, var name):
                    await Named(name).First.ClickAsync();
                    break;
                case GuideStep.Type(_, _, var text, var field):
                    await page.GetByLabel(field, new() { Exact = true }).FillAsync(text == "PRODUCT-KEY" ? await KeyAsync() : text);
                    break;
                case GuideStep.Choose(_, _, var option, var field):
                    await page.GetByLabel(field, new() { Exact = true }).SelectOptionAsync(new SelectOptionValue { Label = option });
                    break;
                case GuideStep.See(_, _, var text):
                    await page.Locator("main").GetByText(text).Filter(new() { Visible = true }).First.WaitForAsync();
                    break;
                case GuideStep.Picture(_, _, var path):
                    await PictureAsync(path);
                    break;
                case GuideStep.Run(_, _, var command, var shows):
                    await RunAsync(command, shows);
                    break;
                case GuideStep.Connect(_, _, var person, var admitted):
                    await ConnectAsync(person, admitted);
                    break;
                default:
                    throw new InvalidOperationException($"{step} is not known");
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_client is not null)
                await _client.DisposeAsync();
        }

        private ILocator Named(string name)
            => page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true }).Or(ManagerTests.Button(page, name));

        private async Task<string> KeyAsync()
            => (await deployment.CommandAsync<MintResponse>(Cancellation, "keys", "mint", "--type", "device", "--quantity", "5")).Keys[0].ProductKey!;

        private async Task PictureAsync(string name)
        {
            await Assertions.Expect(page.Locator("main").GetByText("Asking …")).ToHaveCountAsync(0);
            var writes = Environment.GetEnvironmentVariable("OSTIARY_WRITE_GUIDE") == "1";
            await page.ScreenshotAsync(new() { Path = writes ? Path.Combine(Directory.CreateDirectory(Pictures).FullName, name) : Browser.PathOf("guide-" + name), FullPage = true });
        }

        private async Task RunAsync(string command, IReadOnlyList<string> shows)
        {
            var words = Words(command);
            Assert.Equal("ostiary", words[0]);
            var result = await deployment.CommandAsync(Cancellation, words[1..]);
            // The Diagnoser's status is what it found.
            Assert.True(result.ExitCode == 0 || words[1] == "diagnose", $"{command} exits with {result.ExitCode}:\n{result.Output}");
            foreach (var line in shows)
                Assert.Contains(line, result.Output, StringComparison.Ordinal);
        }

        private async Task ConnectAsync(string person, bool admitted)
        {
            if (_client is not null)
                await _client.DisposeAsync();
            _client = null;
            var home = deployment.NewFolder("reader");
            if (!admitted)
            {
                await using var refused = XFreeRdp.Start(display, home, deployment.Address, person, name: "reader", more: "+auth-only");
                Assert.NotEqual(0, (await refused.WaitForExitAsync(Patience, Cancellation)).ExitCode);
                return;
            }

            var before = (await deployment.SessionsAsync(Cancellation)).Count;
            _client = XFreeRdp.Start(display, home, deployment.Address, person, name: "reader");
            await Eventually.TrueAsync(
                async () => (await deployment.SessionsAsync(Cancellation)) is var sessions && sessions.Count > before && sessions.MaxBy(session => session.Id)!.Account == person,
                Patience, () => $"{person} did not log on:\n{_client.Output}", Cancellation);
        }

        // As a shell splits it: blanks, and quotation marks around them.
        private static string[] Words(string command)
            => [.. System.Text.RegularExpressions.Regex.Matches(command, "\"([^\"]*)\"|\\S+").Select(word => word.Groups[1].Success ? word.Groups[1].Value : word.Value)];
    }
}
