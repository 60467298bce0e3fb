using System.Diagnostics;
using System.Net;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Roles.Tests.SessionHost;

namespace Ostiary.Benchmarks;

/// <summary>One stream over a licensed session, through the session host (clear and TLS back end) and through HAProxy with TLS on both sides. They take turns.</summary>
internal static class RelayBenchmark
{
    private const long Bulk = 512L * 1024 * 1024;
    private const long Pings = 10_000;
    private const int Rounds = 3;

    public static async Task<Report> RunAsync(CancellationToken cancellation)
    {
        await using var clear = await Deployment.StartAsync(new() { WithoutXrdp = true }, cancellation);
        await using var xrdp = FakeXrdp.InClear(clear.BackEndSocket, desktop: Traffic.ServeAsync);
        await using var tlsHost = FakeXrdp.WithTls(desktop: Traffic.ServeAsync);
        await using var secured = await Deployment.StartAsync(
            new() { WithoutXrdp = true, BackEnd = tlsHost.Address, SessionHost = [$"SessionHost:BackEndFingerprint={tlsHost.Fingerprint}"] }, cancellation);
        await using var haProxy = new HaProxy();
        await using var throughClear = await SessionAsync(clear.Port, cancellation);
        await using var throughTls = await SessionAsync(secured.Port, cancellation);
        await using var throughHaProxy = await haProxy.ConnectAsync(cancellation);

        (string Name, int Pid, Stream Stream)[] ways =
        [
            ("HAProxy, TLS on both sides", haProxy.Pid, throughHaProxy),
            ("session host, unix socket behind", clear.SessionHost.Pid, throughClear.Stream),
            ("session host, TLS behind", secured.SessionHost.Pid, throughTls.Stream),
        ];
        (string Name, Func<Stream, Task> Run, Func<double, double> Result)[] kinds =
        [
            ("down", stream => Traffic.DownAsync(stream, Bulk, cancellation), seconds => Bulk / seconds / 1048576),
            ("up", stream => Traffic.UpAsync(stream, Bulk, cancellation), seconds => Bulk / seconds / 1048576),
            ("ping", stream => Traffic.PingAsync(stream, Pings, cancellation), seconds => seconds / Pings * 1e6),
        ];
        var raw = new Dictionary<string, List<double>>();
        foreach (var way in ways)
            await Traffic.DownAsync(way.Stream, Bulk / 8, cancellation);
        for (var round = 0; round < Rounds; round++)
            foreach (var kind in kinds)
                foreach (var way in ways)
                {
                    var processor = ProcessMeter.CpuSeconds(way.Pid);
                    var clock = Stopwatch.StartNew();
                    await kind.Run(way.Stream);
                    Add($"{way.Name}: {kind.Name}", kind.Result(clock.Elapsed.TotalSeconds));
                    Add($"{way.Name}: {kind.Name} CPU s", ProcessMeter.CpuSeconds(way.Pid) - processor);
                }

        return new Report(
            "relay", $"Relay of one stream, 512 MiB each way and {Pings} round trips of {Traffic.PingLength} bytes, median of {Rounds} (in brackets: of HAProxy's)",
            ["way", "down MiB/s", "down CPU s", "up MiB/s", "up CPU s", "round trip µs", "round trips CPU s"],
            [.. ways.Select(way => new[] { way.Name }.Concat(kinds.SelectMany(kind => new[] { Cell(way.Name, kind.Name), Cell(way.Name, kind.Name + " CPU s") })).ToList())],
            raw.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<double>)pair.Value));

        void Add(string series, double value) => (raw.TryGetValue(series, out var list) ? list : raw[series] = []).Add(value);

        string Cell(string way, string kind)
        {
            var (value, yardstick) = (Statistics.Median(raw[$"{way}: {kind}"]), Statistics.Median(raw[$"{ways[0].Name}: {kind}"]));
            return $"{Report.Number(value)} ({Report.Number(value / yardstick)})";
        }
    }

    private static async Task<RdpClient> SessionAsync(int port, CancellationToken cancellation)
    {
        var client = await RdpClient.RunAsync(new IPEndPoint(IPAddress.Loopback, port), new() { Licensing = new() { MachineName = "BENCH" } }, cancellation);
        return client.Script.End == RdpClientEnd.DemandActive ? client : throw new InvalidOperationException("the session host admits nobody");
    }
}
