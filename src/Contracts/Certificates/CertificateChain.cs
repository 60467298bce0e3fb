using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ostiary.Contracts.Certificates;

/// <summary>Chain building with a root, intermediates and a time that are given; nothing is downloaded and no store of the machine is asked.</summary>
public static class CertificateChain
{
    /// <summary>Of PEM over HTTP.</summary>
    public const string ContentType = "application/x-pem-file";

    /// <summary>
    /// Whether a certificate leads to <paramref name="root"/> at a given time, with every date, constraint and signature right.
    /// An authority is held to the path lengths above it as what it will sign would be: RFC 5280 section 6.1 does not count the last certificate
    /// of a path, and would let a license server certify another. Every certificate is of the fixed list of algorithms, and one between that has its
    /// issuer's name must be a cross certificate in its one form.
    /// </summary>
    /// <param name="root">What is trusted.</param>
    /// <param name="certificate">What is to lead to it.</param>
    /// <param name="intermediates">What may stand between.</param>
    /// <param name="now">The time at which all of it must hold.</param>
    /// <param name="isWithdrawn">Whether a key on the way is good for nothing any more; null where none can be.</param>
    public static bool LeadsTo(
        X509Certificate2 root, X509Certificate2 certificate, IEnumerable<X509Certificate2> intermediates, DateTimeOffset now, Func<KeyFingerprint, bool>? isWithdrawn = null)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        foreach (var intermediate in intermediates)
            chain.ChainPolicy.ExtraStore.Add(intermediate);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        var good = Builds(chain, certificate)
            && chain.ChainElements.All(element => Algorithms.Has(element.Certificate) && isWithdrawn?.Invoke(KeyFingerprint.Of(element.Certificate)) != true)
            && AreCrosses(chain.ChainElements)
            && (!IsAuthority(certificate) || chain.ChainElements.Skip(1).Index().All(above => MayStandAbove(above.Item.Certificate, above.Index + 1)));
        foreach (var element in chain.ChainElements)
            element.Certificate.Dispose();
        return good;
    }

    private static bool Builds(X509Chain chain, X509Certificate2 certificate)
    {
        try
        {
            return chain.Build(certificate);
        }
        catch (CryptographicException)
        {
            // The framework loads a certificate whose key it cannot read, and finds out only here.
            return false;
        }
    }

    // The first is what is asked about, the last the root.
    private static bool AreCrosses(X509ChainElementCollection elements)
    {
        for (var index = 1; index < elements.Count - 1; index++)
            if (RootCertificates.IsSelfIssued(elements[index].Certificate) && !RootCertificates.IsCrossOf(elements[index + 1].Certificate, elements[index].Certificate))
                return false;
        return true;
    }

    private static bool IsAuthority(X509Certificate2 certificate) => certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority);

    private static bool MayStandAbove(X509Certificate2 certificate, int authorities)
        => certificate.Extensions.OfType<X509BasicConstraintsExtension>().All(constraints => !constraints.HasPathLengthConstraint || constraints.PathLengthConstraint >= authorities);

    /// <summary>Reads certificates in PEM, in their order; text between them is left.</summary>
    /// <exception cref="CryptographicException">One of them cannot be read.</exception>
    public static IReadOnlyList<X509Certificate2> FromPem(string pem)
    {
        var collection = new X509Certificate2Collection();
        collection.ImportFromPem(pem);
        return [.. collection];
    }

    /// <summary>Writes certificates in PEM, in their order.</summary>
    public static string ToPem(IEnumerable<X509Certificate2> certificates)
        => string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n"));
}
