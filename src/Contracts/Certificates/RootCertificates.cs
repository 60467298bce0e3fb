using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ostiary.Contracts.Certificates;

/// <summary>
/// Roots and cross certificates. A cross certificate holds the next root's key, signed by the root before it (RFC 4210 section 4.4, "NewWithOld"): both have
/// one name. Each is held to its profile exactly: the profile writes it anew from its few free fields, and every byte must come out the same.
/// </summary>
public static class RootCertificates
{
    /// <summary>Whether issuer and subject have one name: a root, or a cross certificate.</summary>
    public static bool IsSelfIssued(X509Certificate2 certificate)
        => certificate.IssuerName.RawData.AsSpan().SequenceEqual(certificate.SubjectName.RawData);

    /// <summary>Whether the certificate is a root in its one form, signed by its own key. Who it belongs to, and its dates, are the caller's to check.</summary>
    public static bool IsRoot(X509Certificate2 certificate)
        => IsSelfIssued(certificate) && Algorithms.Has(certificate) && DeviceCal.IsSignedBy(certificate, certificate)
            && Is(certificate, () => CertificateProfiles.Root(
                certificate.SubjectName.RawData, SubjectKey(certificate), Serial(certificate), Begin(certificate), End(certificate)));

    /// <summary>Whether the certificate is, in its one form, a cross certificate that <paramref name="root"/> has signed. Its dates are the caller's to check.</summary>
    public static bool IsCrossOf(X509Certificate2 root, X509Certificate2 certificate)
        => IsSelfIssued(certificate) && Algorithms.Has(certificate) && DeviceCal.IsSignedBy(certificate, root)
            && KeyFingerprint.Of(certificate) != KeyFingerprint.Of(root)
            && Is(certificate, () => CertificateProfiles.Cross(root, SubjectKey(certificate), Serial(certificate), Begin(certificate), End(certificate)));

    /// <summary>Whether the certificate's dates hold.</summary>
    public static bool HoldsAt(X509Certificate2 certificate, DateTimeOffset now)
    {
        try
        {
            return Begin(certificate) <= now && now <= End(certificate);
        }
        catch (CryptographicException)
        {
            // The framework loads dates that it cannot read.
            return false;
        }
    }

    private static bool Is(X509Certificate2 certificate, Func<CertificateFields> profile)
    {
        try
        {
            return CertificateFields.Split(certificate.RawDataMemory).ToBeSigned.Span.SequenceEqual(profile().ToBeSigned());
        }
        catch (Exception notOurs) when (notOurs is AsnContentException or CryptographicException)
        {
            // The framework loads what is not DER, and dates that it cannot read; we write neither.
            return false;
        }
    }

    private static byte[] SubjectKey(X509Certificate2 certificate) => certificate.PublicKey.ExportSubjectPublicKeyInfo();

    private static byte[] Serial(X509Certificate2 certificate) => certificate.SerialNumberBytes.ToArray();

    private static DateTimeOffset Begin(X509Certificate2 certificate) => certificate.NotBefore.ToUniversalTime();

    private static DateTimeOffset End(X509Certificate2 certificate) => certificate.NotAfter.ToUniversalTime();
}
