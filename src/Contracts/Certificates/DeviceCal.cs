using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Ostiary.Contracts.Trust;

namespace Ostiary.Contracts.Certificates;

/// <summary>Why a Device CAL is good, or is not.</summary>
public enum DeviceCalVerdict
{
    Valid,

    /// <summary>It was issued by a license server whose key the host did not pin.</summary>
    IssuerNotPinned,

    /// <summary>The license server's key did not sign these bytes.</summary>
    SignatureInvalid,

    /// <summary>The license server's certificate does not lead to the root, or a date or use in the chain is wrong.</summary>
    ChainInvalid,

    /// <summary>The device that presents it has another hardware id.</summary>
    HardwareIdDiffers,

    NotYetValid,

    Expired,

    /// <summary>The clearinghouse has revoked its license server.</summary>
    Revoked,
}

/// <summary>
/// A Device CAL as a client stores it (pbLicenseInfo of MS-RDPELE): certificates in PEM, the CAL first, then the license server's and the
/// issuing certificate, under <see cref="MaxStoredLength"/> bytes, so that <c>openssl verify</c> checks it against the published root.
/// "The same CAL" means the same to-be-signed bytes.
/// </summary>
public sealed class DeviceCal : IDisposable
{
    /// <summary>Bytes. A longer stored license is not ours.</summary>
    public const int MaxStoredLength = 4096;

    private const int MaxCertificates = 4;
    private readonly List<X509Certificate2> _chain;

    private DeviceCal(List<X509Certificate2> chain, DeviceCalData data)
    {
        _chain = chain;
        Data = data;
    }

    /// <summary>
    /// The subject key of every Device CAL, SubjectPublicKeyInfo: a point of P-256 that nobody holds the private key of.
    /// Its x is SHA-256 of "Ostiary Device CAL subject key" and the byte 1 (the first counter from 0 that gives a point), its y is the even one.
    /// </summary>
    public static byte[] SubjectKey { get; } = BuildSubjectKey();

    public DeviceCalData Data { get; }

    /// <summary>32 hexadecimal digits.</summary>
    public string Serial => _chain[0].SerialNumber.ToLowerInvariant();

    public DateTimeOffset NotBefore => _chain[0].NotBefore.ToUniversalTime();

    public DateTimeOffset NotAfter => _chain[0].NotAfter.ToUniversalTime();

    /// <summary>The key that is said to have issued it; proven only by verifying it.</summary>
    public KeyFingerprint LicenseServer => KeyFingerprint.Of(_chain[1]);

    /// <summary>The TBSCertificate, DER.</summary>
    public ReadOnlyMemory<byte> ToBeSigned => CertificateFields.Split(_chain[0].RawDataMemory).ToBeSigned;

    /// <summary>The license server's signature, DER; nothing is verified by reading it.</summary>
    public byte[] Signature => CertificateFields.Split(_chain[0].RawDataMemory).Signature;

    /// <summary>Writes the form that a client stores.</summary>
    /// <param name="certificate">The CAL, DER.</param>
    /// <param name="issuers">The license server's certificate and those above it without the root.</param>
    public static byte[] WriteStored(ReadOnlySpan<byte> certificate, IEnumerable<X509Certificate2> issuers)
    {
        var text = new StringBuilder(PemEncoding.WriteString("CERTIFICATE", certificate)).Append('\n');
        foreach (var issuer in issuers)
            text.Append(issuer.ExportCertificatePem()).Append('\n');
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    /// <summary>
    /// Reads a stored license if it has the form of ours; nothing is verified yet. A license of anybody else gives false and is left alone.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> stored, [NotNullWhen(true)] out DeviceCal? cal)
    {
        cal = null;
        if (stored.Length > MaxStoredLength || !stored.StartsWith("-----BEGIN CERTIFICATE-----"u8))
            return false;
        var chain = new List<X509Certificate2>();
        try
        {
            ReadOnlySpan<char> text = Encoding.ASCII.GetString(stored);
            while (PemEncoding.TryFind(text, out var fields))
            {
                if (!text[fields.Label].SequenceEqual("CERTIFICATE") || chain.Count == MaxCertificates)
                    return false;
                chain.Add(X509CertificateLoader.LoadCertificate(Convert.FromBase64String(text[fields.Base64Data].ToString())));
                text = text[fields.Location.End..];
            }

            if (chain.Count >= 2 && CertificateProfiles.HasOnlyUsage(chain[0], OstiaryOids.DeviceCalUsage)
                && chain[0].Extensions[OstiaryOids.DeviceCalData] is { } extension && DeviceCalData.Decode(extension.RawData) is { } data)
                cal = new(chain, data);
        }
        catch (Exception notOurs) when (notOurs is CryptographicException or AsnContentException or FormatException)
        {
            // Bytes of a client: whatever does not parse was not written by us.
        }

        if (cal is null)
            chain.ForEach(certificate => certificate.Dispose());
        return cal is not null;
    }

    /// <summary>
    /// Verifies issuer, signature, chain, dates and device. The chain to the root is necessary, not sufficient: the issuer must be pinned.
    /// </summary>
    /// <param name="pinned">The license servers that this host joined.</param>
    /// <param name="root">The published root. Null, or a license server that is not activated: only its pinned key is checked, and only a temporary CAL passes.</param>
    /// <param name="hardwareId">The 20 bytes that the device presents.</param>
    /// <param name="now">The time of the check.</param>
    public DeviceCalVerdict Verify(IReadOnlyCollection<KeyFingerprint> pinned, X509Certificate2? root, ReadOnlySpan<byte> hardwareId, DateTimeOffset now)
        => Verify(pinned, root is null ? null : PublisherTrust.Of(root), [], hardwareId, now);

    /// <summary>Likewise, with all that is known of the publisher.</summary>
    /// <param name="pinned">The license servers that this host joined.</param>
    /// <param name="trust">The roots, and what is withdrawn and revoked; null while no root is known.</param>
    /// <param name="current">
    /// The certificates of the CAL's license server as it shows them now, its own first. The client keeps those of the day of issue: where they do not hold
    /// any more, because the issuing key above them was withdrawn, these stand for the same key.
    /// </param>
    /// <param name="hardwareId">The 20 bytes that the device presents.</param>
    /// <param name="now">The time of the check.</param>
    public DeviceCalVerdict Verify(
        IReadOnlyCollection<KeyFingerprint> pinned, PublisherTrust? trust, IReadOnlyList<X509Certificate2> current, ReadOnlySpan<byte> hardwareId, DateTimeOffset now)
    {
        var licenseServer = LicenseServer;
        if (!pinned.Contains(licenseServer))
            return DeviceCalVerdict.IssuerNotPinned;
        if (!IsSignedBy(_chain[0], _chain[1]))
            return DeviceCalVerdict.SignatureInvalid;
        if (!IssuerHolds(trust, _chain.Skip(1).ToList(), now) && !(current.Count > 0 && KeyFingerprint.Of(current[0]) == licenseServer && IssuerHolds(trust, current, now)))
            return DeviceCalVerdict.ChainInvalid;
        if (trust?.RevocationOf(licenseServer) is not null)
            return DeviceCalVerdict.Revoked;
        if (!CryptographicOperations.FixedTimeEquals(Data.HardwareIdDigest, DeviceCalData.DigestHardwareId(licenseServer, hardwareId)))
            return DeviceCalVerdict.HardwareIdDiffers;
        if (now < NotBefore)
            return DeviceCalVerdict.NotYetValid;
        return now > NotAfter ? DeviceCalVerdict.Expired : DeviceCalVerdict.Valid;
    }

    /// <summary>Whether <paramref name="issuer"/>'s key (P-256) signed <paramref name="certificate"/> and its name says so.</summary>
    public static bool IsSignedBy(X509Certificate2 certificate, X509Certificate2 issuer)
    {
        if (!certificate.IssuerName.RawData.AsSpan().SequenceEqual(issuer.SubjectName.RawData))
            return false;
        if (certificate.SignatureAlgorithm.Value != Algorithms.EcdsaWithSha256 || !Algorithms.HasKey(issuer))
            return false;
        try
        {
            using var key = issuer.GetECDsaPublicKey();
            var (toBeSigned, signature) = CertificateFields.Split(certificate.RawDataMemory);
            return key is not null && key.VerifyData(toBeSigned.Span, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (Exception notOurs) when (notOurs is CryptographicException or AsnContentException)
        {
            // The framework loads what is not DER, or has a key of another curve: we sign neither.
            return false;
        }
    }

    public void Dispose() => _chain.ForEach(certificate => certificate.Dispose());

    private bool IssuerHolds(PublisherTrust? trust, IReadOnlyList<X509Certificate2> licenseServer, DateTimeOffset now)
    {
        if (!CertificateProfiles.HasOnlyUsage(licenseServer[0], OstiaryOids.LicenseServerUsage))
            return false;
        if (RootCertificates.IsSelfIssued(licenseServer[0]))
            return Data.Temporary && IsSignedBy(licenseServer[0], licenseServer[0]);
        return trust is not null && trust.LeadsTo(licenseServer[0], licenseServer.Skip(1), now);
    }

    private static byte[] BuildSubjectKey()
    {
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new ECPoint
            {
                X = Convert.FromHexString("5abdac8ecf59aa3ee1dae992fe8825da4cf19adab4ceae538f4aa50bee71cb65"),
                Y = Convert.FromHexString("3f6049aedba86aec3635f67aff94c9a2cc4bf6ad96ee45b7f770e089acbd2354"),
            },
        });
        return key.ExportSubjectPublicKeyInfo();
    }
}
