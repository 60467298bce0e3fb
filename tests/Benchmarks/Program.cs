using Ostiary.Benchmarks;

// Benchmarks NAME...: ledger, scale, lists, https, connect, sequence, relay, hook, gate, clearinghouse, memory, or all of them. Needs root (private xrdp) and, for relay, haproxy.
// Prints Markdown; raw values go to docs/benchmarks/.
const int Callers = 64;
Dictionary<string, Func<CancellationToken, Task<Report>>> benchmarks = new()
{
    ["ledger"] = cancellation => LedgerBenchmark.RunAsync(Callers, cancellation),
    ["scale"] = cancellation => ScaleBenchmark.RunAsync(Callers, cancellation),
    ["lists"] = ListsBenchmark.RunAsync,
    ["https"] = cancellation => HttpsBenchmark.RunAsync(Callers, cancellation),
    ["connect"] = cancellation => ConnectBenchmark.RunAsync(20, cancellation),
    ["sequence"] = cancellation => SequenceBenchmark.RunAsync(100, cancellation),
    ["relay"] = RelayBenchmark.RunAsync,
    ["hook"] = cancellation => HookBenchmark.RunAsync(40, cancellation),
    ["gate"] = cancellation => GateBenchmark.RunAsync(2_000, cancellation),
    ["clearinghouse"] = cancellation => ClearinghouseBenchmark.RunAsync(16, cancellation),
    ["memory"] = cancellation => MemoryBenchmark.RunAsync(500, cancellation),
};

using var stopping = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stopping.Cancel();
};
var unknown = args.Where(name => !benchmarks.ContainsKey(name)).ToList();
if (unknown.Count > 0)
{
    Console.Error.WriteLine($"no benchmark is called {string.Join(", ", unknown)}; there are {string.Join(", ", benchmarks.Keys)}");
    return 2;
}

Console.WriteLine(Machine.Describe());
foreach (var (name, run) in benchmarks.Where(benchmark => args.Length == 0 || args.Contains(benchmark.Key)))
{
    var report = await run(stopping.Token);
    report.SaveRaw("docs/benchmarks");
    Console.WriteLine($"\n{report.Markdown()}");
}

return 0;
