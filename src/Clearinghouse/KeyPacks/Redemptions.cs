using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Revocations;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.KeyPacks;

/// <summary>Makes product keys key packs, by whatever method the request came. The steps are those of <c>docs/issuance-cycle.md</c>.</summary>
internal sealed class Redemptions(
    ClearinghouseOptions options, Database database, ProductKeySecrets secrets, Issuers issuers, PublishedTrust trust, RevocationLists revocations, WrongKeys wrong, SignerClient signer,
    TimeProvider time, ILogger<Redemptions> logger)
{
    /// <summary>Steps 2 to 4: the same product key from the same license server is the same pack with the same signature, by every method.</summary>
    /// <exception cref="ProblemException">The key is unknown, or another license server has it.</exception>
    public async Task<KeyPackRow> RedeemAsync(ProductKey productKey, LicenseServerIdentity licenseServer, ConnectionMethod method, CancellationToken cancellation)
    {
        await revocations.RequireGoodAsync(licenseServer.Fingerprint, cancellation);
        // Step 2: give the product key to this license server, store what will be signed, and commit.
        KeyPackRow pack;
        bool revived;
        try
        {
            (pack, revived) = await StoreAsync(productKey, licenseServer, method, cancellation);
        }
        catch (ProblemException unknown) when (unknown.Problem == LicensingProblem.ProductKeyUnknown)
        {
            await wrong.WaitAsync(productKey, licenseServer.Id, cancellation);
            throw;
        }

        options.AfterStep?.Invoke(IssuanceStep.RedemptionStored);

        // What was on the revocation list is not any more.
        if (revived)
            await revocations.MakeCurrentAsync(cancellation);

        // Steps 3 and 4: sign, store the statement once.
        return await SignAgainAsync(pack, cancellation);
    }

    /// <summary>The pack as it is answered now: signed, and signed again if a withdrawn key had signed it.</summary>
    /// <exception cref="ProblemException">The signer does not answer.</exception>
    public async Task<KeyPackRow> SignAgainAsync(KeyPackRow pack, CancellationToken cancellation)
    {
        if (pack.Issuer is { } issuer && trust.Current.IsWithdrawn(issuer))
            pack = await WithdrawAsync(pack.PackId, cancellation);
        return pack.Statement is null ? await SignAsync(pack, cancellation) : pack;
    }

    /// <summary>Packs that a withdrawn key has signed, and those that a crash left between the old statement and the new one.</summary>
    public Task<List<KeyPackRow>> UnderWithdrawnKeysAsync(int most, CancellationToken cancellation)
    {
        var withdrawn = trust.WithdrawnKeys;
        return database.ReadAsync(
            store => store.KeyPacks.AsNoTracking().Where(row => row.Statement == null ? row.SignedAt != null : withdrawn.Contains(row.Issuer)).OrderBy(row => row.PackId).Take(most).ToListAsync(cancellation), cancellation);
    }

    /// <summary>A pack of this license server; null where there is none.</summary>
    public Task<KeyPackRow?> FindAsync(Guid packId, KeyFingerprint licenseServer, CancellationToken cancellation)
        => database.ReadAsync(
            store => store.KeyPacks.AsNoTracking().SingleOrDefaultAsync(row => row.PackId == packId && row.LicenseServer == licenseServer.Hex, cancellation), cancellation);

    // The same pack, dated on the day on which it is signed, as every document is.
    private async Task<KeyPackRow> WithdrawAsync(Guid packId, CancellationToken cancellation)
    {
        // Nothing is taken back while nothing can be put in its place.
        await issuers.RefreshAsync(cancellation);
        _ = issuers.Current;
        return await database.WriteAsync(
            async store =>
            {
                var row = await store.KeyPacks.SingleAsync(row => row.PackId == packId, cancellation);
                if (row.Issuer is null || !trust.Current.IsWithdrawn(row.Issuer))
                    return row;
                var now = time.GetUtcNow();
                row.Withdraw((KeyPackStatement.Decode(row.Payload) with { IssuedAt = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero) }).Encode());
                await store.AppendToBeSignedAsync(SignedKind.KeyPack, "key-pack-signed-again", $"key pack {packId}", row.Payload, now, cancellation);
                return row;
            },
            cancellation);
    }

    private Task<(KeyPackRow Pack, bool Revived)> StoreAsync(ProductKey productKey, LicenseServerIdentity licenseServer, ConnectionMethod method, CancellationToken cancellation)
        => database.WriteAsync(
            async store =>
            {
                var hash = secrets.LookupHash(productKey);
                var key = await store.ProductKeys.SingleOrDefaultAsync(row => row.LookupHash == hash, cancellation) ?? throw ProductKeyProblems.Unknown();
                if (key.GivenBackAt is { } given)
                    throw ProductKeyProblems.GivenBack(given);
                await Activations.RequireNotDeactivatedAsync(store, licenseServer.Id.Text, cancellation);
                if (key.PackId is { } packId)
                {
                    var redeemed = await store.KeyPacks.AsNoTracking().SingleAsync(row => row.PackId == packId, cancellation);
                    return redeemed.LicenseServer == licenseServer.Fingerprint.Hex
                        ? (redeemed, false)
                        : throw new ProblemException(
                            LicensingProblem.ProductKeyRedeemedElsewhere, $"the product key was installed on another license server on {key.RedeemedAt:yyyy-MM-dd}; to move its CALs, remove the pack there and ask the publisher to transfer it to License Server ID {licenseServer.Id}");
                }

                ProductKeyProblems.RequireDrawn(key);
                if (key.BoundTo is { } drawnFor && drawnFor != licenseServer.Id.Text)
                    throw new ProblemException(LicensingProblem.ProductKeyRedeemedElsewhere, $"the product key is for license server {drawnFor} (it was drawn from an agreement or transferred), and is good there only");
                var now = time.GetUtcNow();
                var statement = new KeyPackStatement(
                    KeyPackAnswer.PackIdOf(productKey, licenseServer.Fingerprint), licenseServer.Fingerprint, key.Type, key.Version, key.Quantity, key.Program,
                    new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero), key.PackUntil);
                var revived = await store.KeyPacks.SingleOrDefaultAsync(row => row.PackId == statement.PackId, cancellation);
                var pack = revived;
                if (pack is null)
                    store.KeyPacks.Add(pack = new()
                    {
                        PackId = statement.PackId,
                        ProductKeyId = key.Id,
                        LicenseServer = licenseServer.Fingerprint.Hex,
                        Payload = statement.Encode(),
                    });
                else
                    await ReviveAsync(store, pack, statement, cancellation);
                key.Redeem(licenseServer.Id, pack.PackId, now);
                await store.AppendToBeSignedAsync(
                    SignedKind.KeyPack, "redemption", $"product key {key.Id}, license server {licenseServer.Id}, key pack {pack.PackId}, {KebabCase.Of(method)}", pack.Payload, now,
                    cancellation);
                return (pack, revived is not null);
            },
            cancellation);

    // The number of a key pack follows from product key and license server: the key came back to one that had it, and its pack leaves the revocation list.
    private static async Task ReviveAsync(ClearinghouseStore store, KeyPackRow pack, KeyPackStatement statement, CancellationToken cancellation)
    {
        var name = RevocationLists.NameOf(pack.PackId);
        if (await store.Revocations.SingleOrDefaultAsync(row => row.Subject == name && row.LiftedAt == null, cancellation) is { } entry)
        {
            if (entry.Reason != ClearinghouseRevocationReason.Superseded)
                throw new ProblemException(LicensingProblem.RuleForbids, $"the publisher revoked key pack {pack.PackId} on {entry.RevokedAt:yyyy-MM-dd} ({KebabCase.Of(entry.Reason)})");
            store.Revocations.Remove(entry);
        }

        pack.Revive(statement.Encode());
    }

    /// <summary>A license server's key packs that are neither revoked nor over, by the numbers of their product keys; signed now where they were not.</summary>
    /// <returns>At most so many, and after which number there are more; null where there are none.</returns>
    /// <exception cref="ProblemException">The signer does not answer.</exception>
    public async Task<(IReadOnlyList<KeyPackRow> Packs, long? Next)> OfAsync(KeyFingerprint licenseServer, long after, int most, CancellationToken cancellation)
    {
        var (rows, revoked) = await database.ReadAsync(
            async store => (
                await store.KeyPacks.AsNoTracking().Where(row => row.LicenseServer == licenseServer.Hex && row.TransferredAt == null && row.ProductKeyId > after)
                    .OrderBy(row => row.ProductKeyId).Take(most + 1).ToListAsync(cancellation),
                await store.Revocations.AsNoTracking().Where(row => !row.IsLicenseServer && row.LiftedAt == null).Select(row => row.Subject).ToListAsync(cancellation)),
            cancellation);
        var now = time.GetUtcNow();
        var packs = new List<KeyPackRow>();
        foreach (var row in rows.Take(most))
            if (!revoked.Contains(RevocationLists.NameOf(row.PackId)) && !(KeyPackStatement.Decode(row.Payload).ExpiresAt <= now))
                packs.Add(await SignAgainAsync(row, cancellation));
        return (packs, rows.Count > most ? rows[most - 1].ProductKeyId : null);
    }

    private async Task<KeyPackRow> SignAsync(KeyPackRow stored, CancellationToken cancellation)
    {
        var statement = await signer.SignKeyPackAsync(stored.Payload, cancellation);
        options.AfterStep?.Invoke(IssuanceStep.RedemptionSigned);
        var issuer = KeyFingerprint.Of(await issuers.IssuerOfAsync(statement, stored.Payload, $"key pack {stored.PackId}", cancellation));

        var pack = await database.WriteAsync(
            async store =>
            {
                var row = await store.KeyPacks.SingleAsync(row => row.PackId == stored.PackId, cancellation);
                if (row.Payload.AsSpan().SequenceEqual(stored.Payload))
                    row.Sign(statement, issuer.Hex, time.GetUtcNow());
                return row;
            },
            cancellation);
        options.AfterStep?.Invoke(IssuanceStep.RedemptionSignatureStored);
        if (pack.Statement is null)
            throw new ProblemException(LicensingProblem.TemporarilyUnavailable, "the issuing key has just been withdrawn; try again");
        logger.Redeemed(pack.ProductKeyId, LicenseServerId.Of(KeyPackStatement.Decode(pack.Payload).LicenseServer).Text, pack.PackId);
        return pack;
    }

    /// <summary>The issuing certificate whose key signed it.</summary>
    public X509Certificate2 IssuerOf(KeyPackRow pack)
        => (KeyFingerprint.TryParse(pack.Issuer, out var key) ? issuers.Find(key) : null)
            ?? throw new InvalidOperationException($"the issuing certificate of key pack {pack.PackId} is not remembered");
}
