using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Roles.Tests.SessionHost;

namespace Ostiary.EndToEnd.Tests.MainJob;

/// <summary>What reaches port 3389 of a machine on the internet, and what it may cost.</summary>
[Collection(RealPeers.Flooded)]
public sealed class HostileClientsTests(UsualDeployment shared)
{
    private const int HalfOpen = 2_000;
    private const int Addresses = 40;
    private const long KibPerConnection = 256;

    private static readonly TimeSpan ServedWithin = TimeSpan.FromSeconds(5);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_without_TLS_is_refused_before_it_meets_xrdp()
    {
        var deployment = shared.Running;
        await using var display = await VirtualDisplay.StartAsync(Cancellation);

        var connected = deployment.Xrdp!.Log("xrdp.log").Split("connection received").Length;
        await using var client = XFreeRdp.Start(display, deployment.NewFolder("without-tls"), deployment.Address, "alice", more: "/sec:rdp");
        var result = await client.WaitForExitAsync(TimeSpan.FromSeconds(30), Cancellation);

        Assert.NotEqual(0, result.ExitCode);
        var refusal = await deployment.RefusalAsync(Cancellation);
        Assert.Equal(("tls-required", "1"), (refusal.Reason, refusal.Rule));
        Assert.Equal(connected, deployment.Xrdp!.Log("xrdp.log").Split("connection received").Length);
    }

    [Fact]
    public async Task A_real_client_is_served_among_garbage_slow_clients_and_2000_half_open_connections_that_cost_little()
    {
        var deployment = shared.Running;
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await ServeAsync(deployment, display, "desk-1");
        var before = ResidentKib(deployment.SessionHost.Pid);

        var open = new List<Socket>();
        try
        {
            for (var number = 0; number < HalfOpen; number++)
                open.Add(await HalfOpenAsync(deployment.Port, number));
            using var garbage = new CancellationTokenSource();
            var noise = Task.WhenAll(Enumerable.Range(0, 4).Select(number => GarbageAsync(deployment.Port, number, garbage.Token)));
            var grown = ResidentKib(deployment.SessionHost.Pid) - before;

            await ServeAsync(deployment, display, "desk-2");
            await using (var slow = await RdpClient.RunAsync(
                new IPEndPoint(IPAddress.Loopback, deployment.Port), new() { Licensing = new() { MachineName = "SLOW" } }, Cancellation, byteAtATime: true))
                Assert.Equal(RdpClientEnd.DemandActive, slow.Script.End);
            await garbage.CancelAsync();
            await noise;

            Assert.True(grown <= HalfOpen * KibPerConnection, $"{HalfOpen} waiting connections cost {grown} KiB");
            TestContext.Current.SendDiagnosticMessage($"{HalfOpen} half-open connections: {grown / (double)HalfOpen:0.0} KiB each");
        }
        finally
        {
            open.ForEach(socket => socket.Dispose());
        }
    }

    private static async Task ServeAsync(Deployment deployment, VirtualDisplay display, string device)
    {
        await using var client = XFreeRdp.Start(display, deployment.NewFolder(device), deployment.Address, "alice", name: device, more: "+auth-only");
        var result = await client.WaitForExitAsync(ServedWithin, Cancellation);
        Assert.True(result.ExitCode == 0, result.Output + deployment.SessionHost.Output);
    }

    // A third says nothing, a third stops in the middle of its first frame, a third stops when TLS is to begin.
    private static async Task<Socket> HalfOpenAsync(int port, int number)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"127.1.0.{1 + (number % Addresses)}")), 0));
        await socket.ConnectAsync(IPAddress.Loopback, port, Cancellation);
        var request = new RdpClientScript(new()).Start();
        if (number % 3 != 0)
            await socket.SendAsync(number % 3 == 1 ? request.AsMemory(0, request.Length / 2) : request, Cancellation);
        return socket;
    }

    // Random bytes, each time on a new connection, until it is told to stop.
    private static async Task GarbageAsync(int port, int number, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(string.Create(CultureInfo.InvariantCulture, $"127.2.0.{number + 1}")), 0));
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port, CancellationToken.None);
                await socket.SendAsync(RandomNumberGenerator.GetBytes(1 + RandomNumberGenerator.GetInt32(4096)), CancellationToken.None);
                await socket.ReceiveAsync(new byte[64], CancellationToken.None);
            }
            catch (SocketException)
            {
                // The session host hung up, as it should.
            }
        }
    }

    private static long ResidentKib(int pid)
        => long.Parse(
            File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
            CultureInfo.InvariantCulture);
}
