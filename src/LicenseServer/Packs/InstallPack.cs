using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Doors;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Trust;

namespace Ostiary.LicenseServer.Packs;

/// <summary>
/// <c>POST /v1/packs</c>: 1. a product key that is installed here is answered with its pack; 2. the request's nonce is stored under the key's hash,
/// so that every retry is the same request; 3. the clearinghouse redeems it; 4. the signed statement is checked; 5. the pack is in the ledger.
/// </summary>
internal static class InstallPack
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/packs", Handle).At(Door.Administration).For(AccountRole.Operator)
        .Takes<ProductKeyRequest>().Answers<PackRecord>("Redeems a product key and installs its key pack.");

    private static async Task Handle(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.ProductKeyRequest).ConfigureAwait(false);
        var pack = await InstallAsync(context, ProductKeyText.Parse(request.ProductKey)).ConfigureAwait(false);
        await Json.WriteAsync(context, ListPacks.RecordOf(pack), ContractsJson.Default.PackRecord).ConfigureAwait(false);
    }

    /// <summary>The pack of a product key: as it is installed here, or redeemed at the clearinghouse.</summary>
    internal static async Task<Pack> InstallAsync(HttpContext context, ProductKeyText productKey)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        return await FindAsync(ledger, productKey, context.RequestAborted).ConfigureAwait(false)
            ?? await RedeemAsync(context, ledger, productKey).ConfigureAwait(false);
    }

    /// <summary>The pack that a product key has made here; null when there is none.</summary>
    internal static async Task<Pack?> FindAsync(Ledger ledger, ProductKeyText productKey, CancellationToken cancellation)
    {
        var hash = productKey.Hash();
        await using var db = ledger.Database.OpenReader();
        return await db.Packs.SingleOrDefaultAsync(pack => pack.ProductKeyHash == hash && pack.SplitFrom == null && pack.RemovedAt == null, cancellation).ConfigureAwait(false);
    }

    private static async Task<Pack> RedeemAsync(HttpContext context, Ledger ledger, ProductKeyText productKey)
    {
        var clearinghouse = context.RequestServices.GetRequiredService<ClearinghouseConnection>();
        var response = await clearinghouse.Client.RedeemAsync(
            new(await RequestAsync(context, productKey).ConfigureAwait(false), ledger.Identity.Current.Certificate.ExportCertificatePem()), context.RequestAborted).ConfigureAwait(false);
        using var issuing = await context.RequestServices.GetRequiredService<TrustPulls>().ReadIssuingAsync(response.IssuingCertificate ?? "", context.RequestAborted).ConfigureAwait(false);
        return await AcceptAsync(context, productKey, response.KeyPack ?? [], issuing).ConfigureAwait(false);
    }

    /// <summary>What is asked of a clearinghouse, signed; the same wish at every call for the same product key.</summary>
    /// <exception cref="ProblemException">The license server is not activated.</exception>
    internal static async Task<byte[]> RequestAsync(HttpContext context, ProductKeyText productKey)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        if (!ledger.Identity.Current.IsActivated)
            throw new ProblemException(LicensingProblem.NotActivated, "key packs are installed on an activated license server; activate it first (ostiary server activate)");
        var hash = productKey.Hash();
        var (redemption, _) = await ledger.WorkAsync(batch => Prepare(batch, hash), context.RequestAborted).ConfigureAwait(false);
        return ledger.Identity.Key.SignStatement(new RedemptionRequest(productKey.Spelling, redemption.Nonce, redemption.RequestedAt).Encode());
    }

    /// <summary>Checks a key pack, by whatever way it came, and installs it.</summary>
    /// <exception cref="ProblemException">It is not signed by this issuing key, or is for another license server or product key.</exception>
    internal static async Task<Pack> AcceptAsync(HttpContext context, ProductKeyText productKey, byte[] signed, X509Certificate2 issuing)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var statement = Verify(signed, issuing);
        if (statement.LicenseServer != ledger.Identity.Key.Fingerprint)
            throw new ProblemException(LicensingProblem.SignatureInvalid, "the key pack is for another license server");
        // One that came by a transfer has a number of the clearinghouse's making, and is here already.
        if (!ledger.Identity.Current.EverKeys.Any(key => statement.PackId == KeyPackAnswer.PackIdOf(productKey.Key, key)) && !await IsHereAsync(ledger, statement.PackId, context.RequestAborted).ConfigureAwait(false))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "the key pack is of another product key");

        // Its product key may have come back to this license server: then it is off the newest list.
        if (RevocationOf(context, statement.PackId) is not null)
            await context.RequestServices.GetRequiredService<TrustPulls>().TryPullAsync(context.RequestAborted).ConfigureAwait(false);
        if (RevocationOf(context, statement.PackId) is { } revoked)
            throw new ProblemException(LicensingProblem.RuleForbids, $"the publisher revoked key pack {statement.PackId} on {revoked.RevokedAt:yyyy-MM-dd} ({KebabCase.Of(revoked.Reason)})");

        var (hash, issuingCertificate) = (productKey.Hash(), issuing.RawData);
        var (pack, _) = await ledger.WorkAsync(batch => Install(batch, statement, signed, issuingCertificate, hash), context.RequestAborted).ConfigureAwait(false);
        Log.PackInstalled(context.RequestServices.GetRequiredService<ILogger<Ledger>>(), pack.PackId, pack.Quantity, pack.Version.Year);
        return pack;
    }

    /// <summary>The statement of a key pack that this issuing key has signed.</summary>
    /// <exception cref="ProblemException">It has not.</exception>
    internal static KeyPackStatement Verify(byte[] signed, X509Certificate2 issuing)
    {
        using var issuingKey = issuing.GetECDsaPublicKey();
        return issuingKey is not null && Statement.TryVerify(signed, issuingKey, out var payload)
            ? Decode(payload)
            : throw new ProblemException(LicensingProblem.SignatureInvalid, "the key pack is not signed by the clearinghouse's issuing key");
    }

    private static RevokedKeyPack? RevocationOf(HttpContext context, Guid packId) => context.RequestServices.GetRequiredService<ClearinghouseConnection>().Trust.RevocationOf(packId);

    private static async Task<bool> IsHereAsync(Ledger ledger, Guid packId, CancellationToken cancellation)
    {
        await using var db = ledger.Database.OpenReader();
        return await db.Packs.AnyAsync(pack => pack.PackId == packId, cancellation).ConfigureAwait(false);
    }

    private static Redemption Prepare(LedgerBatch batch, byte[] hash)
    {
        if (batch.Db.Redemptions.AsTracking().SingleOrDefault(row => row.ProductKeyHash == hash) is { } before)
            return before;
        if (batch.Db.Redemptions.Local.SingleOrDefault(row => row.ProductKeyHash.AsSpan().SequenceEqual(hash)) is { } justNow)
            return justNow;
        var redemption = new Redemption { ProductKeyHash = hash, Nonce = RandomNumberGenerator.GetBytes(RedemptionRequest.NonceLength), RequestedAt = batch.Now };
        batch.Db.Add(redemption);
        return redemption;
    }

    /// <summary>The pack's row; the same pack again is the same row.</summary>
    internal static Pack Install(LedgerBatch batch, KeyPackStatement statement, byte[] signed, byte[] issuingCertificate, byte[] productKeyHash, string kind = "pack-installed")
    {
        if (batch.Db.Packs.AsTracking().SingleOrDefault(row => row.PackId == statement.PackId) is { } before)
            return Restore(batch, before, signed, issuingCertificate);
        if (batch.Db.Packs.Local.SingleOrDefault(row => row.PackId == statement.PackId) is { } justNow)
            return justNow;
        var pack = new Pack
        {
            PackId = statement.PackId,
            Type = statement.Type,
            Version = statement.Version,
            Quantity = statement.Quantity,
            Program = statement.Program,
            IssuedAt = statement.IssuedAt,
            ExpiresAt = statement.ExpiresAt,
            InstalledAt = batch.Now,
            Statement = signed,
            IssuingCertificate = issuingCertificate,
            ProductKeyHash = productKeyHash,
        };
        batch.Audit(kind, CanonicalContent.Packs, pack.PackId.ToString(), number =>
        {
            pack.LedgerNumber = number;
            return CanonicalContent.Of(pack);
        });
        batch.Db.Add(pack);
        return pack;
    }

    // A pack that was removed comes back whole, with what was converted of it.
    private static Pack Restore(LedgerBatch batch, Pack pack, byte[] signed, byte[] issuingCertificate)
    {
        if (pack.RemovedAt is null)
            return pack;
        if (pack.TransferId is not null)
            throw new ProblemException(LicensingProblem.RuleForbids, $"key pack {pack.PackId} was signed away to another license server on {pack.RemovedAt:yyyy-MM-dd}; take that back, if it was not received there yet: ostiary packs transfer {pack.PackId} --undo");
        foreach (var part in batch.Db.Packs.AsTracking().Where(row => row.ProductKeyHash == pack.ProductKeyHash && row.RemovedAt != null).ToList())
        {
            part.RemovedAt = null;
            part.SignAgain(signed, issuingCertificate);
            batch.Enter("pack-restored", part);
        }

        return pack;
    }

    private static KeyPackStatement Decode(byte[] payload)
    {
        try
        {
            return KeyPackStatement.Decode(payload);
        }
        catch (CborContentException malformed)
        {
            throw new ProblemException(LicensingProblem.SignatureInvalid, $"the key pack is signed, but not of a form that this version understands: {malformed.Message}");
        }
    }
}
