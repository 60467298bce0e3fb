using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Diagnosis;

/// <summary><c>POST /v1/diagnosis</c>: what concerns the host that asks, and nothing of others. It writes nothing, so that a host may ask as often as it likes.</summary>
internal static class DiagnoseHost
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/diagnosis", AnswerAsync).AtHosts(Credential.Membership);

    private static async Task AnswerAsync(HttpContext context)
    {
        var identity = HostCredential.RequireMembership(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.DiagnosisRequest).ConfigureAwait(false);
        Json.Text(request.SoftwareVersion, "softwareVersion", SoftwareVersion.MaxLength);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var checks = context.RequestServices.GetRequiredService<ServerChecks>();
        await using var db = ledger.Database.OpenReader();
        await using var snapshot = await db.BeginSnapshotAsync(context.RequestAborted).ConfigureAwait(false);
        var member = HostCredential.RequireMember(await db.Hosts.SingleOrDefaultAsync(row => row.HostId == identity.HostId, context.RequestAborted).ConfigureAwait(false), identity);
        var pool = await checks.PoolAsync(db, context.RequestAborted).ConfigureAwait(false);
        var host = ServerChecks.Of(member, ledger.Clock.GetUtcNow());
        var (installed, available) = FindingRules.Serving(pool, host.Type, host.Version);
        await Json.WriteAsync(
            context,
            new HostDiagnosis(pool.Name, SoftwareVersion.Own, pool.Activated, host.Type, host.Version, host.Mode, installed, available, pool.Recovery is not null, FindingRules.For(host, pool)),
            ContractsJson.Default.HostDiagnosis).ConfigureAwait(false);
    }
}
