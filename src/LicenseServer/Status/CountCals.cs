using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Status;

/// <summary>
/// CALs by type and version. Seats are counted on the packs, less those whose CAL is over and not swept yet; only what no pack counts
/// (temporary CALs, CALs beyond the packs) is counted in its table, through an index of just these rows.
/// </summary>
internal static class CountCals
{
    /// <param name="db">In a transaction, so that the numbers are of one moment.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellation">Ends the queries.</param>
    public static async Task<List<CalCounts>> CountAsync(LedgerContext db, DateTimeOffset now, CancellationToken cancellation)
    {
        var packs = await db.Packs.ToListAsync(cancellation).ConfigureAwait(false);
        var due = await db.Licenses.Where(row => row.Status == LicenseStatus.Live && row.NotAfter < now && row.PackId != null).Select(row => row.PackId!.Value)
            .Concat(db.UserCals.Where(row => row.State == UserCalState.Live && row.ExpiresAt < now && row.PackId != null).Select(row => row.PackId!.Value))
            .GroupBy(id => id).Select(group => new { PackId = group.Key, Count = group.Count() })
            .ToDictionaryAsync(group => group.PackId, group => group.Count, cancellation).ConfigureAwait(false);
        var temporary = await db.Licenses.Where(row => row.Kind == LicenseKind.Temporary && row.Status == LicenseStatus.Live && row.NotAfter >= now)
            .GroupBy(row => row.Version).Select(group => new { Version = group.Key, Count = group.Count() })
            .ToDictionaryAsync(group => group.Version, group => group.Count, cancellation).ConfigureAwait(false);
        var beyond = await db.UserCals.Where(row => row.PackId == null && row.State == UserCalState.Live && row.ExpiresAt >= now)
            .GroupBy(row => row.Version).Select(group => new { Version = group.Key, Count = group.Count() })
            .ToDictionaryAsync(group => group.Version, group => group.Count, cancellation).ConfigureAwait(false);
        return [.. packs.Where(pack => pack.RemovedAt is null || pack.Issued > 0).Select(pack => (pack.Type, pack.Version))
            .Concat(temporary.Keys.Select(version => (CalType.Device, version)))
            .Concat(beyond.Keys.Select(version => (CalType.User, version)))
            .Distinct().Order().Select(Count)];

        CalCounts Count((CalType Type, CalVersion Version) of)
        {
            var own = packs.Where(pack => pack.Type == of.Type && pack.Version == of.Version).ToList();
            var installed = own.Sum(pack => pack.Installed(now));
            var withoutPack = of.Type == CalType.User ? beyond.GetValueOrDefault(of.Version) : 0;
            var issued = own.Sum(Held) + withoutPack;
            var overUsed = own.Sum(pack => Math.Max(0, Held(pack) - pack.Installed(now))) + withoutPack;
            return new(of.Type, of.Version, installed, issued, installed - issued, of.Type == CalType.Device ? temporary.GetValueOrDefault(of.Version) : 0, overUsed);
        }

        int Held(Pack pack) => pack.Issued - due.GetValueOrDefault(pack.PackId);
    }
}
