using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Statements;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>A key that a license server had before the pinned one.</summary>
internal sealed class FormerKey(PredecessorRow row)
{
    public KeyFingerprint Fingerprint { get; } = KeyFingerprint.TryParse(row.Fingerprint, out var fingerprint) ? fingerprint : throw new InvalidDataException("a former key's fingerprint is damaged");

    /// <summary>Its certificate and those above it without the root.</summary>
    public IReadOnlyList<X509Certificate2> Chain { get; } = CertificateChain.FromPem(row.Certificates);

    /// <summary>This host's number at that time.</summary>
    public Guid HostId => row.HostId;

    public SuccessionCause Cause => (SuccessionCause)row.Cause;

    public DateTimeOffset FollowedAt => row.FollowedAt;

    /// <summary>Nobody else can have signed with it: its CALs and leases stay good to their end. Else they are claims, which the license server looks up.</summary>
    public bool Proves => Cause != SuccessionCause.Stolen;

    public bool IsOf(PredecessorRow other) => (row.Fingerprint, row.Successor, row.HostId, row.Cause) == (other.Fingerprint, other.Successor, other.HostId, other.Cause);
}
