using Ostiary.Contracts.Administration;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Clearinghouse;

/// <summary>What somebody bought for ever works on without whoever sold it (libfaketime moves the clock of every role).</summary>
[Collection(RealPeers.First)]
public sealed class PublisherGoneTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Kind", "long")]
    public async Task Five_years_after_the_clearinghouse_was_deleted_CALs_are_issued_and_their_holders_admitted()
    {
        await using var deployment = await Deployment.StartAsync(new() { DeviceCals = 2, MovableClock = true }, Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await deployment.EndGraceAsync(display, Cancellation);
        await deployment.Clearinghouse.StopAsync();
        await deployment.Signer.StopAsync();
        foreach (var gone in new[] { "clearinghouse", "signer" })
            Directory.Delete(Path.Combine(deployment.State, gone), recursive: true);

        deployment.MoveClock("+1826d");
        await deployment.ConfirmClockAsync(Cancellation);

        var home = deployment.NewFolder("new-device");
        foreach (var status in new[] { CalStatus.Temporary, CalStatus.Active })
        {
            await using var client = XFreeRdp.Start(display, home, deployment.Address, "bob", name: "new-device");
            await Eventually.TrueAsync(
                async () => (await deployment.CalsAsync(Cancellation)).Any(cal => cal.Device == "new-device" && cal.Status == status)
                    && (await deployment.SessionsAsync(Cancellation)).Any(session => session is { Device: "new-device", EndedAt: null, Account: not null }),
                Patience, () => $"no CAL came to {status}:\n{deployment.SessionHost.Output}\n{client.Output}", Cancellation);
        }

        // Both roles start again without it, and the CAL leads to the root that nobody serves any more.
        await deployment.LicenseServer.StopAsync();
        await deployment.LicenseServer.StartAsync(Cancellation);
        await deployment.SessionHost.StopAsync();
        await deployment.SessionHost.StartAsync(Cancellation);
        await using var again = XFreeRdp.Start(display, home, deployment.Address, "bob", name: "new-device", more: "+auth-only");
        Assert.Equal(0, (await again.WaitForExitAsync(Patience, Cancellation)).ExitCode);
        await deployment.AdmittedByAsync("3", Cancellation);
    }
}
