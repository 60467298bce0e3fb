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

    [Theory]
    [InlineData("alice", "not her password")]
    [InlineData(ForgedUser, "x")]
    public async Task A_logon_that_fails_validates_nothing(string user, string password)
    {
        await using var deployment = await Deployment.StartAsync(new(), Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await using var client = XFreeRdp.Start(display, deployment.NewFolder("home"), deployment.Address, user, password);

        // xrdp has said no when its log says so, and then a logon that was taken would long have shown.
        await Eventually.TrueAsync(
            () => deployment.Xrdp!.Log("xrdp-sesman.log").Contains("AUTHFAIL", StringComparison.Ordinal),
            TimeSpan.FromSeconds(30), () => deployment.Xrdp!.Log("xrdp-sesman.log"), Cancellation);
        await Task.Delay(TimeSpan.FromSeconds(3), Cancellation);

        Assert.Equal(CalStatus.Unvalidated, Assert.Single(await deployment.CalsAsync(Cancellation)).Status);
        Assert.Null(Assert.Single(await deployment.SessionsAsync(Cancellation)).Account);
    }
}
