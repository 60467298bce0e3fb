using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.LicenseServer.Reports;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.Benchmarks;

/// <summary>
/// What the Licensing Manager's pages ask a license server with 100,000 Device CALs, 1,000 hosts, 100,000 sessions and 100,000 refusals, against the same
/// server with a hundredth of that; each a process of its own, asked in turns over the local socket.
/// </summary>
internal static class ListsBenchmark
{
    private const int Small = 1_000;
    private const int Large = 100_000;
    private const int Rounds = 40;
    private const int AtOnce = 5_000;

    public static async Task<Report> RunAsync(CancellationToken cancellation)
    {
        await using var small = await FilledAsync(Small, cancellation);
        await using var large = await FilledAsync(Large, cancellation);
        var doors = new[] { (Size: Small, Http: DoorOf(small)), (Size: Large, Http: DoorOf(large)) };
        var times = new Dictionary<(string What, int Size), List<double>>();
        // The first rounds compile.
        for (var round = -5; round < Rounds; round++)
            foreach (var (size, http) in round % 2 == 0 ? doors : [.. doors.Reverse()])
                foreach (var (what, path) in Paths(size))
                {
                    var began = Stopwatch.GetTimestamp();
                    using var answer = await http.GetAsync(path, cancellation);
                    answer.EnsureSuccessStatusCode();
                    var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
                    if (round >= 0)
                        (times.TryGetValue((what, size), out var list) ? list : times[(what, size)] = []).Add(took);
                }

        foreach (var (_, http) in doors)
            http.Dispose();
        return new Report(
            "lists", $"Milliseconds of an answer with up to 200 rows, {Rounds} rounds, SQLite", ["what a page asks", "median, 1,000", "median, 100,000", "of 1,000", "p95, 100,000"],
            [.. Paths(Large).Select(path => path.What).Select(what => (What: what, Small: times[(what, Small)], Large: times[(what, Large)])).Select(row => new[]
            {
                row.What, Report.Number(Statistics.Median(row.Small)), Report.Number(Statistics.Median(row.Large)),
                Report.Number(Statistics.Median(row.Large) / Statistics.Median(row.Small)) + " ×", Report.Number(Statistics.Percentile(row.Large, 0.95)),
            })],
            times.ToDictionary(time => $"{time.Key.What}, {time.Key.Size}", time => (IReadOnlyList<double>)time.Value));
    }

    private static (string What, string Path)[] Paths(int size)
    {
        var middle = size / 2;
        return
        [
            ("status", "v1/status"),
            ("Device CALs, newest first", "v1/cals?limit=200&order=newest"),
            ("Device CALs, in the middle", $"v1/cals?limit=200&order=newest&after={middle}"),
            ("Device CALs, next to expire", "v1/cals?limit=200&order=expires"),
            ("Device CALs, a name", string.Create(CultureInfo.InvariantCulture, $"v1/cals?limit=200&order=newest&search=bench-{middle:000000}")),
            ("Device CALs, a name that nobody has", "v1/cals?limit=200&order=newest&search=nobody"),
            ("Device CALs, revoked (none)", "v1/cals?limit=200&order=newest&status=revoked"),
            ("devices", "v1/devices?limit=200"),
            ("devices with something odd (none)", "v1/devices?limit=200&flagged=any"),
            ("hosts", "v1/hosts?limit=200"),
            ("hosts as they show themselves", "v1/host-states?limit=1000"),
            ("sessions that run", "v1/host-sessions?limit=200&running=true"),
            ("sessions, a name that nobody has", "v1/host-sessions?limit=200&search=nobody"),
            ("refusals", "v1/host-refusals?limit=200"),
            ("refusals, in the middle", $"v1/host-refusals?limit=200&after={middle}"),
            ("refusals, a name that nobody has", "v1/host-refusals?limit=200&search=nobody"),
            ("use over time", "v1/usage?days=90"),
            ("audit", "v1/audit?limit=200"),
        ];
    }

    private static HttpClient DoorOf(Deployment deployment) => ApiClient.OverUnixSocket(Path.Combine(deployment.State, "license-server", "admin.sock"), TimeSpan.FromMinutes(1));

    private static async Task<Deployment> FilledAsync(int size, CancellationToken cancellation)
    {
        var deployment = await Deployment.StartAsync(new() { WithoutXrdp = true, DeviceCals = 5 }, cancellation);
        await deployment.InstallPackAsync(16_000, cancellation);
        await deployment.LicenseServer.StopAsync();
        await FillAsync(Path.Combine(deployment.State, "license-server", "ledger.db"), size, cancellation);
        await deployment.LicenseServer.StartAsync(cancellation);
        return deployment;
    }

    // Rows as a license server would have written them; no audit entry tells of them.
    private static async Task FillAsync(string file, int size, CancellationToken cancellation)
    {
        var options = new DbContextOptionsBuilder<LedgerContext>().UseSqlite($"Data Source={file}").Options;
        var now = DateTimeOffset.UtcNow;
        var state = await StateAsync(cancellation);
        Guid[] hosts = [.. Enumerable.Range(0, size / 100).Select(_ => Guid.CreateVersion7(now))];
        await AddAsync(hosts.Length, index => new JoinedHost
        {
            HostId = hosts[index],
            Name = string.Create(CultureInfo.InvariantCulture, $"host-{index:0000}"),
            MachineId = index.ToString("x32", CultureInfo.InvariantCulture),
            PublicKey = RandomNumberGenerator.GetBytes(91),
            Version = new(2022),
            Mode = LicensingMode.PerDevice,
            JoinedAt = now,
        });
        await AddAsync(hosts.Length, index => new HostStateRow { HostId = hosts[index], ToldAt = now, State = state });
        await AddAsync(size, index => new License
        {
            Serial = CalSerial.Draw(now),
            DeviceId = Guid.CreateVersion7(now),
            DeviceKey = DeviceKey.Of(RandomNumberGenerator.GetBytes(20), Name(index)),
            HardwareId = RandomNumberGenerator.GetBytes(20),
            ClientName = Name(index),
            HostId = hosts[index % hosts.Length],
            Version = new(2022),
            NotBefore = now.AddDays(-(index % 60)),
            NotAfter = now.AddDays(1 + (index % 80)),
            ToBeSigned = RandomNumberGenerator.GetBytes(500),
            Kind = index % 4 == 0 ? LicenseKind.Temporary : LicenseKind.Permanent,
            Account = $"user{index % 20_000}",
        });
        await AddAsync(size, index => new HostSession
        {
            HostId = hosts[index % hosts.Length],
            SessionId = index,
            StartedAt = now.AddMinutes(-index),
            Device = Name(index),
            HardwareId = index.ToString("x40", CultureInfo.InvariantCulture),
            Address = "192.0.2.1",
            Account = $"user{index % 20_000}",
            Rule = "3",
            Serial = Guid.NewGuid().ToString("n"),
            Temporary = false,
            GraceDaysLeft = null,
            EndedAt = index % 20 == 0 ? null : now,
            End = index % 20 == 0 ? null : "client-left",
            ToldAt = now,
        });
        await AddAsync(size, index => new HostRefusal
        {
            HostId = hosts[index % hosts.Length],
            RefusalId = index,
            At = now.AddMinutes(-index),
            Reason = "no-cal-available",
            Rule = "7",
            Device = Name(index),
            HardwareId = index.ToString("x40", CultureInfo.InvariantCulture),
            UserName = $"user{index % 20_000}",
            Address = "192.0.2.1",
            Detail = "Of 75,000 Device CALs of version 2022 and newer none is free.",
            Fix = "On the license server: ostiary packs install KEY, or ostiary cals list --status active, and revoke what is not needed.",
            Observed = false,
        });
        await AddAsync(90, index => new UsageDayRow { Day = KeepUsage.DayOf(now) - index, Type = CalType.Device, Version = new(2022), Installed = size, Issued = size - (index * 100), Temporary = 0, OverUsed = 0 });

        async Task AddAsync<T>(int count, Func<int, T> row)
            where T : class
        {
            for (var from = 0; from < count; from += AtOnce)
            {
                await using var db = new LedgerContext(options);
                db.Set<T>().AddRange(Enumerable.Range(from, Math.Min(AtOnce, count - from)).Select(row));
                await db.SaveChangesAsync(cancellation);
            }
        }
    }

    private static string Name(int index) => string.Create(CultureInfo.InvariantCulture, $"bench-{index:000000}");

    // A host's own, of a real size.
    private static async Task<byte[]> StateAsync(CancellationToken cancellation)
    {
        await using var deployment = await Deployment.StartAsync(new() { WithoutXrdp = true, DeviceCals = 0 }, cancellation);
        var status = await deployment.HostStatusAsync(cancellation);
        var grace = await deployment.CommandAsync<GraceStatus>(cancellation, "grace", "show");
        return JsonSerializer.SerializeToUtf8Bytes(new HostState("0.1.0", status, grace), ContractsJson.Default.HostState);
    }
}
