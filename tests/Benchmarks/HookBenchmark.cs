using System.Globalization;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.Benchmarks;

/// <summary>What the PAM account hook adds to a logon: the whole of xrdp-sesrun for a session that runs, with the hook and without it, in turns.</summary>
internal static class HookBenchmark
{
    private const string LogOn = $"s=$(date +%s%N); xrdp-sesrun -s ::1 -b 24 -p '{XrdpOptions.Password}' alice >/dev/null 2>&1 && echo $(($(date +%s%N) - s))";

    // glibc resolves no IPv6 address where nothing but ::1 is configured, and sesman listens there.
    private const string Address = "ip -6 address add fd00::1/128 dev lo nodad";

    public static async Task<Report> RunAsync(int rounds, CancellationToken cancellation)
    {
        using var folder = new ScratchFolder();
        await using var socket = new LogonSocket(folder["logon.sock"], """{"admit":true}""");
        await using var hooked = await PrivateXrdp.StartAsync(new XrdpOptions { LogonSocket = folder["logon.sock"], Extra = Address }, cancellation);
        await using var bare = await PrivateXrdp.StartAsync(new XrdpOptions { Extra = Address }, cancellation);
        List<double> with = [], without = [];
        foreach (var xrdp in new[] { hooked, bare, hooked, bare })
            await LogOnAsync(xrdp, cancellation);
        for (var round = 0; round < rounds; round++)
        {
            with.Add(await LogOnAsync(hooked, cancellation));
            without.Add(await LogOnAsync(bare, cancellation));
        }

        if (socket.Reports.Count < rounds)
            throw new InvalidOperationException("the hook did not report the logons");
        return new Report(
            "hook", $"A logon to a running session (xrdp-sesrun), ms, median of {rounds}", ["without the hook", "with the hook", "the hook adds (median of the pairs)"],
            [[Report.Number(Statistics.Median(without)), Report.Number(Statistics.Median(with)), Report.Number(Statistics.Median([.. with.Zip(without, (one, other) => one - other)]))]],
            new Dictionary<string, IReadOnlyList<double>> { ["with ms"] = with, ["without ms"] = without });
    }

    private static async Task<double> LogOnAsync(PrivateXrdp xrdp, CancellationToken cancellation)
    {
        var result = await xrdp.RunAsync(LogOn, cancellation);
        return result.ExitCode == 0
            ? long.Parse(result.Output.Trim(), CultureInfo.InvariantCulture) / 1e6
            : throw new InvalidOperationException($"the logon failed: {result.Output}\n{xrdp.Log("xrdp-sesman.log")}");
    }
}
