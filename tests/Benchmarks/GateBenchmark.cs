using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.Benchmarks;

/// <summary>
/// What the logon gate takes, as the PAM hook sees it: from connect to answer at the session host's logon socket, one logon after the other as
/// sesman asks, and decisions a second with several at a time. The yardstick is a socket that admits everybody at once.
/// </summary>
internal static class GateBenchmark
{
    private const int Warm = 300;
    private const int Callers = 16;
    private const int People = 200;
    private const string Admitted = """{"admit":true}""";

    public static async Task<Report> RunAsync(int logons, CancellationToken cancellation)
    {
        using var folder = new ScratchFolder();
        await using var perUser = await Deployment.StartAsync(
            new() { DeviceCals = 0, UserCals = 16_000, Mode = LicensingMode.PerUser, WithoutXrdp = true, SessionHost = ["SessionHost:Realm=bench"] }, cancellation);
        // More new people in a minute than a host may bring in an hour.
        var host = (await perUser.CommandAsync<Page<HostRecord>>(cancellation, "hosts", "list")).Items.Single();
        await perUser.CommandAsync<HostRecord>(cancellation, "hosts", "set", $"{host.HostId}", "--quota", "1000000");
        await using var perDevice = await Deployment.StartAsync(new() { WithoutXrdp = true }, cancellation);
        await using var floor = new LogonSocket(folder["floor.sock"], Admitted);
        var times = new Dictionary<string, IReadOnlyList<double>>();
        var rows = new List<string[]>();
        var (begun, next) = (DateTime.UtcNow.Ticks, 0);
        string Known(int logon) => string.Create(CultureInfo.InvariantCulture, $"known-{logon % People}");
        string New(int logon) => string.Create(CultureInfo.InvariantCulture, $"new-{begun}-{Interlocked.Increment(ref next)}");

        await MeasureAsync("a socket that admits at once", folder["floor.sock"], Known);
        await MeasureAsync("per-device host (row U2)", perDevice.LogonSocket, Known);
        await MeasureAsync("per-user host, a CAL is held (row U3)", perUser.LogonSocket, Known);
        await MeasureAsync("per-user host, a new person (row U3)", perUser.LogonSocket, New);
        await perUser.LicenseServer.StopAsync();
        await MeasureAsync("per-user host, license server stopped, by the lease (row U4)", perUser.LogonSocket, Known);
        return new Report(
            "gate", $"The logon gate, {logons} logons one after the other, then {Callers} at a time",
            ["way", "median ms", "p99 ms", "adds, median ms", "decisions/s", $"decisions/s, {Callers} at a time"], rows, times);

        async Task MeasureAsync(string way, string socket, Func<int, string> name)
        {
            for (var logon = 0; logon < Warm; logon++)
                await LogOnAsync(socket, name(logon), cancellation);
            var taken = new List<double>(logons);
            for (var logon = 0; logon < logons; logon++)
            {
                var began = Stopwatch.GetTimestamp();
                await LogOnAsync(socket, name(logon), cancellation);
                taken.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }

            var together = Stopwatch.GetTimestamp();
            await Parallel.ForAsync(
                0, logons, new ParallelOptions { MaxDegreeOfParallelism = Callers, CancellationToken = cancellation },
                async (logon, token) => await LogOnAsync(socket, name(logon), token));
            var rate = logons / Stopwatch.GetElapsedTime(together).TotalSeconds;
            times[way] = taken;
            var least = Statistics.Median(times.First().Value);
            rows.Add([
                way, Report.Number(Statistics.Median(taken)), Report.Number(Statistics.Percentile(taken, 0.99)), Report.Number(Statistics.Median(taken) - least),
                Report.Number(1_000 / taken.Average()), Report.Number(rate),
            ]);
        }
    }

    private static async Task LogOnAsync(string path, string name, CancellationToken cancellation)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
        await using var stream = new NetworkStream(socket);
        await LogonSocket.WriteAsync(stream, Encoding.UTF8.GetBytes($$"""{"kind":"logon","user":"{{name}}","uid":1001,"local":true,"administrator":false}"""), cancellation);
        var answer = await LogonSocket.ReadAsync(stream, cancellation);
        if (!answer.GetProperty("admit").GetBoolean())
            throw new InvalidOperationException($"{name} is refused: {answer}");
    }
}
