using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;

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
                var good = certificate is X509Certificate2 leaf && PinnedLeaf.IsGood(leaf, pinned, issuer is null ? PinnedLeaf.Sent(sent) : PinnedLeaf.Sent(sent).Prepend(issuer), time.GetUtcNow());
                if (!good)
                    otherShown?.Invoke();
                return good;
            },
        };
}
