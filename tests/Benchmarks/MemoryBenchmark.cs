using System.Globalization;
using System.Net;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Roles.Tests.SessionHost;

namespace Ostiary.Benchmarks;

/// <summary>Memory of the session host with licensed sessions over which nothing moves.</summary>
internal static class MemoryBenchmark
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    public static async Task<Report> RunAsync(int sessions, CancellationToken cancellation)
    {
        await using var deployment = await Deployment.StartAsync(new() { WithoutXrdp = true }, cancellation);
        await using var xrdp = FakeXrdp.InClear(deployment.BackEndSocket);
        var gateway = new IPEndPoint(IPAddress.Loopback, deployment.Port);
        var clients = new List<RdpClient>();
        try
        {
            await ConnectAsync(20);
            await Task.Delay(Settling, cancellation);
            var before = ProcessMeter.ProportionalKib(deployment.SessionHost.Pid);
            await ConnectAsync(sessions);
            await Task.Delay(Settling, cancellation);
            var after = ProcessMeter.ProportionalKib(deployment.SessionHost.Pid);
            return new Report(
                "memory", $"Session host with {sessions} idle licensed sessions", ["before, MiB", "with them, MiB", "KiB a session"],
                [[Report.Number(before / 1024.0), Report.Number(after / 1024.0), Report.Number((after - before) / (double)sessions)]],
                new Dictionary<string, IReadOnlyList<double>> { ["before KiB"] = [before], ["after KiB"] = [after] });
        }
        finally
        {
            foreach (var client in clients)
                await client.DisposeAsync();
        }

        async Task ConnectAsync(int count)
        {
            for (var number = 0; number < count; number++)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"idle-{clients.Count}");
                clients.Add(await RdpClient.RunAsync(gateway, new() { Licensing = new() { MachineName = name } }, cancellation));
                if (clients[^1].Script.End != RdpClientEnd.DemandActive)
                    throw new InvalidOperationException($"{name} was not admitted");
            }
        }
    }
}
