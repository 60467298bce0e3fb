using Ostiary.Contracts.Administration;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.MainJob;

/// <summary>A chain to the root is necessary, not sufficient: a host trusts the license server that it joined.</summary>
[Collection(RealPeers.Second)]
public sealed class UnpinnedServerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_license_server_of_the_same_root_that_the_host_did_not_join_opens_nothing()
    {
        await using var deployment = await Deployment.StartAsync(new(), Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await deployment.EndGraceAsync(display, Cancellation);
        await deployment.LicenseServer.StopAsync();

        // It is activated by the same clearinghouse, holds CALs, and answers at the same address.
        var otherState = deployment.NewFolder("other");
        await using var other = new RoleProcess("license-server", otherState, "admin.sock", new Dictionary<string, string?>(), deployment.LicenseServerSettings);
        await other.StartAsync(Cancellation);
        var activated = await deployment.CommandInAsync<LicenseServerStatus>(
            otherState, Cancellation, "server", "activate", "--first-name", "Eve", "--last-name", "Other", "--company", "Other", "--country", "CA");
        Assert.True(activated.Activated);
        var minted = await deployment.CommandAsync<MintResponse>(Cancellation, "keys", "mint", "--quantity", "5");
        await deployment.CommandInAsync<PackRecord>(otherState, Cancellation, "packs", "install", minted.Keys[0].ProductKey!);

        await using var client = XFreeRdp.Start(display, deployment.NewFolder("home"), deployment.Address, "alice", more: "+auth-only");
        var result = await client.WaitForExitAsync(TimeSpan.FromSeconds(30), Cancellation);

        Assert.Equal(131, result.ExitCode);
        Assert.Contains("0x00000101", result.Output, StringComparison.Ordinal);
        Assert.Empty((await deployment.CommandInAsync<Page<CalRecord>>(otherState, Cancellation, "cals", "list")).Items);
        Assert.False(File.Exists(client.LicensePath));
    }
}
