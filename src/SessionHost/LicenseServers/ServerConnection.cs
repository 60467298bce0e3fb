using System.Net;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>HTTPS with mutual TLS to one license server: HTTP/2 where it speaks it, one connection that stays open.</summary>
internal sealed class ServerConnection : IDisposable
{
    private readonly HttpClient _http;
    private readonly X509Certificate2 _certificate;
    private volatile bool _sawOtherKey;

    /// <param name="address">HTTPS address.</param>
    /// <param name="pinned">The license server's key.</param>
    /// <param name="issuer">The license server's own certificate; null while joining.</param>
    /// <param name="certificate">The host's certificate with its key; disposed with this object.</param>
    /// <param name="chain">Certificates to send behind it.</param>
    /// <param name="connectTime">For TCP and TLS together.</param>
    /// <param name="time">For dates.</param>
    public ServerConnection(
        Uri address, KeyFingerprint pinned, X509Certificate2? issuer, X509Certificate2 certificate, IEnumerable<X509Certificate2> chain,
        TimeSpan connectTime, TimeProvider time)
    {
        _certificate = certificate;
        _http = new(new NewestVersion(new SocketFaults(new SocketsHttpHandler
        {
            SslOptions = PinnedTls.Options(pinned, issuer, certificate, chain, time, () => _sawOtherKey = true),
            ConnectTimeout = connectTime,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(10),
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(2),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
            EnableMultipleHttp2Connections = true,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
        })))
        {
            BaseAddress = address,
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = ApiClient.MaxResponseLength,
        };
        Api = new(_http);
    }

    /// <summary>Every call is limited by the token that it is given.</summary>
    public LicenseServerClient Api { get; }

    /// <summary>Something that is not of the pinned key has been shown there.</summary>
    public bool SawOtherKey => _sawOtherKey;

    /// <summary>
    /// Asks at an address which keys were there before. Whose answer it is nobody knows: it is believed for its signatures, and nothing is told there but
    /// that somebody asks.
    /// </summary>
    /// <exception cref="Contracts.Problems.ProblemException">There was no answer.</exception>
    public static async Task<Contracts.Trust.SuccessionDocuments> AskSuccessionsAsync(Uri address, TimeSpan connectTime, CancellationToken cancellation)
    {
        using var http = new HttpClient(new SocketFaults(new SocketsHttpHandler
        {
#pragma warning disable CA5359 // No key is expected: the statements are verified, each by itself.
            SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
            ConnectTimeout = connectTime,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
        }))
        {
            BaseAddress = address,
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = ApiClient.MaxResponseLength,
        };
        return await new LicenseServerClient(http).SuccessionsAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Whether anything speaks HTTP there; also opens the connection ahead of the first question.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, "v1/");
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (Exception silent) when (silent is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _certificate.Dispose();
    }

    private sealed class NewestVersion(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Version = HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
