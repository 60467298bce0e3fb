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

    // The rows of the rules by which the grace period admits.
    private const string GraceAtConnection = "6";
    private const string GraceAtLogon = "U5";

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
        // One walk through the sessions for all that is counted of them.
        var counted = await db.HostSessions.AsNoTracking().Where(row => row.StartedAt >= from && row.Rule != "2").GroupBy(_ => 1).Select(all => new
        {
            Hosts = all.Select(row => row.HostId).Distinct().Count(),
            Sessions = all.Count(),
            Devices = all.Select(row => row.HardwareId ?? row.Device).Distinct().Count(),
            Users = all.Select(row => row.Account).Distinct().Count(account => account != null),
            ByGrace = all.Count(row => row.Rule == GraceAtConnection || row.Rule == GraceAtLogon),
        }).SingleOrDefaultAsync(cancellation).ConfigureAwait(false);
        var wouldBeRefused = await db.HostRefusals.CountAsync(row => row.Observed && row.At >= from, cancellation).ConfigureAwait(false);
        return counted is null
            ? new(0, 0, 0, 0, 0, wouldBeRefused, null)
            : new(counted.Hosts, counted.Sessions, counted.Devices, counted.Users, counted.ByGrace, wouldBeRefused, UsageRules.Advice(counted.Devices, counted.Users));
    }

    private static int DaysOf(HttpContext context) => context.Request.Query["days"].ToString() switch
    {
        "" => DefaultDays,
        var text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var days) && days is >= 1 and <= MaxDays
            ? days
            : throw new ProblemException(LicensingProblem.InvalidField, $"days is a number from 1 to {MaxDays}", "days"),
    };
}
