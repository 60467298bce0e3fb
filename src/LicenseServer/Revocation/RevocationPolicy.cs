namespace Ostiary.LicenseServer.Revocation;

/// <summary>How many CALs of a version are revoked, and may be.</summary>
/// <param name="Installed">CALs of this version in packs that are not over.</param>
/// <param name="Revoked">CALs of this version in state revoked that count.</param>
/// <param name="FirstEnd">The last second of the one of them that ends first; null when there is none.</param>
internal sealed record RevocationStanding(int Installed, int Revoked, DateTimeOffset? FirstEnd)
{
    /// <summary>One in five, or one.</summary>
    public int Limit => Math.Max(Installed / 5, 1);

    public int Remaining => Math.Max(0, Limit - Revoked);

    /// <summary>When the next CAL may be revoked; null when one may be now.</summary>
    public DateTimeOffset? NextAt => Remaining > 0 ? null : FirstEnd?.AddSeconds(1);
}
