using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// TLS to a license server: its certificate must be a leaf for servers, in date, signed by the key that this host pinned. Names and
/// chains do not matter; the pinned key does.
/// </summary>
internal static class PinnedTls
{
    /// <param name="pinned">The license server's key.</param>
    /// <param name="issuer">The license server's own certificate; null while joining, when it is looked for among those that the server sends.</param>
    /// <param name="client">The host's certificate with its key.</param>
    /// <param name="chain">Certificates to send behind it.</param>
    /// <param name="time">For the dates.</param>
    /// <param name="otherShown">Called when another certificate was shown.</param>
    public static SslClientAuthenticationOptions Options(
        KeyFingerprint pinned, X509Certificate2? issuer, X509Certificate2 client, IEnumerable<X509Certificate2> chain, TimeProvider time, Action? otherShown = null) => new()
        {
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            ClientCertificateContext = SslStreamCertificateContext.Create(client, [.. chain], offline: true),
            RemoteCertificateValidationCallback = (_, certificate, sent, _) =>
            {
                IReadOnlyList<X509Certificate2> issuers = [.. issuer is null ? PinnedLeaf.Sent(sent) : PinnedLeaf.Sent(sent).Prepend(issuer)];
                if (certificate is X509Certificate2 leaf)
                {
                    if (PinnedLeaf.IsGood(leaf, pinned, issuers, time.GetUtcNow()))
                        return true;
                    // The right one at another time than this: that is worth to be told from a stranger's.
                    if (PinnedLeaf.IsGood(leaf, pinned, issuers, leaf.NotBefore.ToUniversalTime()))
                    {
                        otherShown?.Invoke();
                        throw new WrongTimeException($"the license server's certificate runs from {leaf.NotBefore.ToUniversalTime():u} to {leaf.NotAfter.ToUniversalTime():u}, and here it is {time.GetUtcNow():u}");
                    }
                }

                otherShown?.Invoke();
                return false;
            },
        };
}
