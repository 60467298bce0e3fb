using System.Diagnostics;
using System.Globalization;
using System.Net;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Roles.Tests.SessionHost;

namespace Ostiary.Benchmarks;

/// <summary>
/// The same connections as <see cref="ConnectBenchmark"/>, by a scripted client that answers at once, since it waits in its socket and not in
/// a timer: from TCP connect to Demand Active, in front of a real xrdp. What is more than the plain relay's time is what the session host adds.
/// </summary>
internal static class SequenceBenchmark
{
    private const int Warm = 30;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    public static async Task<Report> RunAsync(int rounds, CancellationToken cancellation)
    {
        await using var deployment = await Deployment.StartAsync(new() { DeviceCals = 10 }, cancellation);
        await using var relay = new PlainTlsRelay(deployment.Xrdp!.RdpSocket);
        var relayAddress = IPEndPoint.Parse(relay.Address);
        var sessionHost = new IPEndPoint(IPAddress.Loopback, deployment.Port);
        var held = await PermanentCalAsync(deployment, sessionHost, cancellation);

        (string Name, Func<int, Task<double>> Connect)[] ways =
        [
            ("plain TLS relay", _ => TimeAsync(relayAddress, "RELAY", null, cancellation)),
            ("session host, permanent CAL held", _ => TimeAsync(sessionHost, "HELD", held, cancellation)),
            ("session host, new device (CAL issued and stored)", round => TimeAsync(sessionHost, string.Create(CultureInfo.InvariantCulture, $"NEW-{round}"), null, cancellation)),
        ];
        var times = ways.ToDictionary(way => way.Name, _ => new List<double>());
        for (var round = -Warm; round < rounds; round++)
            foreach (var way in ways)
            {
                // xrdp and the roles have work behind a connection's end, which is not the next one's.
                await Task.Delay(Pause, cancellation);
                var time = await way.Connect(round);
                if (round >= 0)
                    times[way.Name].Add(time);
            }

        var yardstick = times[ways[0].Name];
        return new Report(
            "sequence", $"TCP connect to Demand Active, a client without timers, median of {rounds}", ["way", "median ms", "minus relay ms (median of the pairs)", "p90 ms"],
            [.. ways.Select(way => new[]
            {
                way.Name, Report.Number(Statistics.Median(times[way.Name])),
                Report.Number(Statistics.Median([.. times[way.Name].Zip(yardstick, (one, other) => one - other)])),
                Report.Number(Statistics.Percentile(times[way.Name], 0.9)),
            })],
            times.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<double>)pair.Value));
    }

    /// <summary>The stored form of a permanent CAL: a temporary one, a logon that another host reports, and another connection.</summary>
    private static async Task<byte[]> PermanentCalAsync(Deployment deployment, IPEndPoint sessionHost, CancellationToken cancellation)
    {
        var temporary = await ConnectAsync(sessionHost, "HELD", null, cancellation);
        if (!DeviceCal.TryRead(temporary!, out var cal))
            throw new InvalidOperationException("a new device was given no CAL");
        using (cal)
        using (var host = await ScriptedHost.JoinAsync((await deployment.CommandAsync<InviteResponse>(cancellation, "hosts", "invite")).Invitation, cancellation))
            await host.ValidateAsync(cal.Serial, "alice", cancellation);
        var permanent = await ConnectAsync(sessionHost, "HELD", temporary, cancellation);
        if (!DeviceCal.TryRead(permanent!, out var second))
            throw new InvalidOperationException("a validated device was given no CAL");
        using (second)
            return second.Data.Temporary ? throw new InvalidOperationException("a validated device was given no permanent CAL") : permanent!;
    }

    private static async Task<double> TimeAsync(IPEndPoint address, string machine, byte[]? stored, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        await ConnectAsync(address, machine, stored, cancellation, () => clock.Stop());
        return clock.Elapsed.TotalMilliseconds;
    }

    private static async Task<byte[]?> ConnectAsync(IPEndPoint address, string machine, byte[]? stored, CancellationToken cancellation, Action? active = null)
    {
        await using var client = await RdpClient.RunAsync(address, new() { Licensing = new() { MachineName = machine, StoredLicense = stored } }, cancellation);
        active?.Invoke();
        return client.Script.End == RdpClientEnd.DemandActive ? client.StoredLicense : throw new InvalidOperationException($"{machine}: {client.Script.End}");
    }
}
