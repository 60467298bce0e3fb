using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Trust;

/// <summary><c>GET /v1/trust</c>: what this license server knows of the publisher, for its hosts, who check it for themselves.</summary>
internal static class ShowTrust
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/trust", Show).AtHosts(Credential.Membership);

    private static async Task Show(HttpContext context)
    {
        var host = HostCredential.RequireMembership(context);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        await using (var db = ledger.Database.OpenReader())
            HostCredential.RequireMember(await db.Hosts.SingleOrDefaultAsync(row => row.HostId == host.HostId, context.RequestAborted).ConfigureAwait(false), host);
        var trust = ledger.Identity.Current.Trust
            ?? throw new ProblemException(LicensingProblem.NotActivated, "the license server is not activated, and knows no root");
        await Json.WriteAsync(context, trust.ToDocuments(), ContractsJson.Default.TrustDocuments).ConfigureAwait(false);
    }
}
