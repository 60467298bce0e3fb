using Ostiary.Contracts.Administration;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.MainJob;

/// <summary>Only a real logon validates a temporary CAL.</summary>
[Collection(RealPeers.Second)]
public sealed class LogonTests
{
    // A forged line as xrdp-sesman writes it: whoever reads logs for evidence is taken in. (A longer name fits no X.224 cookie.)
    private const string ForgedUser = "eve\n++ created session (access granted): username root, ip 127.0.0.1:40000 - socket: 12\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_logon_that_fails_validates_nothing()
    {
        await using var deployment = await Deployment.StartAsync(new(), Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await FailAsync(deployment, display, "alice", "not her password", failures: 1);
        await FailAsync(deployment, display, ForgedUser, "x", failures: 2);

        Assert.All(await deployment.CalsAsync(Cancellation), cal => Assert.Equal(CalStatus.Unvalidated, cal.Status));
        Assert.Equal(2, (await deployment.CalsAsync(Cancellation)).Count);
        Assert.Equal([null, null], (await deployment.SessionsAsync(Cancellation)).Select(session => session.Account));
    }

    private static async Task FailAsync(Deployment deployment, VirtualDisplay display, string user, string password, int failures)
    {
        await using var client = XFreeRdp.Start(display, deployment.NewFolder($"home-{failures}"), deployment.Address, user, password, name: $"desk-{failures}");

        // xrdp has said no when its log says so, and then a logon that was taken would long have shown.
        await Eventually.TrueAsync(
            () => deployment.Xrdp!.Log("xrdp-sesman.log").Split("AUTHFAIL").Length > failures,
            TimeSpan.FromSeconds(30), () => deployment.Xrdp!.Log("xrdp-sesman.log"), Cancellation);
        await Task.Delay(TimeSpan.FromSeconds(3), Cancellation);
    }
}
