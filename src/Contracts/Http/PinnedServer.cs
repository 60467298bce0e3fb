using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Http;

/// <summary>A license server over HTTPS, as its administrators call it from elsewhere: known by its key, shown a token.</summary>
public static class PinnedServer
{
    /// <param name="address">HTTPS address of the license server's administration.</param>
    /// <param name="pinned">Its key, as <c>ostiary server status</c> shows it there.</param>
    /// <param name="token">Goes along with each request; null to sign in.</param>
    /// <param name="timeout">For a whole request.</param>
    /// <param name="time">For the dates of the server's certificate.</param>
    public static HttpClient Connect(Uri address, KeyFingerprint pinned, string? token, TimeSpan timeout, TimeProvider time)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                RemoteCertificateValidationCallback = (_, certificate, sent, _) =>
                    certificate is X509Certificate2 leaf && PinnedLeaf.IsGood(leaf, pinned, PinnedLeaf.Sent(sent), time.GetUtcNow()) ? true
                        // Said in words: the framework's would be those of any rejected certificate.
                        : throw new AuthenticationException($"its certificate is not signed by the pinned key {pinned}, or is not in its dates"),
            },
        };
        var client = new HttpClient(new SocketFaults(handler)) { BaseAddress = address, Timeout = timeout, MaxResponseContentBufferSize = ApiClient.MaxAdministrationLength };
        if (token is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }
}
