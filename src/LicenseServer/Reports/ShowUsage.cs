using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Status;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Reports;

/// <summary><c>GET /v1/usage</c>.</summary>
internal static class ShowUsage
{
    private const int DefaultDays = 90;
    private const int MaxDays = 400;

    /// <summary>Sessions that the grace period admitted.</summary>
    private static readonly string[] GraceRows = ["6", "U5"];

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/usage", AnswerAsync).At(Door.Administration).For(AccountRole.Reader)
        .TakesQuery("days", "The days before today that are looked at, 1 to 400; 90 where it is not given.")
        .Answers<UsageReport>("CALs over time, when they run out, and what was really used.");

    private static async Task AnswerAsync(HttpContext context)
    {
        var days = DaysOf(context);
        var cancellation = context.RequestAborted;
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        await using var snapshot = await db.BeginSnapshotAsync(cancellation).ConfigureAwait(false);
        var first = KeepUsage.DayOf(now) - days;
        var rows = await db.UsageDays.AsNoTracking().Where(row => row.Day >= first).OrderBy(row => row.Day).ThenBy(row => row.Type).ThenBy(row => row.Version)
            .ToListAsync(cancellation).ConfigureAwait(false);
        var daily = rows.ConvertAll(row => new UsageDay(DateOnly.FromDateTime(DateTime.UnixEpoch.AddDays(row.Day)), row.Type, row.Version, row.Installed, row.Issued, row.Temporary, row.OverUsed));
        var counts = await CountCals.CountAsync(db, now, cancellation).ConfigureAwait(false);
        var packs = await db.Packs.AsNoTracking().ToListAsync(cancellation).ConfigureAwait(false);
        var report = new UsageReport(
            today.AddDays(-days), daily,
            counts.ConvertAll(count => UsageRules.Outlook(
                count, daily.FindAll(day => day.Type == count.Type && day.Version == count.Version),
                [.. packs.Where(pack => pack.Type == count.Type && pack.Version == count.Version && pack.ExpiresAt is not null && pack.Installed(now) > 0)
                    .Select(pack => (DateOnly.FromDateTime(pack.ExpiresAt!.Value.UtcDateTime), pack.Installed(now)))],
                today)),
            await NeedsAsync(db, now.AddDays(-days), cancellation).ConfigureAwait(false));
        await Json.WriteAsync(context, report, ContractsJson.Default.UsageReport).ConfigureAwait(false);
    }

    private static async Task<UsageNeeds> NeedsAsync(LedgerContext db, DateTimeOffset from, CancellationToken cancellation)
    {
        var sessions = db.HostSessions.AsNoTracking().Where(row => row.StartedAt >= from && row.Rule != "2");
        var devices = await sessions.Select(row => row.HardwareId ?? row.Device).Distinct().CountAsync(cancellation).ConfigureAwait(false);
        var users = await sessions.Where(row => row.Account != null).Select(row => row.Account).Distinct().CountAsync(cancellation).ConfigureAwait(false);
        return new(
            await sessions.Select(row => row.HostId).Distinct().CountAsync(cancellation).ConfigureAwait(false),
            await sessions.CountAsync(cancellation).ConfigureAwait(false),
            devices, users,
            await sessions.CountAsync(row => GraceRows.Contains(row.Rule), cancellation).ConfigureAwait(false),
            await db.HostRefusals.CountAsync(row => row.At >= from && row.Observed, cancellation).ConfigureAwait(false),
            UsageRules.Advice(devices, users));
    }

    private static int DaysOf(HttpContext context) => context.Request.Query["days"].ToString() switch
    {
        "" => DefaultDays,
        var text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is >= 1 and <= MaxDays
            ? days
            : throw new ProblemException(LicensingProblem.InvalidField, $"days is a number from 1 to {MaxDays}", "days"),
    };
}
