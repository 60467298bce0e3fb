using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Customers;
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

namespace Ostiary.Clearinghouse.Activation;

/// <summary>What a deactivation does, or has done.</summary>
/// <param name="Done">It was confirmed before.</param>
/// <param name="Freed">Product keys that can be redeemed again.</param>
/// <param name="GivenBack">CALs that go back to their agreements.</param>
public sealed record DeactivationOutlook(bool Done, int Freed, int GivenBack);

/// <summary>
/// Deactivates license servers, by whatever method the request came: product keys are free again, what was drawn goes back to its agreement, and the key packs
/// are on the revocation list before anything is confirmed, so that a copy of the license server does not go on issuing. The steps are those of
/// <c>docs/issuance-cycle.md</c>.
/// </summary>
internal sealed class Deactivations(
    ClearinghouseOptions options, Database database, Issuers issuers, PublishedTrust trust, RevocationLists revocations, SignerClient signer, TimeProvider time,
    ILogger<Deactivations> logger)
{
    /// <summary>Steps 2 to 5: the same request is the same row with the same confirmation by every method, as long as the key that signed it is not withdrawn.</summary>
    /// <param name="request">Checked, of a deactivation's kind.</param>
    /// <param name="contact">Who confirms it, checked.</param>
    /// <param name="method">How it came.</param>
    /// <param name="cancellation">The request's.</param>
    /// <exception cref="ProblemException">The license server was never activated, or is revoked; or the revocation list is full.</exception>
    public async Task<DeactivationRow> DeactivateAsync(ActivationRequest request, ContactPerson contact, ConnectionMethod method, CancellationToken cancellation)
    {
        await revocations.RequireGoodAsync(KeyFingerprint.Of(request.SubjectPublicKeyInfo()), cancellation);
        // Step 2: end the activations, free the product keys, revoke the key packs, store what will be signed, and commit.
        var row = await database.WriteAsync(store => StoreAsync(store, request, contact, method, cancellation), cancellation);
        options.AfterStep?.Invoke(IssuanceStep.DeactivationStored);

        // Step 3: the revocation list with the key packs is signed.
        await revocations.MakeCurrentAsync(cancellation);
        options.AfterStep?.Invoke(IssuanceStep.DeactivationListed);

        // Steps 4 and 5: sign the confirmation, store it once.
        if (row.Issuer is { } issuer && trust.Current.IsWithdrawn(issuer))
            row = await WithdrawAsync(row.Id, cancellation);
        return row.Statement is null ? await SignAsync(row, cancellation) : row;
    }

    /// <summary>What a deactivation would do, or has done.</summary>
    /// <exception cref="ProblemException">The license server was never activated here.</exception>
    public Task<DeactivationOutlook> LookAsync(ActivationRequest request, CancellationToken cancellation)
        => database.ReadAsync(
            async store =>
            {
                var bytes = request.Encode();
                if (await store.Deactivations.AsNoTracking().SingleOrDefaultAsync(row => row.Request == bytes, cancellation) is { } done)
                    return new DeactivationOutlook(true, done.Freed, done.GivenBack);
                var licenseServer = LicenseServerId.Of(request.SubjectPublicKeyInfo());
                await RequireKnownAsync(store, licenseServer, cancellation);
                var keys = await KeysOfAsync(store, request, licenseServer, cancellation);
                return new(false, keys.Count(key => key.AgreementId is null), keys.Where(key => key.AgreementId is not null).Sum(key => key.Quantity));
            },
            cancellation);

    /// <summary>The issuing certificate whose key signed it.</summary>
    public X509Certificate2 IssuerOf(DeactivationRow row)
        => issuers.Known.FirstOrDefault(issuer => KeyFingerprint.Of(issuer).Hex == row.Issuer)
            ?? throw new InvalidOperationException($"the issuing certificate of deactivation {row.Id} is not remembered");

    private async Task<DeactivationRow> StoreAsync(
        ClearinghouseStore store, ActivationRequest request, ContactPerson contact, ConnectionMethod method, CancellationToken cancellation)
    {
        var bytes = request.Encode();
        if (await store.Deactivations.SingleOrDefaultAsync(row => row.Request == bytes, cancellation) is { } before)
            return before;
        var licenseServer = LicenseServerId.Of(request.SubjectPublicKeyInfo());
        await RequireKnownAsync(store, licenseServer, cancellation);
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var since = now - TimeSpan.FromDays(1);
        if (await store.Deactivations.CountAsync(row => row.LicenseServerId == licenseServer.Text && row.RequestedAt > since, cancellation) >= Activations.MaxADay)
            throw new ProblemException(LicensingProblem.TooManyAttempts, $"license server {licenseServer} was deactivated {Activations.MaxADay} times within a day; try again in an hour")
            {
                RetryAfter = TimeSpan.FromHours(1),
            };

        var (freed, givenBack) = (0, 0);
        foreach (var key in await KeysOfAsync(store, request, licenseServer, cancellation))
        {
            if (key.PackId is { } packId)
                await RevokeAsync(store, await store.KeyPacks.SingleAsync(row => row.PackId == packId, cancellation), now, cancellation);
            if (key.AgreementId is { } agreement)
            {
                (await store.Set<AgreementLimitRow>().SingleAsync(row => row.AgreementId == agreement && row.Type == key.Type && row.Version == key.Version, cancellation)).GiveBack(key.Quantity);
                key.GiveBack(now);
                givenBack += key.Quantity;
            }
            else
            {
                key.Free();
                freed++;
            }
        }

        foreach (var activation in await store.Activations.Where(row => row.LicenseServerId == licenseServer.Text && row.DeactivatedAt == null).ToListAsync(cancellation))
            activation.DeactivatedAt = now;
        var row = new DeactivationRow
        {
            Request = bytes,
            LicenseServerId = licenseServer.Text,
            Payload = new DeactivationStatement(bytes, now).Encode(),
            RequestedAt = now,
            Freed = freed,
            GivenBack = givenBack,
        };
        store.Deactivations.Add(row);
        store.EnterContact(licenseServer.Text, contact, request.Kind, now);
        await store.AppendToBeSignedAsync(
            SignedKind.Deactivation, "deactivation", $"license server {licenseServer}: {freed} product keys free, {givenBack} CALs back to agreements, {KebabCase.Of(method)}", row.Payload, now, cancellation);
        return row;
    }

    // What it has redeemed, and what it drew and has not installed. What the publisher revoked stays as it is.
    private static async Task<List<ProductKeyRow>> KeysOfAsync(ClearinghouseStore store, ActivationRequest request, LicenseServerId licenseServer, CancellationToken cancellation)
    {
        var key = KeyFingerprint.Of(request.SubjectPublicKeyInfo()).Hex;
        var packs = await store.KeyPacks.AsNoTracking().Where(row => row.LicenseServer == key && row.TransferredAt == null).Select(row => new { row.PackId, row.ProductKeyId }).ToListAsync(cancellation);
        var revoked = await store.Revocations.AsNoTracking().Where(row => !row.IsLicenseServer && row.LiftedAt == null).Select(row => row.Subject).ToListAsync(cancellation);
        var redeemed = packs.Where(pack => !revoked.Contains(RevocationLists.NameOf(pack.PackId))).Select(pack => pack.ProductKeyId).ToList();
        return await store.ProductKeys.Where(row => redeemed.Contains(row.Id)
                || (row.AgreementId != null && row.BoundTo == licenseServer.Text && row.PackId == null && row.GivenBackAt == null && row.ReleasedAt == null))
            .OrderBy(row => row.Id).ToListAsync(cancellation);
    }

    private static async Task RevokeAsync(ClearinghouseStore store, KeyPackRow pack, DateTimeOffset now, CancellationToken cancellation)
    {
        // Those of this transaction are not saved yet, and count, too.
        var inHand = store.ChangeTracker.Entries<RevocationRow>().Count(entry => entry.State == EntityState.Added);
        if (await store.Revocations.CountAsync(row => !row.IsLicenseServer && row.LiftedAt == null, cancellation) + inHand >= ClearinghouseRevocationsStatement.MaxEntries)
            throw new ProblemException(
                LicensingProblem.RuleForbids, $"the revocation list holds {ClearinghouseRevocationsStatement.MaxEntries} key packs and has no room for those of this license server; ask the publisher");
        pack.TransferredAt = now;
        store.Revocations.Add(new() { Subject = RevocationLists.NameOf(pack.PackId), IsLicenseServer = false, Reason = ClearinghouseRevocationReason.Superseded, RevokedAt = now });
    }

    private static async Task RequireKnownAsync(ClearinghouseStore store, LicenseServerId licenseServer, CancellationToken cancellation)
    {
        if (!await store.Activations.AnyAsync(row => row.LicenseServerId == licenseServer.Text && row.SignedAt != null, cancellation))
            throw new ProblemException(LicensingProblem.NotActivated, $"license server {licenseServer} was never activated here", "request");
    }

    // The same deactivation, dated on the day on which it is signed, as every document is.
    private async Task<DeactivationRow> WithdrawAsync(long id, CancellationToken cancellation)
    {
        await issuers.RefreshAsync(cancellation);
        _ = issuers.Current;
        return await database.WriteAsync(
            async store =>
            {
                var row = await store.Deactivations.SingleAsync(row => row.Id == id, cancellation);
                if (row.Issuer is null || !trust.Current.IsWithdrawn(row.Issuer))
                    return row;
                var now = time.GetUtcNow();
                row.Withdraw((DeactivationStatement.Decode(row.Payload) with { DeactivatedAt = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()) }).Encode());
                await store.AppendToBeSignedAsync(SignedKind.Deactivation, "deactivation-signed-again", $"license server {row.LicenseServerId}", row.Payload, now, cancellation);
                return row;
            },
            cancellation);
    }

    private async Task<DeactivationRow> SignAsync(DeactivationRow stored, CancellationToken cancellation)
    {
        var statement = await signer.SignDeactivationAsync(stored.Payload, cancellation);
        options.AfterStep?.Invoke(IssuanceStep.DeactivationSigned);
        var issuer = KeyFingerprint.Of(await issuers.IssuerOfAsync(statement, stored.Payload, $"deactivation {stored.Id}", cancellation));
        var row = await database.WriteAsync(
            async store =>
            {
                var row = await store.Deactivations.SingleAsync(row => row.Id == stored.Id, cancellation);
                if (row.Payload.AsSpan().SequenceEqual(stored.Payload))
                    row.Sign(statement, issuer.Hex);
                return row;
            },
            cancellation);
        options.AfterStep?.Invoke(IssuanceStep.DeactivationSignatureStored);
        if (row.Statement is null)
            throw new ProblemException(LicensingProblem.TemporarilyUnavailable, "the issuing key has just been withdrawn; try again");
        logger.Deactivated(row.LicenseServerId, row.Freed, row.GivenBack);
        return row;
    }
}
