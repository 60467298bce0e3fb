using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Trust;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Trust;

/// <summary>What is known of the publisher goes into the ledger, and what follows from it: certificate, key packs, revocations; each with its audit entry.</summary>
internal static class RecordTrust
{
    /// <summary>In one transaction.</summary>
    /// <returns>The identity, and the packs that were revoked now.</returns>
    public static (IdentityRow Identity, IReadOnlyList<Pack> Revoked) Record(LedgerBatch batch, PublisherTrust trust, OutdatedDocuments outdated, Replacements replaced)
    {
        var identity = batch.Db.Identity.AsTracking().Single();
        identity.Know(trust.Encode());
        if (replaced is { Certificate: { } certificate, IssuingCertificate: { } issuing })
            identity.Recertify(certificate, issuing);
        batch.Audit(replaced.Certificate is null ? "publisher-followed" : "license-server-certified-again", CanonicalContent.Identity, identity.Id.ToString(CultureInfo.InvariantCulture), number =>
        {
            identity.LedgerNumber = number;
            return CanonicalContent.Of(identity);
        });
        var revoked = new List<Pack>();
        foreach (var pack in batch.Db.Packs.AsTracking().OrderBy(row => row.LedgerNumber).ToList())
            if (Apply(batch, pack, trust, outdated, replaced))
                revoked.Add(pack);
        return (identity, revoked);
    }

    // Parts of a converted pack stand under the statement that it came with.
    private static bool Apply(LedgerBatch batch, Pack pack, PublisherTrust trust, OutdatedDocuments outdated, Replacements replaced)
    {
        var id = OutdatedDocuments.StatementOf(pack)?.PackId ?? pack.PackId;
        var isOutdated = outdated.KeyPacks.ContainsKey(id) && OutdatedDocuments.IsOutdated(pack, trust);
        if (isOutdated && replaced.KeyPacks.TryGetValue(id, out var again))
        {
            pack.SignAgain(again.Statement, again.IssuingCertificate);
            if (pack.RevocationReason == Pack.IssuingKeyWithdrawn)
                pack.LiftRevocation();
            batch.Enter("pack-signed-again", pack);
            isOutdated = false;
        }

        var entry = trust.RevocationOf(id);
        var reason = entry is not null ? KebabCase.Of(entry.Reason) : isOutdated ? Pack.IssuingKeyWithdrawn : null;
        if (reason is not null && pack.RevokedAt is null)
        {
            pack.Revoke(entry?.RevokedAt ?? batch.Now, reason);
            batch.Enter("pack-revoked", pack);
            return true;
        }

        // Off the publisher's list again. One whose key was withdrawn stays as it is until it is signed again.
        if (reason is null && pack is { RevokedAt: not null, RevocationReason: not Pack.IssuingKeyWithdrawn })
        {
            pack.LiftRevocation();
            batch.Enter("pack-revocation-lifted", pack);
        }

        return false;
    }
}
