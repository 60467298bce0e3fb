using System.Formats.Cbor;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Agreements;

/// <summary><c>POST /v1/draws</c>, by a license server, and <c>POST /v1/telephone/draws</c>, by an operator who hears what is wanted: a product key from an agreement.</summary>
internal sealed class DrawCals(AgreementDraws agreements, Activations activations, Issuers issuers, PublishedTrust trust, TimeProvider time)
{
    public async Task<JsonHttpResult<DrawCalsResponse>> HandleAsync(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ContractsJson.Default.DrawCalsRequest);
        using var licenseServer = LicenseServerIdentity.Verify(
            Json.Require(body.LicenseServerCertificate, "licenseServerCertificate"), trust, issuers, time.GetUtcNow());
        var request = ReadRequest(Json.Require(body.Request, "request"), licenseServer);
        var (_, key) = await agreements.DrawAsync(request, licenseServer, ConnectionMethod.Automatic, context.RequestAborted);
        return TypedResults.Json(new DrawCalsResponse(key.Text), ContractsJson.Default.DrawCalsResponse);
    }

    public async Task<JsonHttpResult<ProductKeyRecord>> ByTelephoneAsync(HttpContext context)
        => TypedResults.Json(await ByTelephoneAsync(await Json.ReadAsync(context, ContractsJson.Default.TelephoneDrawRequest), context.RequestAborted), ContractsJson.Default.ProductKeyRecord);

    /// <exception cref="ProblemException">The license server is not activated, or the agreement does not give it.</exception>
    public async Task<ProductKeyRecord> ByTelephoneAsync(TelephoneDrawRequest heard, CancellationToken cancellation)
    {
        if (!LicenseServerId.TryParse(Json.Require(heard.LicenseServerId, "licenseServerId"), out var id, out var error))
            throw new ProblemException(LicensingProblem.InvalidField, error, "licenseServerId");
        if (heard.Quantity is < 1 or > ProductKey.MaxQuantity)
            throw new ProblemException(LicensingProblem.InvalidField, $"quantity is {heard.Quantity}; 1 to {ProductKey.MaxQuantity} are taken", "quantity");
        using var licenseServer = await activations.IdentifyAsync(id, cancellation);
        var request = new DrawRequest(
            Json.Require(heard.Program, "program"), Json.Require(heard.Numbers, "numbers"), heard.Type, heard.Version, heard.Quantity, Json.Require(heard.Nonce, "nonce"), time.GetUtcNow());
        var (row, key) = await agreements.DrawAsync(request, licenseServer, ConnectionMethod.Telephone, cancellation);
        return ProductKeyRecords.Of(row, key.Text);
    }

    /// <summary>A request that this license server's key has signed.</summary>
    /// <exception cref="ProblemException">It has not, or the request is none.</exception>
    public static DrawRequest ReadRequest(byte[] message, LicenseServerIdentity licenseServer)
    {
        if (!Statement.TryVerify(message, licenseServer.Key, out var payload))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "request is not signed by the license server's key", "request");
        try
        {
            return DrawRequest.Decode(payload);
        }
        catch (CborContentException malformed)
        {
            throw new ProblemException(LicensingProblem.InvalidField, malformed.Message, "request");
        }
    }
}
