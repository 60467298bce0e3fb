using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Contracts.Certificates;

/// <summary>
/// Who may be what: one method a kind of certificate, each with the extended key usage that no other kind carries.
/// root (25 years) → issuing (12 years) → license server (CA, path length 0, 10 years) → Device CALs, session hosts, TLS leaves.
/// </summary>
public static class CertificateProfiles
{
    private const X509KeyUsageFlags Authority = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign;

    public static CertificateFields Root(string publisher, ECDsa key, byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter)
        => Root(Name($"{publisher} Ostiary root"), key.ExportSubjectPublicKeyInfo(), serial, notBefore, notAfter);

    /// <summary>A root by its name, DER: the one before it and the one after it have the same.</summary>
    public static CertificateFields Root(byte[] name, byte[] publicKey, byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter)
        => new(serial, name, notBefore, notAfter, name, publicKey,
        [
            new X509BasicConstraintsExtension(true, false, 0, true),
            new X509KeyUsageExtension(Authority, true),
            SubjectKey(publicKey),
        ]);

    /// <summary>
    /// The next root's key under the name of <paramref name="root"/> and signed by it: whoever trusts this root may trust the next one. It has a usage of its
    /// own, and nothing else of the publisher has two names that are one.
    /// </summary>
    public static CertificateFields Cross(X509Certificate2 root, byte[] publicKey, byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter)
        => new(serial, root.SubjectName.RawData, notBefore, Earlier(notAfter, root), root.SubjectName.RawData, publicKey,
        [
            new X509BasicConstraintsExtension(true, true, 2, true),
            new X509KeyUsageExtension(Authority, true),
            Usages(OstiaryOids.RootSuccessionUsage),
            SubjectKey(publicKey),
            IssuerKey(root),
        ]);

    public static CertificateFields Issuing(X509Certificate2 root, string publisher, byte[] publicKey, byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter)
        => new(serial, root.SubjectName.RawData, notBefore, Earlier(notAfter, root), Name($"{publisher} Ostiary issuing {notBefore.UtcDateTime.Year}"), publicKey,
        [
            new X509BasicConstraintsExtension(true, true, 1, true),
            new X509KeyUsageExtension(Authority, true),
            SubjectKey(publicKey),
            IssuerKey(root),
        ]);

    /// <summary>
    /// A license server's certificate. Subject: its License Server ID and nothing else.
    /// <paramref name="issuer"/> is null for the self-made certificate of a license server that is not activated.
    /// </summary>
    public static CertificateFields LicenseServer(X509Certificate2? issuer, byte[] publicKey, byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        var subject = LicenseServerName(LicenseServerId.Of(publicKey));
        List<X509Extension> extensions =
        [
            new X509BasicConstraintsExtension(true, true, 0, true),
            new X509KeyUsageExtension(Authority, true),
            Usages(OstiaryOids.LicenseServerUsage),
            SubjectKey(publicKey),
        ];
        if (issuer is not null)
            extensions.Add(IssuerKey(issuer));
        return new(serial, issuer?.SubjectName.RawData ?? subject, notBefore, issuer is null ? notAfter : Earlier(notAfter, issuer), subject, publicKey, extensions);
    }

    public static CertificateFields SessionHost(X509Certificate2 licenseServer, byte[] publicKey, SessionHostData data, byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter)
        => Leaf(licenseServer, Name($"{data.HostId:N}"), publicKey, serial, notBefore, notAfter, [OstiaryOids.SessionHostUsage],
            new X509Extension(OstiaryOids.SessionHostData, data.Encode(), false));

    /// <summary>A Device CAL. Its subject key is <see cref="DeviceCal.SubjectKey"/>, which nobody holds.</summary>
    public static CertificateFields DeviceCal(X509Certificate2 licenseServer, DeviceCalData data, byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter)
        => Leaf(licenseServer, Name($"{Convert.ToHexStringLower(serial)}"), Certificates.DeviceCal.SubjectKey, serial, notBefore, notAfter, [OstiaryOids.DeviceCalUsage],
            new X509Extension(OstiaryOids.DeviceCalData, data.Encode(), false));

    /// <summary>The certificate with which a license server answers TLS; hosts check that its issuer's key is the one they pinned.</summary>
    public static CertificateFields LicenseServerTls(X509Certificate2 licenseServer, byte[] publicKey, byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter)
        => Leaf(licenseServer, Name("license server TLS"), publicKey, serial, notBefore, notAfter, [OstiaryOids.ServerAuthentication]);

    /// <summary>The certificate with which a clearinghouse answers TLS to license servers that know only the published root.</summary>
    public static CertificateFields ClearinghouseTls(X509Certificate2 issuing, byte[] publicKey, byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter)
        => Leaf(issuing, Name("clearinghouse TLS"), publicKey, serial, notBefore, notAfter, [OstiaryOids.ServerAuthentication, OstiaryOids.ClearinghouseUsage]);

    /// <summary>The subject's name of a license server, DER.</summary>
    public static byte[] LicenseServerName(LicenseServerId id) => Name($"{id.Text}");

    /// <summary>True when the certificate has one extended key usage extension, which is critical and holds exactly this one.</summary>
    public static bool HasOnlyUsage(X509Certificate2 certificate, Oid usage)
    {
        try
        {
            return certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().ToArray() is [{ Critical: true, EnhancedKeyUsages: [var only] }]
                && only.Value == usage.Value;
        }
        catch (CryptographicException)
        {
            // The framework decodes an extension when it is looked at: this one is malformed.
            return false;
        }
    }

    private static CertificateFields Leaf(
        X509Certificate2 issuer, byte[] subject, byte[] publicKey, byte[] serial, DateTimeOffset notBefore, DateTimeOffset notAfter, Oid[] usages, params X509Extension[] more)
        => new(serial, issuer.SubjectName.RawData, notBefore, Earlier(notAfter, issuer), subject, publicKey,
        [
            new X509BasicConstraintsExtension(false, false, 0, true),
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true),
            Usages(usages),
            SubjectKey(publicKey),
            IssuerKey(issuer),
            .. more,
        ]);

    // No certificate outlives its issuer.
    private static DateTimeOffset Earlier(DateTimeOffset notAfter, X509Certificate2 issuer)
    {
        DateTimeOffset end = issuer.NotAfter.ToUniversalTime();
        return notAfter < end ? notAfter : end;
    }

    private static X509EnhancedKeyUsageExtension Usages(params Oid[] usages)
    {
        var collection = new OidCollection();
        foreach (var usage in usages)
            collection.Add(usage);
        return new(collection, true);
    }

    // RFC 7093 section 2, method 1: the leftmost 160 bits of SHA-256 over the key's bit string.
    private static X509SubjectKeyIdentifierExtension SubjectKey(byte[] subjectPublicKeyInfo)
        => new(KeyIdentifier(PublicKey.CreateFromSubjectPublicKeyInfo(subjectPublicKeyInfo, out _).EncodedKeyValue.RawData), false);

    private static X509AuthorityKeyIdentifierExtension IssuerKey(X509Certificate2 issuer)
        => X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(KeyIdentifier(issuer.PublicKey.EncodedKeyValue.RawData));

    private static byte[] KeyIdentifier(byte[] keyBits) => SHA256.HashData(keyBits)[..20];

    // Encoded as given (UTF8String): the framework's parser of names would take some characters for syntax.
    private static byte[] Name(string commonName)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(commonName);
        return name.Build().RawData;
    }
}
