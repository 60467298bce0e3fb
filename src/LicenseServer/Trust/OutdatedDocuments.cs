using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Trust;

/// <summary>What this license server has from an issuing key that was withdrawn.</summary>
/// <param name="Certificate">Its own certificate is.</param>
/// <param name="KeyPacks">Key packs by the numbers in their statements, with the statements as they were; those that the publisher has revoked are left out.</param>
internal sealed record OutdatedDocuments(bool Certificate, IReadOnlyDictionary<Guid, KeyPackStatement> KeyPacks)
{
    public bool Any => Certificate || KeyPacks.Count > 0;

    public static async Task<OutdatedDocuments> FindAsync(Ledger ledger, PublisherTrust trust, CancellationToken cancellation)
    {
        await using var db = ledger.Database.OpenReader();
        var packs = trust.Withdrawals is null ? [] : await db.Packs.Where(pack => pack.RevokedAt == null || pack.RevocationReason == Pack.IssuingKeyWithdrawn).ToListAsync(cancellation).ConfigureAwait(false);
        return new(
            trust.IsWithdrawn(KeyFingerprint.Of(ledger.Identity.Current.Chain[^1])),
            packs.Where(pack => IsOutdated(pack, trust)).Select(StatementOf).OfType<KeyPackStatement>().DistinctBy(statement => statement.PackId).ToDictionary(statement => statement.PackId));
    }

    public static bool IsOutdated(Pack pack, PublisherTrust trust)
    {
        try
        {
            using var issuing = X509CertificateLoader.LoadCertificate(pack.IssuingCertificate);
            return trust.IsWithdrawn(KeyFingerprint.Of(issuing));
        }
        catch (CryptographicException)
        {
            // A row that somebody has tampered with: the audit names it, and no key is read in it.
            return false;
        }
    }

    /// <summary>The statement of a pack; parts of one pack have the same.</summary>
    public static KeyPackStatement? StatementOf(Pack pack)
    {
        try
        {
            return Statement.TryReadUnverified(pack.Statement, out var payload) ? KeyPackStatement.Decode(payload) : null;
        }
        catch (CborContentException)
        {
            return null;
        }
    }
}
