using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Ostiary.Roles.Tests.LicenseServer;

namespace Ostiary.Benchmarks;

/// <summary>
/// Durable issues a second: the ledger (decision, request id, row, one commit a batch) against the same code with one transaction a license, and
/// against nothing but two prepared inserts and a commit a license. All on SQLite, WAL, synchronous=FULL, in the same folder.
/// </summary>
internal static class LedgerBenchmark
{
    private const int Warm = 2_000;
    private const int Batched = 20_000;
    private const int Single = 1_500;
    private const int Rounds = 3;

    public static async Task<Report> RunAsync(int callers, CancellationToken cancellation)
    {
        var rates = new Dictionary<string, List<double>>();
        var costs = new Dictionary<string, List<double>>();
        for (var round = 0; round < Rounds; round++)
        {
            await TakeAsync("ledger, batched", () => LedgerAsync(callers, 256, Batched, signed: false, cancellation));
            await TakeAsync("ledger, one transaction a license", () => LedgerAsync(callers, 1, Single, signed: false, cancellation));
            await TakeAsync("two bare inserts, one transaction a license", () => BareAsync(Single, cancellation));
            await TakeAsync("ledger, batched, with signatures", () => LedgerAsync(callers, 256, Batched, signed: true, cancellation));
        }

        var single = Statistics.Median(rates["ledger, one transaction a license"]);
        return new Report(
            "ledger", $"Durable issues a second to new devices, {callers} callers, SQLite, median of {Rounds}", ["way", "issues/s", "of one transaction a license", "CPU µs an issue"],
            [.. rates.Select(rate => new[]
            {
                rate.Key, Report.Number(Statistics.Median(rate.Value)), Report.Number(Statistics.Median(rate.Value) / single) + " ×", Report.Number(Statistics.Median(costs[rate.Key])),
            })],
            rates.ToDictionary(rate => rate.Key, rate => (IReadOnlyList<double>)rate.Value));

        async Task TakeAsync(string name, Func<Task<(double Rate, double Cost)>> measure)
        {
            var (rate, cost) = await measure();
            (rates.TryGetValue(name, out var list) ? list : rates[name] = []).Add(rate);
            (costs.TryGetValue(name, out list) ? list : costs[name] = []).Add(cost);
        }
    }

    private static async Task<(double Rate, double Cost)> LedgerAsync(int callers, int batch, int issues, bool signed, CancellationToken cancellation)
    {
        await using var ledger = new TestLedger(temporariesPerHost: 1_000_000, maxBatch: batch);
        var host = await ledger.JoinAsync();
        await IssueAsync(Math.Min(Warm, issues));
        return await MeasureAsync(issues, () => IssueAsync(issues));

        Task IssueAsync(int count)
        {
            var next = 0;
            return Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(
                async () =>
                {
                    while (Interlocked.Increment(ref next) <= count)
                    {
                        var device = new TestDevice("bench");
                        var request = device.Request() with { RequestId = Guid.CreateVersion7() };
                        if (signed)
                            await ledger.Ledger.RequestDeviceCalAsync(host, request, cancellation);
                        else
                            await ledger.Ledger.CommitDeviceCalAsync(host, request, cancellation);
                    }
                },
                cancellation)));
        }
    }

    // The least that a ledger could write: a request id and a license of the same size, and nothing read.
    private static Task<(double Rate, double Cost)> BareAsync(int issues, CancellationToken cancellation) => Task.Run(
        async () =>
        {
            var folder = Directory.CreateTempSubdirectory("ostiary-bare-");
            try
            {
                await using var connection = new SqliteConnection($"Data Source={Path.Combine(folder.FullName, "bare.db")};Pooling=False");
                await connection.OpenAsync(cancellation);
                Execute(connection, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE requests (id BLOB PRIMARY KEY, body BLOB); CREATE TABLE licenses (serial BLOB PRIMARY KEY, tbs BLOB);");
                return await MeasureAsync(issues, () =>
                {
                    for (var issue = 0; issue < issues; issue++)
                        Insert(connection);
                    return Task.CompletedTask;
                });
            }
            finally
            {
                folder.Delete(recursive: true);
            }
        },
        cancellation);

    private static void Insert(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction();
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "INSERT INTO requests VALUES ($id, $body); INSERT INTO licenses VALUES ($id, $tbs);";
        command.Parameters.AddWithValue("$id", Guid.CreateVersion7().ToByteArray(bigEndian: true));
        command.Parameters.AddWithValue("$body", RandomNumberGenerator.GetBytes(32));
        command.Parameters.AddWithValue("$tbs", RandomNumberGenerator.GetBytes(500));
        command.ExecuteNonQuery();
        transaction.Commit();
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static async Task<(double Rate, double Cost)> MeasureAsync(int issues, Func<Task> issue)
    {
        var processor = ProcessMeter.CpuSeconds(Environment.ProcessId);
        var clock = Stopwatch.StartNew();
        await issue();
        return (issues / clock.Elapsed.TotalSeconds, (ProcessMeter.CpuSeconds(Environment.ProcessId) - processor) / issues * 1e6);
    }
}
