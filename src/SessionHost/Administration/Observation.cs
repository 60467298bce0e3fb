using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Administration;
using Ostiary.SessionHost.Policy;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.Administration;

/// <summary>What the sessions of the last days would need, and whom the rules would have refused.</summary>
internal sealed class Observation(PolicyInForce policy, Store store, TimeProvider time)
{
    public const int DefaultDays = 30;
    public const int MaxDays = 365;
    private const int MostGroups = 1000;
    private static readonly string[] GraceRows = ["6", "U5"];

    /// <param name="days">1 to <see cref="MaxDays"/>.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async Task<ObservationReport> ReportAsync(int days, CancellationToken cancellation)
    {
        var from = time.GetUtcNow().AddDays(-days);
        await using var db = store.Open();
        var sessions = db.Sessions.AsNoTracking().Where(row => row.StartedAt >= from && row.Rule != "2");
        var refusals = await db.Refusals.AsNoTracking().Where(row => row.At >= from && row.Observed).OrderByDescending(row => row.Id)
            .ToListAsync(cancellation).ConfigureAwait(false);
        return new(
            days, policy.Observe,
            await sessions.CountAsync(cancellation).ConfigureAwait(false),
            await sessions.Select(row => row.HardwareId ?? row.Device).Distinct().CountAsync(cancellation).ConfigureAwait(false),
            await sessions.Where(row => row.Account != null).Select(row => row.Account).Distinct().CountAsync(cancellation).ConfigureAwait(false),
            await sessions.CountAsync(row => GraceRows.Contains(row.Rule), cancellation).ConfigureAwait(false),
            [.. refusals.GroupBy(row => (Who: row.HardwareId ?? row.UserName ?? "", row.Reason, row.Rule)).Take(MostGroups).Select(Group)]);
    }

    private static ObservedRefusal Group(IEnumerable<RefusalRow> rows)
    {
        var last = rows.First();
        return new(last.Device ?? last.UserName ?? "", last.Reason, last.Rule, rows.Count(), last.At, last.Detail, last.Fix);
    }
}
