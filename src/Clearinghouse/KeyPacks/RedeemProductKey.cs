using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Doors;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.KeyPacks;

/// <summary><c>POST /v1/key-packs</c>: makes a product key a key pack. The steps are those of <c>docs/issuance-cycle.md</c>.</summary>
internal sealed class RedeemProductKey(
    ClearinghouseOptions options, Database database, ProductKeySecrets secrets, Issuers issuers, PublishedRoot root, SignerClient signer,
    TimeProvider time, ILogger<RedeemProductKey> logger)
{
    public async Task<JsonHttpResult<RedeemResponse>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var body = await Body.ReadAsync(context, ContractsJson.Default.RedeemRequest);

        // Step 1: did a license server of ours ask, and for which product key?
        using var licenseServer = LicenseServerIdentity.Verify(
            Body.Require(body.LicenseServerCertificate, "licenseServerCertificate"), root, issuers.Known, time.GetUtcNow());
        var productKey = ReadRequest(Body.Require(body.Request, "request"), licenseServer);

        // Step 2: give the product key to this license server, store what will be signed, and commit.
        var pack = await StoreAsync(productKey, licenseServer, cancellation);
        options.AfterStep?.Invoke(IssuanceStep.RedemptionStored);

        // Steps 3 and 4: sign, store the statement once.
        if (pack.Statement is null)
            pack = await SignAsync(pack, licenseServer, cancellation);

        // Step 5: answer what is stored.
        return TypedResults.Json(
            new RedeemResponse(pack.Statement!, CertificateChain.ToPem([IssuerOf(pack)])), ContractsJson.Default.RedeemResponse);
    }

    private static ProductKey ReadRequest(byte[] message, LicenseServerIdentity licenseServer)
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

    private Task<KeyPackRow> StoreAsync(ProductKey productKey, LicenseServerIdentity licenseServer, CancellationToken cancellation)
        => database.WriteAsync(
            async store =>
            {
                var hash = secrets.LookupHash(productKey);
                var key = await store.ProductKeys.SingleOrDefaultAsync(row => row.LookupHash == hash, cancellation) ?? throw ProductKeyProblems.Unknown();
                if (key.PackId is { } packId)
                {
                    var redeemed = await store.KeyPacks.AsNoTracking().SingleAsync(row => row.PackId == packId, cancellation);
                    return redeemed.LicenseServer == licenseServer.Fingerprint.Hex
                        ? redeemed
                        : throw new ProblemException(
                            LicensingProblem.ProductKeyRedeemedElsewhere, $"the product key was installed on another license server on {key.RedeemedAt:yyyy-MM-dd}");
                }

                var now = time.GetUtcNow();
                var statement = new KeyPackStatement(
                    new Guid(RandomNumberGenerator.GetBytes(16), bigEndian: true), licenseServer.Fingerprint, key.Type, key.Version, key.Quantity, key.Program, now, null);
                var pack = new KeyPackRow
                {
                    PackId = statement.PackId,
                    ProductKeyId = key.Id,
                    LicenseServer = licenseServer.Fingerprint.Hex,
                    Payload = statement.Encode(),
                };
                key.Redeem(licenseServer.Id, pack.PackId, now);
                store.KeyPacks.Add(pack);
                await store.AppendAuditAsync(
                    "redemption", $"product key {key.Id}, license server {licenseServer.Id}, key pack {pack.PackId}", pack.Payload, now, cancellation);
                return pack;
            },
            cancellation);

    private async Task<KeyPackRow> SignAsync(KeyPackRow stored, LicenseServerIdentity licenseServer, CancellationToken cancellation)
    {
        var statement = await signer.SignKeyPackAsync(stored.Payload, cancellation);
        options.AfterStep?.Invoke(IssuanceStep.RedemptionSigned);
        var issuer = KeyFingerprint.Of(await issuers.IssuerOfAsync(statement, stored.Payload, $"key pack {stored.PackId}", cancellation));

        var pack = await database.WriteAsync(
            async store =>
            {
                var row = await store.KeyPacks.SingleAsync(row => row.PackId == stored.PackId, cancellation);
                row.Sign(statement, issuer.Hex, time.GetUtcNow());
                return row;
            },
            cancellation);
        options.AfterStep?.Invoke(IssuanceStep.RedemptionSignatureStored);
        logger.Redeemed(pack.ProductKeyId, licenseServer.Id.Text, pack.PackId);
        return pack;
    }

    private X509Certificate2 IssuerOf(KeyPackRow pack)
        => issuers.Known.FirstOrDefault(issuer => KeyFingerprint.Of(issuer).Hex == pack.Issuer)
            ?? throw new InvalidOperationException($"the issuing certificate of key pack {pack.PackId} is not remembered");
}
