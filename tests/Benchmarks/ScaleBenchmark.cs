using System.Diagnostics;
using System.Security.Cryptography;
using Ostiary.LicenseServer.Status;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.LicenseServer;

namespace Ostiary.Benchmarks;

/// <summary>
/// The ledger with 100,000 Device CALs against the same code with 1,000: permanent CALs issued, CALs renewed and the counts of the status page.
/// Both ledgers are open, and asked in turns.
/// </summary>
internal static class ScaleBenchmark
{
    private const int Small = 1_000;
    private const int Large = 100_000;
    private const int Rounds = 9;
    private const int Each = 250;
    private const int Counts = 200;
    private const int AtOnce = 1_000;

    public static async Task<Report> RunAsync(int callers, CancellationToken cancellation)
    {
        await using var small = await FilledAsync(Small, cancellation);
        await using var large = await FilledAsync(Large, cancellation);
        var times = new Dictionary<(string What, int Size), List<double>>();
        // The first round warms up.
        for (var round = 0; round <= Rounds; round++)
            foreach (var ledger in round % 2 == 0 ? new[] { small, large } : [large, small])
            {
                Take("issue a permanent CAL", ledger, await ledger.ConnectAsync(LicenseKind.Temporary, callers, cancellation), round);
                Take("renew a permanent CAL", ledger, await ledger.ConnectAsync(LicenseKind.Permanent, callers, cancellation), round);
                Take("count by type and version", ledger, await ledger.CountAsync(cancellation), round);
            }

        return new Report(
            "scale", $"Milliseconds each, {callers} callers (counts: one), SQLite, median of {Rounds}", ["what", "1,000 CALs", "100,000 CALs", "of 1,000"],
            [.. times.Keys.Select(key => key.What).Distinct().Select(what => (What: what, Small: Statistics.Median(times[(what, Small)]), Large: Statistics.Median(times[(what, Large)])))
                .Select(row => new[] { row.What, Report.Number(row.Small), Report.Number(row.Large), Report.Number(row.Large / row.Small) + " ×" })],
            times.ToDictionary(time => $"{time.Key.What}, {time.Key.Size}", time => (IReadOnlyList<double>)time.Value));

        void Take(string what, Filled ledger, double milliseconds, int round)
        {
            if (round > 0)
                (times.TryGetValue((what, ledger.Size), out var list) ? list : times[(what, ledger.Size)] = []).Add(milliseconds);
        }
    }

    private static async Task<Filled> FilledAsync(int size, CancellationToken cancellation)
    {
        var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var pack = await ledger.InstallPackAsync(size + ((Rounds + 1) * 2 * Each));
        var filled = new Filled(ledger, host, pack, size);
        for (var left = size; left > 0; left -= AtOnce)
            await filled.AddAsync(LicenseKind.Permanent, Math.Min(left, AtOnce), daysLeft: 60, cancellation);
        return filled;
    }

    private sealed class Filled(TestLedger ledger, HostIdentity host, Guid pack, int size) : IAsyncDisposable
    {
        public int Size => size;

        /// <summary>Devices that hold a CAL of this kind, in the ledger as issuing would have left them.</summary>
        public async Task<List<TestDevice>> AddAsync(LicenseKind kind, int count, int daysLeft, CancellationToken cancellation)
        {
            var devices = Enumerable.Range(0, count).Select(_ => new TestDevice($"bench-{Guid.NewGuid():N}")).ToList();
            await ledger.Ledger.WorkAsync(
                batch =>
                {
                    foreach (var device in devices)
                    {
                        if (kind == LicenseKind.Permanent)
                            batch.Pack(pack)!.TakeSeat(batch.Now);
                        batch.Add("license-issued", new License
                        {
                            Serial = CalSerial.Draw(batch.Now),
                            DeviceId = Guid.CreateVersion7(batch.Now),
                            DeviceKey = DeviceKey.Of(device.HardwareId, device.Name),
                            HardwareId = device.HardwareId,
                            ClientName = device.Name,
                            HostId = host.HostId,
                            Version = new(2022),
                            NotBefore = batch.Now,
                            NotAfter = batch.Now.AddDays(daysLeft),
                            ToBeSigned = RandomNumberGenerator.GetBytes(500),
                            Kind = kind,
                            PackId = kind == LicenseKind.Permanent ? pack : null,
                            Account = "alice",
                        });
                    }

                    return true;
                },
                cancellation);
            return devices;
        }

        /// <summary>Milliseconds a connection: of devices with a validated temporary CAL, which get a permanent one, or with a permanent one in its last week, which is renewed.</summary>
        public async Task<double> ConnectAsync(LicenseKind kind, int callers, CancellationToken cancellation)
        {
            var devices = await AddAsync(kind, Each, daysLeft: 5, cancellation);
            var requests = devices.ConvertAll(device => device.Request() with { RequestId = Guid.CreateVersion7() });
            var next = -1;
            var clock = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(
                async () =>
                {
                    while (Interlocked.Increment(ref next) is var place && place < Each)
                        MustBePermanent((await ledger.Ledger.CommitDeviceCalAsync(host, requests[place], cancellation)).Outcome.Cal);
                },
                cancellation)));
            return clock.Elapsed.TotalMilliseconds / Each;
        }

        /// <summary>Milliseconds a count.</summary>
        public async Task<double> CountAsync(CancellationToken cancellation)
        {
            await using var db = ledger.Ledger.Database.OpenReader();
            var clock = Stopwatch.StartNew();
            for (var count = 0; count < Counts; count++)
                await CountCals.CountAsync(db, ledger.Time.GetUtcNow(), cancellation);
            return clock.Elapsed.TotalMilliseconds / Counts;
        }

        public async ValueTask DisposeAsync() => await ledger.DisposeAsync();

        private void MustBePermanent(Cal? cal)
        {
            if (cal is not License { Kind: LicenseKind.Permanent } license || license.NotBefore != ledger.Time.GetUtcNow() || license.NotAfter <= license.NotBefore.AddDays(50))
                throw new InvalidOperationException("a connection was not answered with a new permanent CAL; what was measured is something else");
        }
    }
}
