using System.Diagnostics;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.Benchmarks;

/// <summary>
/// Time from a client's start to an active connection (xfreerdp +auth-only): direct, through a TLS relay that knows nothing of licensing,
/// and through the session host with licensing. The ways take turns, so that a slow minute of the machine is everybody's.
/// </summary>
internal static class ConnectBenchmark
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task<Report> RunAsync(int rounds, CancellationToken cancellation)
    {
        await using var deployment = await Deployment.StartAsync(new() { DeviceCals = 100 }, cancellation);
        await using var display = await VirtualDisplay.StartAsync(cancellation);
        await using var relay = new PlainTlsRelay(deployment.Xrdp!.RdpSocket);
        var known = deployment.NewFolder("known");
        // One device that holds a permanent CAL: two real logons make it so.
        await LogOnTwiceAsync(deployment, display, known, cancellation);

        (string Name, Func<int, Task<double>> Connect)[] ways =
        [
            ("direct to xrdp (no TLS)", round => ConnectAsync(display, deployment.NewFolder("direct"), deployment.Xrdp.RdpSocket, "direct", cancellation, "/sec:rdp")),
            ("plain TLS relay", round => ConnectAsync(display, deployment.NewFolder("relay"), relay.Address, "relay", cancellation)),
            ("session host, permanent CAL held", round => ConnectAsync(display, known, deployment.Address, "known", cancellation)),
            ("session host, new device (CAL issued and stored)", round => ConnectAsync(display, deployment.NewFolder($"new-{round}"), deployment.Address, $"new-{round}", cancellation)),
        ];
        var times = ways.ToDictionary(way => way.Name, _ => new List<double>());
        foreach (var way in ways)
            await way.Connect(-1);
        for (var round = 0; round < rounds; round++)
            foreach (var way in ways)
                times[way.Name].Add(await way.Connect(round));

        var yardstick = Statistics.Median(times["plain TLS relay"]);
        return new Report("connect", $"Client start to active connection, xfreerdp +auth-only, median of {rounds}", ["way", "median ms", "minus relay ms", "p90 ms"],
        [
            .. ways.Select(way => new[]
            {
                way.Name, Report.Number(Statistics.Median(times[way.Name])), Report.Number(Statistics.Median(times[way.Name]) - yardstick),
                Report.Number(Statistics.Percentile(times[way.Name], 0.9)),
            }),
        ], times.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<double>)pair.Value));
    }

    private static async Task LogOnTwiceAsync(Deployment deployment, VirtualDisplay display, string home, CancellationToken cancellation)
    {
        foreach (var wanted in new[] { Contracts.Administration.CalStatus.Temporary, Contracts.Administration.CalStatus.Active })
        {
            await using var client = XFreeRdp.Start(display, home, deployment.Address, "alice", name: "known");
            await Eventually.TrueAsync(
                async () => (await deployment.CalsAsync(cancellation)).Any(cal => cal.Status == wanted), Patience, () => deployment.SessionHost.Output, cancellation);
        }
    }

    private static async Task<double> ConnectAsync(
        VirtualDisplay display, string home, string address, string name, CancellationToken cancellation, params string[] more)
    {
        var clock = Stopwatch.StartNew();
        await using var client = XFreeRdp.Start(display, home, address, "alice", name: name, more: ["+auth-only", .. more]);
        var result = await client.WaitForExitAsync(Patience, cancellation);
        var time = clock.Elapsed.TotalMilliseconds;
        return result.ExitCode == 0 ? time : throw new InvalidOperationException($"xfreerdp exits with {result.ExitCode}:\n{result.Output}");
    }
}
