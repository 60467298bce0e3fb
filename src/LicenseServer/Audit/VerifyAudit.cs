using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Doors;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Audit;

/// <summary><c>GET /v1/audit/verification</c>.</summary>
internal static class VerifyAudit
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/audit/verification", Handle).At(Door.Administration).For(AccountRole.Reader)
        .Answers<AuditVerification>("Recomputes the audit chain and compares every row with it.");

    private static async Task Handle(HttpContext context)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        await using var db = ledger.Database.OpenReader();
        var verification = await AuditVerifier.VerifyAsync(db, ledger.Identity.Current, context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, verification, ContractsJson.Default.AuditVerification).ConfigureAwait(false);
    }
}
