using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Doors;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Hosts;

/// <summary><c>GET /v1/hosts</c>: the session hosts, by when they joined.</summary>
internal static class ListHosts
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/hosts", List).At(Door.Administration).For(AccountRole.Reader)
        .AnswersPage<HostRecord>("The session hosts, by when they joined.");

    public static HostRecord Record(JoinedHost host) => new(
        host.HostId, host.Name, host.Version, host.Mode, host.JoinedAt, host.CertificateUntil, host.LastSeenAt, host.Allowed, host.QuotaPerHour, host.SeparateAccounts, host.Group);

    private static async Task List(HttpContext context)
    {
        var limit = Json.Limit(context);
        var (joinedAt, hostId) = ReadCursor(Json.After(context));
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        var rows = await db.Hosts.Where(host => host.RemovedAt == null && (host.JoinedAt > joinedAt || (host.JoinedAt == joinedAt && host.HostId.CompareTo(hostId) > 0)))
            .OrderBy(host => host.JoinedAt).ThenBy(host => host.HostId).Take(limit + 1).ToListAsync(context.RequestAborted).ConfigureAwait(false);
        var page = new Page<HostRecord>(
            [.. rows.Take(limit).Select(Record)],
            rows.Count > limit ? CursorAt(rows[limit - 1]) : null);
        await Json.WriteAsync(context, page, ContractsJson.Default.PageHostRecord).ConfigureAwait(false);
    }

    // Seconds and host id: a host that is removed between two pages makes nobody be left out.
    public static string CursorAt(JoinedHost host) => $"{host.JoinedAt.ToUnixTimeSeconds()}-{host.HostId:N}";

    public static (DateTimeOffset JoinedAt, Guid HostId) ReadCursor(string? text)
    {
        if (text is null)
            return (DateTimeOffset.UnixEpoch, Guid.Empty);
        return text.Split('-') is [var seconds, var id] && uint.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var joinedAt) && Guid.TryParseExact(id, "N", out var hostId)
            ? (DateTimeOffset.FromUnixTimeSeconds(joinedAt), hostId)
            : throw Json.NotACursor();
    }
}
