using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.LicenseServer.Http;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Hosts;

/// <summary><c>GET /v1/hosts</c>: the session hosts, by when they joined.</summary>
internal static class ListHosts
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/hosts", List).At(Door.Administration).For(AccountRole.Reader);

    private static async Task List(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) is not { } text ? 0 : long.TryParse(text, out var number) ? number : throw Json.NotACursor();
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        // There are few hosts, and they have no numbers of their own: the cursor counts.
        var rows = await db.Hosts.Where(host => host.RemovedAt == null).OrderBy(host => host.JoinedAt).ThenBy(host => host.HostId)
            .Skip((int)Math.Min(after, int.MaxValue)).Take(limit + 1).ToListAsync(context.RequestAborted).ConfigureAwait(false);
        var page = new Page<HostRecord>(
            [.. rows.Take(limit).Select(host => new HostRecord(host.HostId, host.Name, host.Version, host.Mode, host.JoinedAt, host.CertificateUntil, host.LastSeenAt))],
            rows.Count > limit ? $"{after + limit}" : null);
        await Json.WriteAsync(context, page, ContractsJson.Default.PageHostRecord).ConfigureAwait(false);
    }
}
