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
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Policy;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Hosts;

/// <summary><c>PUT /v1/hosts/{id}</c> and <c>DELETE /v1/hosts/{id}?undoSince=TIME</c>: what a session host may, and its end.</summary>
internal static class ChangeHost
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/v1/hosts/{id}", Change).At(Door.Administration).For(AccountRole.Operator)
            .Takes<ChangeHostRequest>().Answers<HostRecord>("Changes what a session host may.");
        routes.MapDelete("/v1/hosts/{id}", Remove).At(Door.Administration).For(AccountRole.Administrator)
            .TakesQuery("undoSince", "Revokes the CALs that it took since this time of ISO 8601.").Answers<RemovedHost>("Takes a session host out at once; with a time, revokes what it took since.");
    }

    private static async Task Change(HttpContext context)
    {
        var hostId = HostId(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.ChangeHostRequest).ConfigureAwait(false);
        if (request.QuotaPerHour is < 0 or > JoinedHost.MaxQuotaPerHour)
            throw new ProblemException(LicensingProblem.InvalidField, $"quotaPerHour is 0 to {JoinedHost.MaxQuotaPerHour}, not {request.QuotaPerHour}", "quotaPerHour");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var (changed, _) = await ledger.WorkAsync(
            batch =>
            {
                var host = Find(batch, hostId);
                var before = (host.Allowed, host.QuotaPerHour, host.SeparateAccounts, host.Group);
                var after = (request.Allowed ?? host.Allowed, request.QuotaPerHour ?? host.QuotaPerHour, request.SeparateAccounts ?? host.SeparateAccounts, request.Group switch { null => host.Group, "" => null, var group => group });
                // The same again changes nothing.
                if (after == before)
                    return host;
                if (after.Item4 is { } name && name != host.Group && ManageHostGroups.Find(batch, name) is not { RemovedAt: null })
                    throw new ProblemException(LicensingProblem.InvalidField, "there is no host group of that name; 'ostiary hosts group list' lists them", "group");
                (host.Allowed, host.QuotaPerHour, host.SeparateAccounts, host.Group) = after;
                Record(batch, "host-changed", host);
                // The host is woken to hear what its new group is told.
                if (after.Item4 != before.Group)
                    batch.ListChanged();
                return host;
            },
            context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, ListHosts.Record(changed), ContractsJson.Default.HostRecord).ConfigureAwait(false);
    }

    private static async Task Remove(HttpContext context)
    {
        var hostId = HostId(context);
        var undoSince = UndoSince(context);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var (removed, _) = await ledger.WorkAsync(batch => Remove(batch, hostId, undoSince), context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, removed, ContractsJson.Default.RemovedHost).ConfigureAwait(false);
    }

    // One transaction: there is no moment in which the host is out and still holds what it took.
    private static RemovedHost Remove(LedgerBatch batch, Guid hostId, DateTimeOffset? undoSince)
    {
        var host = Find(batch, hostId);
        host.Remove(batch.Now);
        Record(batch, "host-removed", host);
        batch.ListChanged();
        if (undoSince is not { } since)
            return new(hostId, 0, 0);
        batch.DevicePacks();
        var taken = batch.Db.Licenses.AsNoTracking().Where(license => license.HostId == hostId && license.NotBefore >= since && license.Status == LicenseStatus.Live).ToList();
        var revoked = 0;
        foreach (var license in taken.Select(batch.Rows.Attach).Where(license => license.Status == LicenseStatus.Live && !license.IsOver(batch.Now)))
        {
            batch.Revoke(license, "taken by a session host that was removed", outsideLimit: true);
            revoked++;
        }

        var dropped = batch.Db.Temporaries.Where(temporary => temporary.HostId == hostId && temporary.NotBefore >= since).ExecuteDelete();
        return new(hostId, revoked, dropped);
    }

    public static void Record(LedgerBatch batch, string kind, JoinedHost host) => batch.Audit(kind, CanonicalContent.Hosts, host.HostId.ToString(), number =>
    {
        host.LedgerNumber = number;
        return CanonicalContent.Of(host);
    });

    private static JoinedHost Find(LedgerBatch batch, Guid hostId)
        => batch.Db.Hosts.AsTracking().SingleOrDefault(row => row.HostId == hostId) is { RemovedAt: null } host
            ? host
            : throw new ProblemException(LicensingProblem.NotFound, $"no session host {hostId} has joined; 'ostiary hosts list' lists them");

    private static Guid HostId(HttpContext context)
        => Guid.TryParse(context.Request.RouteValues["id"] as string, out var hostId)
            ? hostId
            : throw new ProblemException(LicensingProblem.InvalidField, "a host id has 32 hexadecimal digits", "id");

    private static DateTimeOffset? UndoSince(HttpContext context)
    {
        var text = context.Request.Query["undoSince"].ToString();
        if (text.Length == 0)
            return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since)
            ? since
            : throw new ProblemException(LicensingProblem.InvalidField, "undoSince is a time of ISO 8601, for example 2026-03-01T12:00:00Z", "undoSince");
    }
}
