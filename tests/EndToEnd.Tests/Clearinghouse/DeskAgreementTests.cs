using Microsoft.Playwright;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Clearinghouse;

/// <summary>The operators' desk draws CALs from an agreement, in a browser of either size and colour.</summary>
public sealed class DeskAgreementTests
{
    private const string Password = "correct horse battery";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Kind", "long")]
    public async Task At_the_desk_CALs_are_drawn_from_an_agreement_on_every_screen()
    {
        await using var network = await NetworkNamespace.CreateAsync(Cancellation);
        await using var deployment = await Deployment.StartAsync(
            new() { ClearinghouseNetwork = network, Clearinghouse = ["Clearinghouse:OperatorsListen=127.0.0.1:7404"] }, Cancellation);
        await using var browser = await Browser.StartAsync(deployment.NewFolder("browser"), network);
        await using var carrier = network.Start(
            Built.Ostiary,
            ["server", "activate", "--first-name", "Ada", "--last-name", "Lovelace", "--company", "Engines Ltd", "--country", "CA", "--carry", "--state", deployment.State]);
        var carried = await carrier.WaitForExitAsync(Patience, Cancellation);
        Assert.True(carried.ExitCode == 0, carried.Output);
        var server = (await deployment.CommandAsync<LicenseServerStatus>(Cancellation, "server", "status")).LicenseServerId;
        var agreement = await deployment.CommandAsync<AgreementRecord>(
            Cancellation, "clearinghouse", "agreements", "add", "--program", "select", "--number", "1234567", "--customer", "Engines Ltd", "--limit", "device:2025:100", "--license-server", server);
        var added = await deployment.CommandWithInputAsync($"{Password}\n", Cancellation, "clearinghouse", "accounts", "add", "desk", "--role", "operator", "--password-stdin");
        Assert.True(added.ExitCode == 0, added.Output);

        foreach (var (width, dark) in new[] { (1280, false), (1280, true), (360, false), (360, true) })
        {
            var name = $"{(width == 360 ? "phone" : "desktop")}-{(dark ? "dark" : "light")}.png";
            var desk = await browser.OpenAsync(width, dark: dark);
            await desk.GotoAsync("https://127.0.0.1:7404/operator/agreement");
            await desk.GetByLabel("Account").FillAsync("desk");
            await desk.GetByLabel("Password").FillAsync(Password);
            await desk.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            await desk.GotoAsync("https://127.0.0.1:7404/operator/agreement");
            await desk.GetByText("License Server ID").First.WaitForAsync();
            await Browser.LookAsync(desk, $"desk-agreement-{name}");

            var groups = server.Split('-');
            for (var number = 1; number <= groups.Length; number++)
                await desk.Locator($"#s{number}").FillAsync(groups[number - 1]);
            await desk.GetByLabel("License program").SelectOptionAsync("select");
            await desk.GetByLabel("First number on its papers").FillAsync("1234567");
            await desk.GetByLabel("Version").SelectOptionAsync("2025");
            await desk.GetByLabel("CALs", new() { Exact = true }).FillAsync("1000");
            await desk.GetByRole(AriaRole.Button, new() { Name = "Draw" }).ClickAsync();
            await desk.GetByRole(AriaRole.Alert).GetByText("1000 were asked for").WaitForAsync();
            await Browser.LookAsync(desk, $"desk-agreement-too-many-{name}");

            await desk.GetByLabel("CALs", new() { Exact = true }).FillAsync("5");
            await desk.GetByRole(AriaRole.Button, new() { Name = "Draw" }).ClickAsync();
            await desk.GetByText("5 Ostiary Device CALs are drawn").WaitForAsync();
            await Browser.LookAsync(desk, $"desk-drawn-{name}");

            await desk.GotoAsync($"{deployment.ClearinghouseAddress}web");
            await Browser.LookAsync(desk, $"web-start-{name}");
        }

        var draws = await deployment.CommandAsync<Page<DrawRecord>>(Cancellation, "clearinghouse", "agreements", "draws", $"{agreement.Id}");
        Assert.Equal([(5, CalType.Device), (5, CalType.Device), (5, CalType.Device), (5, CalType.Device)], draws.Items.Select(draw => (draw.Quantity, draw.Type)));
        var released = await deployment.CommandAsync<DrawRecord>(Cancellation, "clearinghouse", "agreements", "release", $"{draws.Items[0].Number}");
        Assert.NotNull(released.ReleasedAt);
        var verified = await deployment.CommandAsync<ClearinghouseAuditVerification>(
            Cancellation, "clearinghouse", "audit", "verify", "--signer-log", Path.Combine(deployment.State, "signer", "signed.log"));
        Assert.True(verified.Sound);
    }
}
