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
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Reports;

/// <summary><c>GET /v1/host-sessions</c>, <c>GET /v1/host-refusals</c>, <c>GET /v1/host-states</c>: what hosts have told.</summary>
internal static class ShowReports
{
    private const int MaxSearch = 255;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/host-sessions", SessionsAsync).At(Door.Administration).For(AccountRole.Reader)
            .TakesQuery("running", "true: only sessions that have not ended.").TakesQuery("host", "Of one host: its id.")
            .TakesQuery("search", "A part of the device's name, the account, the address or the CAL's serial, at most 255 characters.")
            .AnswersPage<HostSessionRecord>("Sessions of all hosts, the newest first.");
        routes.MapGet("/v1/host-refusals", RefusalsAsync).At(Door.Administration).For(AccountRole.Reader)
            .TakesQuery("host", "Of one host: its id.")
            .TakesQuery("search", "A part of the device's name, the user's name, the address or the reason, at most 255 characters.")
            .AnswersPage<HostRefusalRecord>("Refusals of all hosts, the newest first.");
        routes.MapGet("/v1/host-states", StatesAsync).At(Door.Administration).For(AccountRole.Reader)
            .AnswersPage<HostStateRecord>("The hosts as they see themselves, by when they joined.");
    }

    private static async Task SessionsAsync(HttpContext context)
    {
        var (limit, before, search, host) = (Json.Limit(context), Before(context), Search(context), HostOf(context));
        var running = context.Request.Query["running"].ToString() switch
        {
            "" or "false" => false,
            "true" => true,
            _ => throw new ProblemException(LicensingProblem.InvalidField, "running is true or false", "running"),
        };
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        var found = db.HostSessions.AsNoTracking().Where(row => row.Id < before);
        if (running)
            found = found.Where(row => row.EndedAt == null);
        if (host is { } of)
            found = found.Where(row => row.HostId == of);
#pragma warning disable CA1304, CA1311, CA1862 // Translated to SQL, where lower() has no culture.
        if (search.Length > 0)
            found = found.Where(row => row.Device.ToLower().Contains(search) || (row.Account != null && row.Account.ToLower().Contains(search))
                || row.Address.Contains(search) || (row.Serial != null && row.Serial.Contains(search)));
#pragma warning restore CA1304, CA1311, CA1862
        var rows = await found.OrderByDescending(row => row.Id).Take(limit + 1).ToListAsync(context.RequestAborted).ConfigureAwait(false);
        var names = await NamesAsync(db, rows.Select(row => row.HostId), context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(
            context,
            new Page<HostSessionRecord>([.. rows.Take(limit).Select(row => new HostSessionRecord(row.HostId, names[row.HostId], row.ToRecord(), row.ToldAt))], Next(rows, limit, row => row.Id)),
            ContractsJson.Default.PageHostSessionRecord).ConfigureAwait(false);
    }

    private static async Task RefusalsAsync(HttpContext context)
    {
        var (limit, before, search, host) = (Json.Limit(context), Before(context), Search(context), HostOf(context));
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        var found = db.HostRefusals.AsNoTracking().Where(row => row.Id < before);
        if (host is { } of)
            found = found.Where(row => row.HostId == of);
#pragma warning disable CA1304, CA1311, CA1862 // Likewise.
        if (search.Length > 0)
            found = found.Where(row => (row.Device != null && row.Device.ToLower().Contains(search)) || (row.UserName != null && row.UserName.ToLower().Contains(search))
                || row.Address.Contains(search) || row.Reason.Contains(search));
#pragma warning restore CA1304, CA1311, CA1862
        var rows = await found.OrderByDescending(row => row.Id).Take(limit + 1).ToListAsync(context.RequestAborted).ConfigureAwait(false);
        var names = await NamesAsync(db, rows.Select(row => row.HostId), context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(
            context,
            new Page<HostRefusalRecord>([.. rows.Take(limit).Select(row => new HostRefusalRecord(row.HostId, names[row.HostId], row.ToRecord()))], Next(rows, limit, row => row.Id)),
            ContractsJson.Default.PageHostRefusalRecord).ConfigureAwait(false);
    }

    private static async Task StatesAsync(HttpContext context)
    {
        var limit = Json.Limit(context);
        var (joinedAt, hostId) = Hosts.ListHosts.ReadCursor(Json.After(context));
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        var rows = await db.Hosts.Where(host => host.RemovedAt == null && (host.JoinedAt > joinedAt || (host.JoinedAt == joinedAt && host.HostId.CompareTo(hostId) > 0)))
            .OrderBy(host => host.JoinedAt).ThenBy(host => host.HostId).Take(limit + 1)
            .Select(host => new { Host = host, Told = db.HostStates.FirstOrDefault(state => state.HostId == host.HostId) })
            .ToListAsync(context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(
            context,
            new Page<HostStateRecord>(
                [.. rows.Take(limit).Select(row => new HostStateRecord(row.Host.HostId, row.Host.Name, row.Told?.ToldAt, row.Told?.Read()))],
                rows.Count > limit ? Hosts.ListHosts.CursorAt(rows[limit - 1].Host) : null),
            ContractsJson.Default.PageHostStateRecord).ConfigureAwait(false);
    }

    // A host that was removed is named as it was.
    private static Task<Dictionary<Guid, string>> NamesAsync(LedgerContext db, IEnumerable<Guid> hosts, CancellationToken cancellation)
    {
        Guid[] ids = [.. hosts.Distinct()];
        return db.Hosts.Where(host => ids.Contains(host.HostId)).ToDictionaryAsync(host => host.HostId, host => host.Name, cancellation);
    }

    private static string? Next<T>(List<T> rows, int limit, Func<T, long> id) => rows.Count > limit ? id(rows[limit - 1]).ToString(CultureInfo.InvariantCulture) : null;

    private static long Before(HttpContext context)
        => Json.After(context) is not { } text ? long.MaxValue
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var before) ? before : throw Json.NotACursor();

    private static string Search(HttpContext context)
        => Json.Text(context.Request.Query["search"].ToString(), "search", MaxSearch, mayBeEmpty: true).ToLowerInvariant();

    private static Guid? HostOf(HttpContext context) => context.Request.Query["host"].ToString() switch
    {
        "" => null,
        var text => Guid.TryParse(text, out var id) ? id : throw new ProblemException(LicensingProblem.InvalidField, "host is a host's id", "host"),
    };
}
