using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Revocation;

/// <summary>The limit as it stands inside a transaction.</summary>
internal static class RevocationLimit
{
    public static RevocationStanding Of(LedgerBatch batch, CalVersion version)
    {
        var installed = batch.DevicePacks().Where(pack => pack.Version == version && !(pack.ExpiresAt <= batch.Now)).Sum(pack => pack.Quantity);
        var ends = batch.Db.Licenses
            .Where(license => license.Status == LicenseStatus.Revoked && license.NotAfter >= batch.Now && license.Kind == LicenseKind.Permanent && !license.OutsideLimit && license.Version == version)
            .OrderBy(license => license.NotAfter).Select(license => license.NotAfter).ToList();
        return new(installed, ends.Count, ends.Count == 0 ? null : ends[0]);
    }

    /// <exception cref="ProblemException">The limit is reached.</exception>
    public static void Demand(LedgerBatch batch, CalVersion version)
    {
        if (Of(batch, version) is { Remaining: 0 } full)
            throw new ProblemException(LicensingProblem.RuleForbids,
                $"{full.Revoked} CALs of version {version} are revoked, and of {full.Installed} installed ones at most {full.Limit} may be at a time; the next may be revoked from {full.NextAt:u}");
    }
}
