using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Activation;

/// <summary>
/// <c>POST /v1/reactivations</c>: certifies the key of an activated license server again, and gives it the key packs that it has here. The steps are those of
/// an activation in <c>docs/issuance-cycle.md</c>.
/// </summary>
internal sealed class ReactivateLicenseServer(Activations activations, Redemptions redemptions)
{
    public async Task<JsonHttpResult<ReactivateResponse>> HandleAsync(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ContractsJson.Default.ReactivateRequest);
        var request = Read(Json.Require(body.Request, "request"), Json.Require(body.Proof, "proof"));
        var (row, packs, next) = await ReactivateAsync(request, ActivateLicenseServer.Check(body.Contact), ConnectionMethod.Automatic, body.After, context.RequestAborted);
        return TypedResults.Json(
            new ReactivateResponse(
                new(row.Day, row.KeyId, row.Term, row.Signature!, CertificateChain.ToPem([activations.IssuerOf(row)])),
                [.. packs.Select(pack => new RedeemResponse(pack.Statement!, CertificateChain.ToPem([redemptions.IssuerOf(pack)])))], next),
            ContractsJson.Default.ReactivateResponse);
    }

    /// <summary>The request of whoever holds its key.</summary>
    /// <exception cref="ProblemException">It is none, or the proof is not that key's.</exception>
    public static ActivationRequest Read(byte[] bytes, byte[] proof)
    {
        var request = ActivateLicenseServer.Proven(bytes, proof);
        ActivateLicenseServer.RequireKind(request, request.Kind.Reason() is not null, "a reactivation");
        return request;
    }

    /// <summary>The same for every method.</summary>
    /// <param name="request">Checked.</param>
    /// <param name="contact">Checked.</param>
    /// <param name="method">How it came.</param>
    /// <param name="after">Where key packs go on; null at the beginning.</param>
    /// <param name="cancellation">The request's.</param>
    public async Task<(ActivationRow Row, IReadOnlyList<KeyPackRow> Packs, long? Next)> ReactivateAsync(
        ActivationRequest request, ContactPerson contact, ConnectionMethod method, long? after, CancellationToken cancellation)
    {
        if (after < 0)
            throw new ProblemException(LicensingProblem.InvalidField, "after is not the next of an answer before", "after");
        var row = await activations.ReactivateAsync(request, contact, method, cancellation);
        var packs = await redemptions.OfAsync(KeyFingerprint.Of(request.SubjectPublicKeyInfo()), after ?? 0, ReactivateResponse.MaxKeyPacks, cancellation);
        return (row, packs.Packs, packs.Next);
    }
}
