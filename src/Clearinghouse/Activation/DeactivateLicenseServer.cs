using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Activation;

/// <summary><c>POST /v1/deactivations</c>: a license server has given its key packs up. The steps are those of <c>docs/issuance-cycle.md</c>.</summary>
internal sealed class DeactivateLicenseServer(Deactivations deactivations)
{
    public async Task<JsonHttpResult<DeactivateResponse>> HandleAsync(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ContractsJson.Default.DeactivateRequest);
        var request = Read(Json.Require(body.Request, "request"), Json.Require(body.Proof, "proof"));
        var row = await deactivations.DeactivateAsync(request, ActivateLicenseServer.Check(body.Contact), ConnectionMethod.Automatic, context.RequestAborted);
        return TypedResults.Json(new DeactivateResponse(row.Statement!, CertificateChain.ToPem([deactivations.IssuerOf(row)])), ContractsJson.Default.DeactivateResponse);
    }

    /// <summary>The request of whoever holds its key.</summary>
    /// <exception cref="ProblemException">It is none, or the proof is not that key's.</exception>
    public static ActivationRequest Read(byte[] bytes, byte[] proof)
    {
        var request = ActivateLicenseServer.Proven(bytes, proof);
        ActivateLicenseServer.RequireKind(request, request.Kind == ActivationKind.Deactivate, "a deactivation");
        return request;
    }
}
