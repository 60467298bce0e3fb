using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Audit;

/// <summary><c>GET /v1/audit</c>: what happened, and who did it, newest first. <c>GET /v1/audit/verification</c> recomputes the chain.</summary>
internal static class ListAudit
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/audit", ListAsync).At(Door.Administration).For(AccountRole.Reader)
            .AnswersPage<ClearinghouseAuditRecord>("What happened and who did it, newest first.");
        routes.MapGet("/v1/audit/verification", VerifyAsync).At(Door.Administration).For(AccountRole.Reader)
            .Answers<ClearinghouseAuditVerification>("Recomputes the audit chain.");
    }

    private static async Task ListAsync(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) is not { } text ? long.MaxValue
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Json.NotACursor();
        var rows = await context.RequestServices.GetRequiredService<Database>().ReadAsync(
            store => store.Audit.AsNoTracking().Where(row => row.Number < after).OrderByDescending(row => row.Number).Take(limit + 1).ToListAsync(context.RequestAborted),
            context.RequestAborted);
        var page = new Page<ClearinghouseAuditRecord>(
            [.. rows.Take(limit).Select(row => new ClearinghouseAuditRecord(row.Number, row.At, row.By, row.Kind, row.Subject))], rows.Count > limit ? $"{rows[limit - 1].Number}" : null);
        await Json.WriteAsync(context, page, ContractsJson.Default.PageClearinghouseAuditRecord);
    }

    private static async Task VerifyAsync(HttpContext context)
    {
        var (entries, fault) = await context.RequestServices.GetRequiredService<Database>().ReadAsync(
            async store => (await store.Audit.LongCountAsync(context.RequestAborted), await store.VerifyAuditAsync(context.RequestAborted)), context.RequestAborted);
        await Json.WriteAsync(
            context, new ClearinghouseAuditVerification(fault is null, entries, fault?.Number, fault?.Fault), ContractsJson.Default.ClearinghouseAuditVerification);
    }
}
