using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ostiary.Contracts.Certificates;

/// <summary>
/// The fixed list of algorithms that a verifier takes: ECDSA over P-256 with SHA-256, and nothing else. What a document names is held against
/// this list before its signature is looked at, so that a weaker algorithm cannot come in by being named.
/// </summary>
public static class Algorithms
{
    // RFC 5758 section 3.2 and RFC 5480 sections 2.1.1 and 2.1.1.1.
    internal const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";
    private const string EcPublicKey = "1.2.840.10045.2.1";
    private static readonly byte[] P256 = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

    /// <summary>Whether the certificate is signed by an algorithm of the list and its key is of one.</summary>
    public static bool Has(X509Certificate2 certificate)
        => certificate.SignatureAlgorithm.Value == EcdsaWithSha256 && HasKey(certificate);

    /// <summary>Whether the certificate's key is of the list.</summary>
    public static bool HasKey(X509Certificate2 certificate)
        => certificate.PublicKey.Oid.Value == EcPublicKey && certificate.PublicKey.EncodedParameters?.RawData.AsSpan().SequenceEqual(P256) == true;

    /// <summary>Whether the key is of the list.</summary>
    public static bool HasCurve(ECDsa key)
        => key.KeySize == 256 && key.ExportParameters(false).Curve is { IsNamed: true, Oid.Value: { } curve } && curve == ECCurve.NamedCurves.nistP256.Oid.Value;
}
