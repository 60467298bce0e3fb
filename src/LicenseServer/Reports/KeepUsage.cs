using Microsoft.EntityFrameworkCore;
using Ostiary.LicenseServer.Status;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Reports;

/// <summary>Writes down each day's highest counts, and lets go what hosts have told long ago.</summary>
internal static class KeepUsage
{
    /// <summary>For so long are sessions, refusals and daily counts kept.</summary>
    public static TimeSpan Kept { get; } = TimeSpan.FromDays(400);

    /// <summary>Sessions, and refusals, of all hosts together; the oldest fall out.</summary>
    public const int MostRows = 200_000;

    /// <summary>Rows in a transaction.</summary>
    private const int AtOnce = 5_000;

    /// <summary>Days since 1970-01-01, UTC.</summary>
    public static int DayOf(DateTimeOffset time) => (int)(time.ToUnixTimeSeconds() / 86_400);

    public static async Task PassAsync(Ledger ledger, DateTimeOffset now, CancellationToken cancellation)
    {
        List<Contracts.Administration.CalCounts> counts;
        await using (var db = ledger.Database.OpenReader())
        {
            await using var snapshot = await db.BeginSnapshotAsync(cancellation).ConfigureAwait(false);
            counts = await CountCals.CountAsync(db, now, cancellation).ConfigureAwait(false);
        }

        await ledger.WorkAsync(batch => Note(batch, counts, DayOf(now)), cancellation).ConfigureAwait(false);
        while ((await ledger.WorkAsync(DropOld, cancellation).ConfigureAwait(false)).Result > 0)
        {
        }
    }

    private static int Note(LedgerBatch batch, List<Contracts.Administration.CalCounts> counts, int day)
    {
        var known = batch.Db.UsageDays.Where(row => row.Day == day).ToList();
        foreach (var count in counts)
            if (known.Find(row => row.Type == count.Type && row.Version == count.Version) is { } row)
            {
                // Packs may be removed within a day: what is installed is what was last.
                row.Installed = count.Installed;
                row.Issued = Math.Max(row.Issued, count.Issued);
                row.Temporary = Math.Max(row.Temporary, count.Temporary);
                row.OverUsed = Math.Max(row.OverUsed, count.OverUsed);
            }
            else
            {
                batch.Db.UsageDays.Add(new()
                {
                    Day = day,
                    Type = count.Type,
                    Version = count.Version,
                    Installed = count.Installed,
                    Issued = count.Issued,
                    Temporary = count.Temporary,
                    OverUsed = count.OverUsed,
                });
            }

        return counts.Count;
    }

    private static int DropOld(LedgerBatch batch)
    {
        var oldest = batch.Now - Kept;
        batch.Db.UsageDays.Where(row => row.Day < DayOf(oldest)).ExecuteDelete();
        batch.Db.HostStates.Where(state => !batch.Db.Hosts.Any(host => host.HostId == state.HostId && host.RemovedAt == null)).ExecuteDelete();
        return Drop(batch.Db.HostSessions.Where(row => row.StartedAt < oldest && row.EndedAt != null).OrderBy(row => row.Id).Select(row => row.Id),
                batch.Db.HostSessions.OrderByDescending(row => row.Id).Select(row => row.Id), ids => batch.Db.HostSessions.Where(row => ids.Contains(row.Id)).ExecuteDelete())
            + Drop(batch.Db.HostRefusals.Where(row => row.At < oldest).OrderBy(row => row.Id).Select(row => row.Id),
                batch.Db.HostRefusals.OrderByDescending(row => row.Id).Select(row => row.Id), ids => batch.Db.HostRefusals.Where(row => ids.Contains(row.Id)).ExecuteDelete());

        static int Drop(IQueryable<long> old, IQueryable<long> newestFirst, Func<long[], int> delete)
        {
            long[] ids = [.. old.Take(AtOnce)];
            if (ids.Length == 0)
                ids = [.. newestFirst.Skip(MostRows).Take(AtOnce)];
            return ids.Length == 0 ? 0 : delete(ids);
        }
    }
}
