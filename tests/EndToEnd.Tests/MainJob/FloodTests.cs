using System.Net;
using System.Security.Cryptography;
using Ostiary.Contracts.Administration;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Roles.Tests.SessionHost;

namespace Ostiary.EndToEnd.Tests.MainJob;

/// <summary>Licensing comes before authentication: whoever reaches the port can ask for CALs under any name.</summary>
[Collection(RealPeers.Flooded)]
public sealed class FloodTests(UsualDeployment shared)
{
    // More than are kept of one host, so that the oldest fall out.
    private const int Connections = 10_000;
    private const int AtOnce = 12;
    private const long LedgerLimit = 20_000_000;

    private static readonly TimeSpan ServedWithin = TimeSpan.FromSeconds(5);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Ten_thousand_devices_that_never_log_on_take_no_seat_and_little_room_and_keep_nobody_out()
    {
        var deployment = shared.Running;
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        var gateway = new IPEndPoint(IPAddress.Loopback, deployment.Port);
        var (next, admitted) = (0, 0);

        var flood = Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Run(
            async () =>
            {
                while (Interlocked.Increment(ref next) is var number && number <= Connections)
                {
                    var name = Convert.ToHexString(RandomNumberGenerator.GetBytes(12));
                    await using var client = await RdpClient.RunAsync(
                        gateway, new() { Licensing = new() { MachineName = name, Random = RandomNumberGenerator.GetBytes(80) } }, Cancellation);
                    if (client.Script.End == RdpClientEnd.DemandActive)
                        Interlocked.Increment(ref admitted);
                }
            },
            Cancellation)));
        var served = 0;
        while (!flood.IsCompleted)
        {
            await using var client = XFreeRdp.Start(display, deployment.NewFolder("flooded"), deployment.Address, "alice", more: "+auth-only");
            var result = await client.WaitForExitAsync(ServedWithin, Cancellation);
            Assert.True(result.ExitCode == 0, result.Output);
            served++;
        }

        await flood;
        Assert.Equal(Connections, admitted);
        Assert.True(served > 2, $"the real client connected only {served} times");
        var counts = Assert.Single((await deployment.CommandAsync<LicenseServerStatus>(Cancellation, "server", "status")).Counts);
        Assert.Equal((5, 0, 5), (counts.Installed, counts.Issued, counts.Available));
        var room = Directory.GetFiles(Path.Combine(deployment.State, "license-server"), "ledger.db*").Sum(file => new FileInfo(file).Length);
        Assert.InRange(room, 1, LedgerLimit);
    }
}
