using System.Diagnostics;
using System.Security.Cryptography;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Licensing;
using Ostiary.EndToEnd.Tests.Deployments;

namespace Ostiary.Benchmarks;

/// <summary>Issues a second through HTTPS with mutual TLS, signing and JSON: the license server as a process of its own, the callers in this one.</summary>
internal static class HttpsBenchmark
{
    private const int Warm = 3_000;
    private const int Issues = 15_000;
    private const int Rounds = 3;

    public static async Task<Report> RunAsync(int callers, CancellationToken cancellation)
    {
        await using var deployment = await Deployment.StartAsync(new() { WithoutXrdp = true }, cancellation);
        using var host = await ScriptedHost.JoinAsync((await deployment.CommandAsync<InviteResponse>(cancellation, "hosts", "invite")).Invitation, cancellation);
        await IssueAsync(Warm);
        List<double> rates = [], server = [], client = [];
        for (var round = 0; round < Rounds; round++)
        {
            var (serverBefore, clientBefore) = (ProcessMeter.CpuSeconds(deployment.LicenseServer.Pid), ProcessMeter.CpuSeconds(Environment.ProcessId));
            var clock = Stopwatch.StartNew();
            await IssueAsync(Issues);
            rates.Add(Issues / clock.Elapsed.TotalSeconds);
            server.Add((ProcessMeter.CpuSeconds(deployment.LicenseServer.Pid) - serverBefore) / Issues * 1e6);
            client.Add((ProcessMeter.CpuSeconds(Environment.ProcessId) - clientBefore) / Issues * 1e6);
        }

        return new Report(
            "https", $"Issues a second through HTTPS with mutual TLS and signing, {callers} callers, median of {Rounds}",
            ["issues/s", "license server's CPU µs an issue", "callers' CPU µs an issue"],
            [[Report.Number(Statistics.Median(rates)), Report.Number(Statistics.Median(server)), Report.Number(Statistics.Median(client))]],
            new Dictionary<string, IReadOnlyList<double>> { ["issues/s"] = rates, ["server µs"] = server, ["callers µs"] = client });

        Task IssueAsync(int count)
        {
            var next = 0;
            return Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(
                async () =>
                {
                    while (Interlocked.Increment(ref next) <= count)
                    {
                        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20));
                        var answer = await host.RequestAsync(new DeviceCalRequest(Guid.CreateVersion7(), new(id, "bench", "alice", "192.0.2.1"), null), cancellation);
                        if (answer.Granted?.Stored is null)
                            throw new InvalidOperationException("nothing was granted");
                    }
                },
                cancellation)));
        }
    }
}
