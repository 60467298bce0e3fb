using System.Security.Cryptography.X509Certificates;

namespace Ostiary.Contracts.Certificates;

/// <summary>What a license server shows in TLS, held against the key that its callers have pinned. Names and chains do not matter; the pinned key does.</summary>
public static class PinnedLeaf
{
    /// <summary>Whether the certificate is a leaf for servers, in date, signed by the pinned key.</summary>
    /// <param name="leaf">What the server showed.</param>
    /// <param name="pinned">The license server's key.</param>
    /// <param name="issuers">Among these is the license server's own certificate.</param>
    /// <param name="now">For the dates.</param>
    public static bool IsGood(X509Certificate2 leaf, KeyFingerprint pinned, IEnumerable<X509Certificate2> issuers, DateTimeOffset now)
        => CertificateProfiles.HasOnlyUsage(leaf, OstiaryOids.ServerAuthentication)
            && leaf.Extensions.OfType<X509BasicConstraintsExtension>().All(constraints => !constraints.CertificateAuthority)
            && leaf.NotBefore.ToUniversalTime() <= now && now <= leaf.NotAfter.ToUniversalTime()
            && issuers.FirstOrDefault(issuer => KeyFingerprint.Of(issuer) == pinned) is { } signer
            && DeviceCal.IsSignedBy(leaf, signer);

    /// <summary>The certificates that a server sent with its leaf.</summary>
    public static IEnumerable<X509Certificate2> Sent(X509Chain? chain)
        => chain is null ? [] : chain.ChainElements.Select(element => element.Certificate).Concat(chain.ChainPolicy.ExtraStore);
}
