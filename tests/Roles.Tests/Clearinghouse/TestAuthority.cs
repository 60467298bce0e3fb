using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>A root, an issuing key and a license server, made in memory.</summary>
public sealed class TestAuthority : IDisposable
{
    public static readonly DateTimeOffset Begin = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    public TestAuthority(string publisher = "Test")
    {
        Root = Sign(CertificateProfiles.Root(publisher, RootKey, Serial(), Begin, Begin.AddYears(25)), RootKey);
        Issuing = Sign(CertificateProfiles.Issuing(Root, publisher, Spki(IssuingKey), Serial(), Begin, Begin.AddYears(12)), RootKey);
        LicenseServer = Sign(CertificateProfiles.LicenseServer(Issuing, Spki(LicenseServerKey), Serial(), Begin, Begin.AddYears(10)), IssuingKey);
    }

    public ECDsa RootKey { get; } = NewKey();

    public ECDsa IssuingKey { get; } = NewKey();

    public ECDsa LicenseServerKey { get; } = NewKey();

    public X509Certificate2 Root { get; }

    public X509Certificate2 Issuing { get; }

    public X509Certificate2 LicenseServer { get; }

    public static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static byte[] Spki(ECDsa key) => key.ExportSubjectPublicKeyInfo();

    public static byte[] Serial() => CertificateFields.MakeSerial(RandomNumberGenerator.GetBytes(CertificateFields.SerialLength));

    public static X509Certificate2 Sign(CertificateFields fields, ECDsa issuer) => X509CertificateLoader.LoadCertificate(SignDer(fields, issuer));

    public static byte[] SignDer(CertificateFields fields, ECDsa issuer)
    {
        var toBeSigned = fields.ToBeSigned();
        return CertificateFields.Assemble(toBeSigned, CertificateFields.Sign(toBeSigned, issuer));
    }

    public void Dispose()
    {
        foreach (var certificate in new[] { Root, Issuing, LicenseServer })
            certificate.Dispose();
        foreach (var key in new[] { RootKey, IssuingKey, LicenseServerKey })
            key.Dispose();
    }
}
