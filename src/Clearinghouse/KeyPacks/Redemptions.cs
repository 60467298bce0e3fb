using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
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

/// <summary>Makes product keys key packs, by whatever method the request came. The steps are those of <c>docs/issuance-cycle.md</c>.</summary>
internal sealed class Redemptions(
    ClearinghouseOptions options, Database database, ProductKeySecrets secrets, Issuers issuers, SignerClient signer, TimeProvider time, ILogger<Redemptions> logger)
{
    /// <summary>Steps 2 to 4: the same product key from the same license server is the same pack with the same signature, by every method.</summary>
    /// <exception cref="ProblemException">The key is unknown, or another license server has it.</exception>
    public async Task<KeyPackRow> RedeemAsync(ProductKey productKey, LicenseServerIdentity licenseServer, ConnectionMethod method, CancellationToken cancellation)
    {
        // Step 2: give the product key to this license server, store what will be signed, and commit.
        var pack = await StoreAsync(productKey, licenseServer, method, cancellation);
        options.AfterStep?.Invoke(IssuanceStep.RedemptionStored);

        // Steps 3 and 4: sign, store the statement once.
        return pack.Statement is null ? await SignAsync(pack, licenseServer, cancellation) : pack;
    }

    private Task<KeyPackRow> StoreAsync(ProductKey productKey, LicenseServerIdentity licenseServer, ConnectionMethod method, CancellationToken cancellation)
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
                            LicensingProblem.ProductKeyRedeemedElsewhere, $"the product key was installed on another license server on {key.RedeemedAt:yyyy-MM-dd}; to move its CALs, remove the pack there and ask the publisher to transfer it");
                }

                if (key.BoundTo is { } drawnFor && drawnFor != licenseServer.Id.Text)
                    throw new ProblemException(LicensingProblem.ProductKeyRedeemedElsewhere, $"the product key was drawn from an agreement for license server {drawnFor}, and is good there only");
                var now = time.GetUtcNow();
                var statement = new KeyPackStatement(
                    KeyPackAnswer.PackIdOf(productKey, licenseServer.Fingerprint), licenseServer.Fingerprint, key.Type, key.Version, key.Quantity, key.Program,
                    new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero), key.PackUntil);
                var pack = new KeyPackRow
                {
                    PackId = statement.PackId,
                    ProductKeyId = key.Id,
                    LicenseServer = licenseServer.Fingerprint.Hex,
                    Payload = statement.Encode(),
                };
                key.Redeem(licenseServer.Id, pack.PackId, now);
                store.KeyPacks.Add(pack);
                store.AppendAudit(
                    "redemption", $"product key {key.Id}, license server {licenseServer.Id}, key pack {pack.PackId}, {KebabCase.Of(method)}", pack.Payload, now);
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

    /// <summary>The issuing certificate whose key signed it.</summary>
    public X509Certificate2 IssuerOf(KeyPackRow pack)
        => issuers.Known.FirstOrDefault(issuer => KeyFingerprint.Of(issuer).Hex == pack.Issuer)
            ?? throw new InvalidOperationException($"the issuing certificate of key pack {pack.PackId} is not remembered");
}
