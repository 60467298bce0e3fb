using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Trust;

namespace Ostiary.Contracts.Http;

/// <summary>
/// A clearinghouse over HTTPS, as license servers and those who carry for them call it. Its TLS is good when the machine trusts it, or when it is a
/// clearinghouse's certificate that leads to the published root. A proxy is used where the machine names one.
/// </summary>
public static class ClearinghouseServer
{
    /// <param name="address">HTTPS address.</param>
    /// <param name="root">The published root, as it is known at each connection; null where none is.</param>
    /// <param name="times">The times at one of which its certificate is to hold.</param>
    /// <param name="timeout">For a whole request.</param>
    public static HttpClient Connect(Uri address, Func<X509Certificate2?> root, Func<IEnumerable<DateTimeOffset>> times, TimeSpan timeout)
        => Connect(address, () => root() is { } known ? PublisherTrust.Of(known) : null, times, timeout);

    /// <summary>Likewise, with all that is known of the publisher.</summary>
    /// <param name="address">HTTPS address.</param>
    /// <param name="trust">What is known at each connection; null where no root is.</param>
    /// <param name="times">The times at one of which its certificate is to hold.</param>
    /// <param name="timeout">For a whole request.</param>
    public static HttpClient Connect(Uri address, Func<PublisherTrust?> trust, Func<IEnumerable<DateTimeOffset>> times, TimeSpan timeout)
    {
        var client = new HttpClient(new SocketFaults(new SocketsHttpHandler
        {
            // A certificate that changed is seen soon.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            SslOptions = new() { RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(certificate, chain, errors, trust(), times()) },
        }))
        {
            BaseAddress = address.AbsoluteUri.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/"),
            Timeout = timeout,
            MaxResponseContentBufferSize = ApiClient.MaxResponseLength,
        };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Ostiary", "1"));
        return client;
    }

    private static bool IsTrusted(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, PublisherTrust? trust, IEnumerable<DateTimeOffset> times)
    {
        if (errors == SslPolicyErrors.None)
            return true;
        if (trust is null || certificate is not X509Certificate2 leaf)
            return false;
        var issuers = chain?.ChainPolicy.ExtraStore.ToArray() ?? [];
        var usages = leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().SelectMany(extension => extension.EnhancedKeyUsages.Cast<Oid>());
        if (!usages.Any(usage => usage.Value == OstiaryOids.ClearinghouseUsage.Value))
            return false;
        if (times.Any(now => trust.LeadsTo(leaf, issuers, now)))
            return true;
        // The publisher's own, and good at another time than this: that is worth to be told from a stranger's.
        return trust.LeadsTo(leaf, issuers, leaf.NotBefore.ToUniversalTime())
            ? throw new WrongTimeException($"the clearinghouse's certificate runs from {leaf.NotBefore.ToUniversalTime():u} to {leaf.NotAfter.ToUniversalTime():u}, and here it is {times.First():u}")
            : false;
    }
}

/// <summary>A certificate is the right one, and does not hold now.</summary>
public sealed class WrongTimeException(string message) : AuthenticationException(message);
