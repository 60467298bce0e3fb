using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;

namespace Ostiary.Clearinghouse.Revocations;

/// <summary>
/// The revocation list: stored and committed, then signed; a number is given once. It is made anew with each entry, once a day, and when the key that signed
/// the newest was withdrawn.
/// </summary>
internal sealed class RevocationLists(
    Database database, Issuers issuers, PublishedTrust trust, SignerClient signer, TimeProvider time, ILogger<RevocationLists> logger)
{
    public static readonly TimeSpan Renewed = TimeSpan.FromDays(1);

    /// <summary>The newest list that is signed, with the certificate of its key, PEM; null before the first.</summary>
    public async Task<(byte[] List, string Issuer)?> NewestAsync(CancellationToken cancellation)
    {
        var row = await database.ReadAsync(
            store => store.RevocationLists.AsNoTracking().Where(row => row.Statement != null).OrderByDescending(row => row.Number).FirstOrDefaultAsync(cancellation), cancellation);
        return row is { Statement: { } statement, Issuer: { } name } && KeyFingerprint.TryParse(name, out var key) && issuers.Find(key) is { } issuer
            ? (statement, CertificateChain.ToPem([issuer]))
            : null;
    }

    /// <summary>Makes and signs a list, if the newest does not say what is revoked now, or is not signed, not of today, or not good any more.</summary>
    public async Task KeepFreshAsync(CancellationToken cancellation)
    {
        var (isCurrent, newest) = await LookAsync(cancellation);
        if (!isCurrent || (newest is not null && (newest.Issuer is not { } issuer || trust.Current.IsWithdrawn(issuer) || time.GetUtcNow() - newest.IssuedAt >= Renewed)))
            await IssueAsync(cancellation);
    }

    /// <summary>Makes and signs a list, if the newest that is signed does not say what is revoked now.</summary>
    /// <exception cref="ProblemException">The signer does not answer; the list is stored, and signed later.</exception>
    public async Task MakeCurrentAsync(CancellationToken cancellation)
    {
        var (isCurrent, newest) = await LookAsync(cancellation);
        if (!isCurrent || newest is { Statement: null })
            await IssueAsync(cancellation);
    }

    // Whether the newest list has the entries of now, no more and no fewer. Before the first entry there is no list.
    private async Task<(bool IsCurrent, RevocationListRow? Newest)> LookAsync(CancellationToken cancellation)
    {
        var (subjects, newest) = await database.ReadAsync(
            async store => (
                await store.Revocations.AsNoTracking().Where(row => row.LiftedAt == null).Select(row => row.Subject).ToListAsync(cancellation),
                await store.RevocationLists.AsNoTracking().OrderByDescending(row => row.Number).FirstOrDefaultAsync(cancellation)),
            cancellation);
        if (newest is null)
            return (subjects.Count == 0, null);
        var list = ClearinghouseRevocationsStatement.Decode(newest.Payload);
        return (subjects.ToHashSet(StringComparer.Ordinal).SetEquals([.. list.LicenseServers.Select(server => server.LicenseServer.Hex), .. list.KeyPacks.Select(pack => NameOf(pack.PackId))]), newest);
    }

    /// <summary>Makes and signs a list of what is revoked now.</summary>
    /// <returns>Its number.</returns>
    /// <exception cref="ProblemException">The signer does not answer; the list is stored, and signed later.</exception>
    public async Task<long> IssueAsync(CancellationToken cancellation)
    {
        var stored = await database.WriteAsync(store => StoreAsync(store, time.GetUtcNow(), cancellation), cancellation);
        var statement = await signer.SignRevocationListAsync(stored.Payload, cancellation);
        var issuer = KeyFingerprint.Of(await issuers.IssuerOfAsync(statement, stored.Payload, $"revocation list {stored.Number}", cancellation));
        await database.WriteAsync(
            async store =>
            {
                (await store.RevocationLists.SingleAsync(row => row.Number == stored.Number, cancellation)).Sign(statement, issuer.Hex);
                return true;
            },
            cancellation);
        var list = ClearinghouseRevocationsStatement.Decode(stored.Payload);
        logger.RevocationListSigned(stored.Number, list.LicenseServers.Count, list.KeyPacks.Count);
        return stored.Number;
    }

    /// <summary>The number of the newest signed list, if it has this entry, or if the entry was lifted and it has it no more; null where it is otherwise.</summary>
    public async Task<long?> NumberSinceAsync(RevocationRow entry, CancellationToken cancellation)
    {
        if (await NewestAsync(cancellation) is not var (signed, _) || !Statement.TryReadUnverified(signed, out var payload))
            return null;
        return SubjectsOf(payload).Contains(entry.Subject) == (entry.LiftedAt is null) ? ClearinghouseRevocationsStatement.Decode(payload).Number : null;
    }

    private static HashSet<string> SubjectsOf(byte[] payload)
    {
        var list = ClearinghouseRevocationsStatement.Decode(payload);
        return [.. list.LicenseServers.Select(server => server.LicenseServer.Hex), .. list.KeyPacks.Select(pack => NameOf(pack.PackId))];
    }

    public Task<bool> IsRevokedAsync(Guid packId, CancellationToken cancellation)
    {
        var name = NameOf(packId);
        return database.ReadAsync(store => store.Revocations.AnyAsync(row => row.Subject == name && row.LiftedAt == null, cancellation), cancellation);
    }

    /// <exception cref="ProblemException">The license server is revoked, or another one has followed it.</exception>
    public async Task RequireGoodAsync(KeyFingerprint licenseServer, CancellationToken cancellation)
    {
        if (await database.ReadAsync(store => store.Revocations.AsNoTracking().SingleOrDefaultAsync(row => row.Subject == licenseServer.Hex && row.LiftedAt == null, cancellation), cancellation) is { } row)
            throw new ProblemException(
                LicensingProblem.NotAllowed, $"the publisher revoked this license server on {row.RevokedAt:yyyy-MM-dd} ({KebabCase.Of(row.Reason)}); ask the publisher");
        if (await database.ReadAsync(store => store.Successions.AsNoTracking().SingleOrDefaultAsync(row => row.Old == licenseServer.Hex, cancellation), cancellation) is { } followed)
            throw new ProblemException(
                LicensingProblem.NotAllowed, $"this license server's key was followed by another on {followed.At:yyyy-MM-dd} ({KebabCase.Of(followed.Cause)}); finish that on it: ostiary server succeed");
    }

    /// <exception cref="ProblemException">The list is full.</exception>
    public static async Task RequireRoomAsync(ClearinghouseStore store, bool isLicenseServer, CancellationToken cancellation)
    {
        if (await store.Revocations.CountAsync(row => row.IsLicenseServer == isLicenseServer && row.LiftedAt == null, cancellation) >= ClearinghouseRevocationsStatement.MaxEntries)
            throw new ProblemException(LicensingProblem.RuleForbids, $"the revocation list has {ClearinghouseRevocationsStatement.MaxEntries} entries of this kind, and holds no more");
    }

    public static string NameOf(Guid packId) => packId.ToString("N");

    private static async Task<RevocationListRow> StoreAsync(ClearinghouseStore store, DateTimeOffset now, CancellationToken cancellation)
    {
        var entries = await store.Revocations.AsNoTracking().Where(row => row.LiftedAt == null).ToListAsync(cancellation);
        // A number is of one payload: one that was not signed is left as it is, and the next one follows it.
        var number = (await store.RevocationLists.MaxAsync(row => (long?)row.Number, cancellation) ?? 0) + 1;
        var issued = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        var list = new ClearinghouseRevocationsStatement(
            number, issued,
            [.. entries.Where(row => row.IsLicenseServer).OrderBy(row => row.Subject, StringComparer.Ordinal).Select(row => new RevokedLicenseServer(KeyOf(row), row.Reason, row.RevokedAt))],
            [.. entries.Where(row => !row.IsLicenseServer).OrderBy(row => row.Subject, StringComparer.Ordinal).Select(row => new RevokedKeyPack(Guid.ParseExact(row.Subject, "N"), row.Reason, row.RevokedAt))]);
        var made = new RevocationListRow { Number = number, Payload = list.Encode(), IssuedAt = issued };
        store.RevocationLists.Add(made);
        await store.AppendToBeSignedAsync(SignedKind.RevocationList, "revocation-list", $"revocation list {number}", made.Payload, now, cancellation);
        return made;
    }

    public static KeyFingerprint KeyOf(RevocationRow row)
        => KeyFingerprint.TryParse(row.Subject, out var key) ? key : throw new InvalidDataException($"{row.Subject} is no key fingerprint");
}
