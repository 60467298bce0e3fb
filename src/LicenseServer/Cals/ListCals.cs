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
/// The list holds the licenses in the order in which they came, then the unvalidated temporary CALs.
/// </summary>
internal static class ListCals
{
    private const string UnvalidatedPrefix = "u";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/cals", List).At(Door.Administration).For(AccountRole.Reader)
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
        var (unvalidated, after) = ReadCursor(Json.After(context));
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        List<Cal> rows = [];
        if (!unvalidated)
            rows.AddRange(await db.Licenses.Where(cal => cal.Id > after).OrderBy(cal => cal.Id).Take(limit + 1).ToListAsync(context.RequestAborted).ConfigureAwait(false));
        if (rows.Count <= limit)
        {
            var from = unvalidated ? after : 0;
            rows.AddRange(await db.Temporaries.Where(cal => cal.Id > from).OrderBy(cal => cal.Id).Take(limit + 1 - rows.Count).ToListAsync(context.RequestAborted).ConfigureAwait(false));
        }

        var items = rows.Take(limit).ToList();
        var records = await RecordsAsync(db, items, Now(context), context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, new Page<CalRecord>(records, rows.Count > limit ? CursorAt(items[^1]) : null), ContractsJson.Default.PageCalRecord).ConfigureAwait(false);
    }

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

    private static (bool Unvalidated, long After) ReadCursor(string? text)
    {
        if (text is null)
            return (false, 0);
        var unvalidated = text.StartsWith(UnvalidatedPrefix, StringComparison.Ordinal);
        return long.TryParse(text.AsSpan(unvalidated ? UnvalidatedPrefix.Length : 0), NumberStyles.None, CultureInfo.InvariantCulture, out var after)
            ? (unvalidated, after)
            : throw Json.NotACursor();
    }

    private static string CursorAt(Cal cal) => cal is Temporary ? $"{UnvalidatedPrefix}{cal.Id}" : $"{cal.Id}";

    private static DateTimeOffset Now(HttpContext context) => context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
}
