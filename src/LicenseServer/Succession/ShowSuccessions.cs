using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Trust;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Succession;

/// <summary>
/// <c>GET /v1/successions</c>: the keys that this license server had before, for hosts that have pinned one of them. They have no connection that they would
/// trust, so nothing is asked of them; what is answered is signed, and the same for everybody.
/// </summary>
internal static class ShowSuccessions
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/successions", Show).AtHosts(Credential.None);

    private static Task Show(HttpContext context)
    {
        var identity = context.RequestServices.GetRequiredService<Ledger>().Identity.Current;
        var documents = new SuccessionDocuments(
            [.. identity.Predecessors.TakeLast(SuccessionDocuments.MaxSuccessions).Select(before => before.Document).OfType<SuccessionDocument>()], CertificateChain.ToPem(identity.Chain), identity.Trust?.ToDocuments());
        return Json.WriteAsync(context, documents, ContractsJson.Default.SuccessionDocuments);
    }
}
