using System.Formats.Cbor;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.KeyPacks;

/// <summary><c>POST /v1/key-packs</c>: makes a product key a key pack. The steps are those of <c>docs/issuance-cycle.md</c>.</summary>
internal sealed class RedeemProductKey(Redemptions redemptions, Activations activations, Issuers issuers, PublishedTrust trust, TimeProvider time)
{
    public async Task<JsonHttpResult<RedeemResponse>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var body = await Json.ReadAsync(context, ContractsJson.Default.RedeemRequest);

        // Step 1: did a license server of ours ask, and for which product key?
        using var licenseServer = LicenseServerIdentity.Verify(
            Json.Require(body.LicenseServerCertificate, "licenseServerCertificate"), trust, issuers, time.GetUtcNow());
        if (licenseServer.UnderWithdrawnKey && await activations.FindAsync(licenseServer.Id, cancellation) is null)
            throw new ProblemException(LicensingProblem.SignatureInvalid, "the license server's certificate is by an issuing key that was withdrawn, and it was not activated here", "licenseServerCertificate");
        var productKey = ReadRequest(Json.Require(body.Request, "request"), licenseServer);

        // Steps 2 to 4, and step 5: answer what is stored.
        var pack = await redemptions.RedeemAsync(productKey, licenseServer, ConnectionMethod.Automatic, cancellation);
        return TypedResults.Json(
            new RedeemResponse(pack.Statement!, CertificateChain.ToPem([redemptions.IssuerOf(pack)])), ContractsJson.Default.RedeemResponse);
    }

    /// <summary>The product key of a request that this license server's key has signed.</summary>
    /// <exception cref="ProblemException">It has not, or the request is none.</exception>
    public static ProductKey ReadRequest(byte[] message, LicenseServerIdentity licenseServer)
    {
        if (!Statement.TryVerify(message, licenseServer.Key, out var payload))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "request is not signed by the license server's key", "request");
        try
        {
            return ProductKeyProblems.Parse(RedemptionRequest.Decode(payload).ProductKey);
        }
        catch (CborContentException malformed)
        {
            throw new ProblemException(LicensingProblem.InvalidField, malformed.Message, "request");
        }
    }
}
