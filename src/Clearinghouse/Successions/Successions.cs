using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Customers;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.Revocations;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.Successions;

/// <summary>
/// License servers whose key another one has followed. The steps are those of <c>docs/issuance-cycle.md</c>: all that follows from a succession is in one
/// transaction; what has to be signed for it is signed after that, once, and whoever asks again goes on with what is left.
/// </summary>
internal sealed class Successions(
    ClearinghouseOptions options, Database database, Redemptions redemptions, RevocationLists lists, Issuers issuers, PublishedTrust trust, SignerClient signer,
    TimeProvider time, ILogger<Successions> logger)
{
    /// <summary>The succession that a key has come by; null where there is none.</summary>
    public Task<SuccessionRow?> FindNewAsync(KeyFingerprint key, CancellationToken cancellation)
        => database.ReadAsync(store => store.Successions.AsNoTracking().SingleOrDefaultAsync(row => row.New == key.Hex, cancellation), cancellation);

    /// <summary>Step 2: the succession, and all that follows from it, in one transaction. The same again is the same row.</summary>
    /// <param name="old">The key that was.</param>
    /// <param name="next">The key that follows; it was activated here, or will be.</param>
    /// <param name="cause">Why.</param>
    /// <param name="signed">The statement of the old key, checked; null where an issuing key is to sign one.</param>
    /// <param name="cancellation">The request's.</param>
    /// <exception cref="ProblemException">One of the two is in another succession, or is revoked.</exception>
    public async Task<SuccessionRow> StoreAsync(KeyFingerprint old, KeyFingerprint next, SuccessionCause cause, (byte[] Payload, byte[] Statement)? signed, CancellationToken cancellation)
    {
        var row = await database.WriteAsync(store => StoreAsync(store, old, next, cause, signed, cancellation), cancellation);
        options.AfterStep?.Invoke(IssuanceStep.SuccessionStored);
        return row;
    }

    /// <summary>Step 3: the statement, signed by an issuing key where the old key has not; the key packs, signed for the new key; the revocation list.</summary>
    /// <returns>The row, the numbers of the key packs, and the number of the revocation list that names the old key.</returns>
    /// <exception cref="ProblemException">The signer does not answer.</exception>
    public async Task<(SuccessionRow Row, IReadOnlyList<Guid> KeyPacks, long? ListNumber)> CompleteAsync(SuccessionRow row, CancellationToken cancellation)
    {
        row = await SignAgainAsync(row, cancellation);
        options.AfterStep?.Invoke(IssuanceStep.SuccessionSigned);
        var packs = await database.ReadAsync(
            store => store.KeyPacks.AsNoTracking().Where(pack => pack.LicenseServer == row.New && pack.TransferredAt == null).OrderBy(pack => pack.PackId).ToListAsync(cancellation), cancellation);
        foreach (var pack in packs)
            await redemptions.SignAgainAsync(pack, cancellation);
        options.AfterStep?.Invoke(IssuanceStep.SuccessionPacksSigned);
        var entry = await database.ReadAsync(store => store.Revocations.AsNoTracking().SingleOrDefaultAsync(entry => entry.Subject == row.Old, cancellation), cancellation);
        long? number = entry is null ? null : await lists.NumberSinceAsync(entry, cancellation) ?? await lists.IssueAsync(cancellation);
        return (row, [.. packs.Select(pack => pack.PackId)], number);
    }

    /// <summary>Statements that a withdrawn key has signed, and those that a crash left unsigned.</summary>
    public Task<List<SuccessionRow>> UnderWithdrawnKeysAsync(int most, CancellationToken cancellation)
    {
        var withdrawn = trust.WithdrawnKeys;
        return database.ReadAsync(
            store => store.Successions.AsNoTracking().Where(row => row.Statement == null || withdrawn.Contains(row.Issuer)).Take(most).ToListAsync(cancellation), cancellation);
    }

    /// <summary>The succession as it is answered now: signed, and signed again if a withdrawn key had signed it.</summary>
    /// <exception cref="ProblemException">The signer does not answer.</exception>
    public async Task<SuccessionRow> SignAgainAsync(SuccessionRow row, CancellationToken cancellation)
    {
        if (row.Issuer is { } issuer && trust.Current.IsWithdrawn(issuer))
        {
            // Nothing is taken back while nothing can be put in its place.
            await issuers.RefreshAsync(cancellation);
            _ = issuers.Current;
            row = await database.WriteAsync(
                async store =>
                {
                    var stored = await store.Successions.SingleAsync(other => other.Old == row.Old, cancellation);
                    if (stored.Issuer is { } by && trust.Current.IsWithdrawn(by))
                    {
                        stored.Withdraw((SuccessionStatement.Decode(stored.Payload) with { IssuedAt = Now() }).Encode());
                        store.AppendAudit("succession-signed-again", Name(stored), stored.Payload, Now());
                    }

                    return stored;
                },
                cancellation);
        }

        return row.Statement is null ? await SignAsync(row, cancellation) : row;
    }

    /// <summary>The issuing certificate whose key signed it; null where the old key did.</summary>
    public System.Security.Cryptography.X509Certificates.X509Certificate2? IssuerOf(SuccessionRow row)
        => row.Issuer is not { } name ? null
            : issuers.Known.FirstOrDefault(issuer => KeyFingerprint.Of(issuer).Hex == name)
                ?? throw new InvalidOperationException($"the issuing certificate of the succession of {row.Old} is not remembered");

    private async Task<SuccessionRow> SignAsync(SuccessionRow stored, CancellationToken cancellation)
    {
        var statement = await signer.SignSuccessionAsync(stored.Payload, cancellation);
        var issuer = KeyFingerprint.Of(await issuers.IssuerOfAsync(statement, stored.Payload, $"the succession of {stored.Old}", cancellation));
        var row = await database.WriteAsync(
            async store =>
            {
                var row = await store.Successions.SingleAsync(row => row.Old == stored.Old, cancellation);
                if (row.Payload.AsSpan().SequenceEqual(stored.Payload))
                    row.Sign(statement, issuer.Hex);
                return row;
            },
            cancellation);
        logger.SuccessionSigned(IdOf(row.Old).Text, IdOf(row.New).Text);
        return row;
    }

    private async Task<SuccessionRow> StoreAsync(
        ClearinghouseStore store, KeyFingerprint old, KeyFingerprint next, SuccessionCause cause, (byte[] Payload, byte[] Statement)? signed, CancellationToken cancellation)
    {
        var (oldId, nextId) = (LicenseServerId.Of(old), LicenseServerId.Of(next));
        var now = Now();
        if (await store.Successions.SingleOrDefaultAsync(row => row.Old == old.Hex, cancellation) is { } before)
        {
            if (before.New != next.Hex)
                throw new ProblemException(LicensingProblem.RuleForbids, $"license server {oldId} was followed by {IdOf(before.New)} on {before.At:yyyy-MM-dd}; a license server has one successor", "to");
            // In good order first, and then it turned out that the old key is in somebody's hands.
            if (signed is null && before.Cause == SuccessionCause.Planned)
            {
                (before.Cause, before.At) = (cause, now);
                before.Withdraw(new SuccessionStatement(old, next, cause, now).Encode());
                await RevokeAsync(store, old, cause, now, cancellation);
                store.AppendAudit("succession-changed", Name(before), before.Payload, now);
            }

            return before;
        }

        if (await store.Successions.AnyAsync(row => row.New == next.Hex || row.Old == next.Hex, cancellation))
            throw new ProblemException(LicensingProblem.RuleForbids, $"license server {nextId} has followed another one already, or was followed itself; a new one is needed", "to");
        var made = new SuccessionRow
        {
            Old = old.Hex,
            New = next.Hex,
            Cause = cause,
            Payload = signed?.Payload ?? new SuccessionStatement(old, next, cause, now).Encode(),
            At = now,
        };
        if (signed is { Statement: { } statement })
            made.Sign(statement, null);
        store.Successions.Add(made);
        store.AppendAudit("succession", Name(made), made.Payload, now);
        await MoveAsync(store, old, next, now, cancellation);
        await RevokeAsync(store, old, cause, now, cancellation);
        return made;
    }

    // What the old License Server ID had is the new one's: key packs under their numbers, product keys, agreements, and who stands behind it.
    private static async Task MoveAsync(ClearinghouseStore store, KeyFingerprint old, KeyFingerprint next, DateTimeOffset now, CancellationToken cancellation)
    {
        var (oldId, nextId) = (LicenseServerId.Of(old).Text, LicenseServerId.Of(next).Text);
        var revoked = await store.Revocations.Where(row => !row.IsLicenseServer).Select(row => row.Subject).ToListAsync(cancellation);
        foreach (var pack in await store.KeyPacks.Where(row => row.LicenseServer == old.Hex && row.TransferredAt == null).ToListAsync(cancellation))
            if (!revoked.Contains(RevocationLists.NameOf(pack.PackId)))
            {
                var statement = KeyPackStatement.Decode(pack.Payload) with { LicenseServer = next, IssuedAt = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero) };
                pack.Follow(next.Hex, statement.Encode());
                store.AppendAudit("key-pack-followed", $"key pack {pack.PackId}, license server {oldId}, to license server {nextId}", pack.Payload, now);
            }

        foreach (var key in await store.ProductKeys.Where(row => row.RedeemedBy == oldId || row.BoundTo == oldId).ToListAsync(cancellation))
            key.Follow(oldId, nextId);
        foreach (var agreement in await store.Agreements.Include(row => row.Servers).Where(row => row.Servers.Any(server => server.LicenseServerId == oldId)).ToListAsync(cancellation))
        {
            agreement.Servers.RemoveAll(server => server.LicenseServerId == oldId);
            if (!agreement.Servers.Exists(server => server.LicenseServerId == nextId))
                agreement.Servers.Add(new() { AgreementId = agreement.Id, LicenseServerId = nextId });
        }

        if (await store.Companies.SingleOrDefaultAsync(row => row.LicenseServerId == oldId, cancellation) is { } company
            && !await store.Companies.AnyAsync(row => row.LicenseServerId == nextId, cancellation))
            await store.ChangeCompanyAsync(nextId, company.Company with { }, now, cancellation);
    }

    private static async Task RevokeAsync(ClearinghouseStore store, KeyFingerprint old, SuccessionCause cause, DateTimeOffset now, CancellationToken cancellation)
    {
        if (cause != SuccessionCause.Stolen || await store.Revocations.AnyAsync(row => row.Subject == old.Hex, cancellation))
            return;
        await RevocationLists.RequireRoomAsync(store, isLicenseServer: true, cancellation);
        store.Revocations.Add(new() { Subject = old.Hex, IsLicenseServer = true, Reason = ClearinghouseRevocationReason.KeyCompromised, RevokedAt = now });
        store.AppendAudit("revocation", $"license server {LicenseServerId.Of(old)}, {KebabCase.Of(ClearinghouseRevocationReason.KeyCompromised)}", System.Text.Encoding.ASCII.GetBytes(old.Hex), now);
    }

    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());

    private static string Name(SuccessionRow row) => $"license server {IdOf(row.Old)}, to license server {IdOf(row.New)}, {KebabCase.Of(row.Cause)}";

    private static LicenseServerId IdOf(string key)
        => KeyFingerprint.TryParse(key, out var fingerprint) ? LicenseServerId.Of(fingerprint) : throw new InvalidDataException($"{key} is no key fingerprint");
}
