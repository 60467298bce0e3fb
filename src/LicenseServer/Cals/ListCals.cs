using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Cals;

/// <summary>
/// <c>GET /v1/cals</c>, <c>GET /v1/cals/{serial}</c> and <c>GET /v1/cals/{serial}/certificate</c>.
/// The list holds the licenses in its order, then the unvalidated temporary CALs.
/// </summary>
internal static class ListCals
{
    private const string UnvalidatedPrefix = "u";
    private const int MaxSearch = 255;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/cals", List).At(Door.Administration).For(AccountRole.Reader)
            .TakesQuery("search", "A part of the device's name or of the account, or a whole serial, at most 255 characters.")
            .TakesQuery("status", "Only of this status: unvalidated, temporary, active, expired, upgraded, revoked or transferred.")
            .TakesQuery("order", "oldest (where it is not given), newest, or expires: the one that ends first, first; of the active ones where no status is given.")
            .AnswersPage<CalRecord>("The CALs that were issued.");
        routes.MapGet("/v1/cals/{serial}", Show).At(Door.Administration).For(AccountRole.Reader)
            .Answers<CalRecord>("One CAL.");
        routes.MapGet("/v1/cals/{serial}/certificate", Certificate).At(Door.Administration).For(AccountRole.Reader)
            .AnswersFile("A CAL as a client stores it, with the certificates above it.", "application/x-pem-file");
    }

    /// <summary>The CAL that the route names.</summary>
    public static CalSerial Serial(HttpContext context)
        => CalSerial.TryParse(context.Request.RouteValues["serial"] as string, out var serial)
            ? serial
            : throw new ProblemException(LicensingProblem.InvalidField, "a serial has 32 hexadecimal digits", "serial");

    public static async Task<CalRecord> RecordAsync(HttpContext context, LedgerContext db, Cal cal)
        => (await RecordsAsync(db, [cal], Now(context), context.RequestAborted).ConfigureAwait(false))[0];

    private static async Task List(HttpContext context)
    {
        var limit = Json.Limit(context);
        var search = Json.Text(context.Request.Query["search"].ToString(), "search", MaxSearch, mayBeEmpty: true);
        var (status, order, now) = (StatusOf(context), OrderOf(context), Now(context));
        var from = ReadCursor(Json.After(context), order);
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        List<Cal> rows = [];
        // What ends next is asked of what has not ended.
        if (order == CalOrder.Expires)
            status ??= CalStatus.Active;
        if (from is not { Unvalidated: true } && status is not CalStatus.Unvalidated)
            rows.AddRange(await In(Found(Of(db.Licenses, status, now), search), order, from).Take(limit + 1).ToListAsync(context.RequestAborted).ConfigureAwait(false));
        if (rows.Count <= limit && status is null or CalStatus.Unvalidated or CalStatus.Expired)
            rows.AddRange(await In(Found(Of(db.Temporaries, status, now), search), order, from is { Unvalidated: true } ? from : null).Take(limit + 1 - rows.Count)
                .ToListAsync(context.RequestAborted).ConfigureAwait(false));

        var items = rows.Take(limit).ToList();
        var records = await RecordsAsync(db, items, now, context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, new Page<CalRecord>(records, rows.Count > limit ? CursorAt(items[^1], order) : null), ContractsJson.Default.PageCalRecord).ConfigureAwait(false);
    }

    private static CalOrder OrderOf(HttpContext context)
    {
        var text = context.Request.Query["order"].ToString();
        if (text.Length == 0)
            return CalOrder.Oldest;
        var orders = Enum.GetValues<CalOrder>();
        var index = Array.FindIndex(orders, order => KebabCase.Of(order) == text);
        return index >= 0 ? orders[index]
            : throw new ProblemException(LicensingProblem.InvalidField, $"order is one of {string.Join(", ", orders.Select(order => KebabCase.Of(order)))}", "order");
    }

    private static IQueryable<T> In<T>(IQueryable<T> cals, CalOrder order, Cursor? from)
        where T : Cal
    {
        var (after, end) = from is { } cursor ? (cursor.Id, cursor.End) : (order == CalOrder.Newest ? long.MaxValue : 0, DateTimeOffset.UnixEpoch);
        return order switch
        {
            CalOrder.Newest => cals.Where(cal => cal.Id < after).OrderByDescending(cal => cal.Id),
            CalOrder.Expires => cals.Where(cal => cal.NotAfter > end || (cal.NotAfter == end && cal.Id > after)).OrderBy(cal => cal.NotAfter).ThenBy(cal => cal.Id),
            _ => cals.Where(cal => cal.Id > after).OrderBy(cal => cal.Id),
        };
    }

    private static CalStatus? StatusOf(HttpContext context)
    {
        var text = context.Request.Query["status"].ToString();
        if (text.Length == 0)
            return null;
        var statuses = Enum.GetValues<CalStatus>();
        var index = Array.FindIndex(statuses, status => KebabCase.Of(status) == text);
        return index >= 0 ? statuses[index]
            : throw new ProblemException(LicensingProblem.InvalidField, $"status is one of {string.Join(", ", statuses.Select(status => KebabCase.Of(status)))}", "status");
    }

    // What StatusAt says, in the database.
    private static IQueryable<License> Of(IQueryable<License> licenses, CalStatus? status, DateTimeOffset now) => status switch
    {
        null => licenses,
        CalStatus.Active => licenses.Where(row => row.Status == LicenseStatus.Live && row.Kind == LicenseKind.Permanent && row.NotAfter >= now),
        CalStatus.Temporary => licenses.Where(row => row.Status == LicenseStatus.Live && row.Kind == LicenseKind.Temporary && row.NotAfter >= now),
        CalStatus.Revoked => licenses.Where(row => row.Status == LicenseStatus.Revoked && row.NotAfter >= now),
        CalStatus.Upgraded => licenses.Where(row => row.Status == LicenseStatus.Replaced),
        CalStatus.Transferred => licenses.Where(row => row.Status == LicenseStatus.Transferred),
        _ => licenses.Where(row => row.Status == LicenseStatus.Expired || ((row.Status == LicenseStatus.Live || row.Status == LicenseStatus.Revoked) && row.NotAfter < now)),
    };

    private static IQueryable<Temporary> Of(IQueryable<Temporary> temporaries, CalStatus? status, DateTimeOffset now) => status switch
    {
        null => temporaries,
        CalStatus.Expired => temporaries.Where(row => row.NotAfter < now),
        _ => temporaries.Where(row => row.NotAfter >= now),
    };

#pragma warning disable CA1304, CA1311, CA1862 // Translated to SQL, where lower() has no culture.
    private static IQueryable<License> Found(IQueryable<License> licenses, string search)
    {
        if (search.Length == 0)
            return licenses;
        if (CalSerial.TryParse(search, out var serial))
            return licenses.Where(row => row.Serial == serial);
        var part = search.ToLowerInvariant();
        return licenses.Where(row => row.ClientName.ToLower().Contains(part) || (row.Account != null && row.Account.ToLower().Contains(part)));
    }

    private static IQueryable<Temporary> Found(IQueryable<Temporary> temporaries, string search)
    {
        if (search.Length == 0)
            return temporaries;
        if (CalSerial.TryParse(search, out var serial))
            return temporaries.Where(row => row.Serial == serial);
        var part = search.ToLowerInvariant();
        return temporaries.Where(row => row.ClientName.ToLower().Contains(part));
    }
#pragma warning restore CA1304, CA1311, CA1862

    private static async Task Show(HttpContext context)
    {
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        var cal = await FindAsync(context, db).ConfigureAwait(false);
        var records = await RecordsAsync(db, [cal], Now(context), context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, records[0], ContractsJson.Default.CalRecord).ConfigureAwait(false);
    }

    private static async Task Certificate(HttpContext context)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        await using var db = ledger.Database.OpenReader();
        var cal = await FindAsync(context, db).ConfigureAwait(false);
        context.Response.ContentType = "application/x-pem-file";
        await context.Response.Body.WriteAsync(ledger.Stored(cal), context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task<Cal> FindAsync(HttpContext context, LedgerContext db)
    {
        var serial = Serial(context);
        return await db.Licenses.SingleOrDefaultAsync(cal => cal.Serial == serial, context.RequestAborted).ConfigureAwait(false)
            ?? (Cal?)await db.Temporaries.SingleOrDefaultAsync(cal => cal.Serial == serial, context.RequestAborted).ConfigureAwait(false)
            ?? throw new ProblemException(LicensingProblem.NotFound, $"no CAL has the serial {serial}");
    }

    public static async Task<List<CalRecord>> RecordsAsync(LedgerContext db, List<Cal> cals, DateTimeOffset now, CancellationToken cancellation)
    {
        Guid[] hostIds = [.. cals.Select(cal => cal.HostId).Distinct()];
        var names = await db.Hosts.Where(host => hostIds.Contains(host.HostId)).ToDictionaryAsync(host => host.HostId, host => host.Name, cancellation).ConfigureAwait(false);
        return [.. cals.Select(cal => new CalRecord(
            cal.Serial.ToString(), CalType.Device, cal.Version, cal.StatusAt(now), cal.ClientName, Convert.ToHexStringLower(cal.HardwareId), (cal as License)?.Account,
            names.GetValueOrDefault(cal.HostId) ?? cal.HostId.ToString(), (cal as License)?.PackId, cal.NotBefore, cal.NotAfter, (cal as License)?.LedgerNumber ?? 0))];
    }

    private static Cursor? ReadCursor(string? text, CalOrder order)
    {
        if (text is null)
            return null;
        var unvalidated = text.StartsWith(UnvalidatedPrefix, StringComparison.Ordinal);
        var parts = text[(unvalidated ? UnvalidatedPrefix.Length : 0)..].Split('-');
        if (parts.Length != (order == CalOrder.Expires ? 2 : 1) || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            throw Json.NotACursor();
        var end = 0u;
        return parts.Length == 1 || uint.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out end)
            ? new(unvalidated, id, DateTimeOffset.FromUnixTimeSeconds(end))
            : throw Json.NotACursor();
    }

    private static string CursorAt(Cal cal, CalOrder order)
        => $"{(cal is Temporary ? UnvalidatedPrefix : "")}{cal.Id}{(order == CalOrder.Expires ? $"-{cal.NotAfter.ToUnixTimeSeconds()}" : "")}";

    /// <summary>Where a page ended: in which table, at which row, and that row's end.</summary>
    private sealed record Cursor(bool Unvalidated, long Id, DateTimeOffset End);

    private static DateTimeOffset Now(HttpContext context) => context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
}
