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

namespace Ostiary.LicenseServer.Audit;

/// <summary><c>GET /v1/audit</c>: what happened, and who did it, newest first.</summary>
internal static class ListAudit
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/audit", List).At(Door.Administration).For(AccountRole.Reader)
        .AnswersPage<AuditRecord>("What happened and who did it, newest first.");

    private static async Task List(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) is not { } text ? long.MaxValue
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Json.NotACursor();
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        var rows = await db.Audit.Where(entry => entry.Number < after).OrderByDescending(entry => entry.Number).Take(limit + 1)
            .LeftJoin(db.AuditDetails, entry => entry.Number, detail => detail.Number, (entry, detail) => new { entry, By = detail == null ? null : detail.By })
            .OrderByDescending(row => row.entry.Number)
            .ToListAsync(context.RequestAborted).ConfigureAwait(false);
        var page = new Page<AuditRecord>(
            [.. rows.Take(limit).Select(row => new AuditRecord(row.entry.Number, row.entry.At, row.By, row.entry.Kind, row.entry.Table, row.entry.Row))],
            rows.Count > limit ? $"{rows[limit - 1].entry.Number}" : null);
        await Json.WriteAsync(context, page, ContractsJson.Default.PageAuditRecord).ConfigureAwait(false);
    }
}
