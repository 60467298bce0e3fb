using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Clearinghouse.Signing;

/// <summary>
/// The issuing key with its certificate and the root above it. It signs for the first two of its certificate's twelve years,
/// so that what it signs on its last day still lives for ten.
/// </summary>
internal sealed class IssuingKey : IDisposable
{
    public const int CertificateYears = 12;
    public const int SigningYears = 2;
    public const string KeyFile = "issuing.key";
    public const string CertificateFile = "issuing.pem";
    public const string RootFile = "root.pem";

    private IssuingKey(ECDsa key, X509Certificate2 certificate, X509Certificate2 root)
    {
        Key = key;
        Certificate = certificate;
        Root = root;
    }

    public ECDsa Key { get; }

    public X509Certificate2 Certificate { get; }

    public X509Certificate2 Root { get; }

    /// <summary>The last second at which an issuing key signs.</summary>
    public static DateTimeOffset SignsUntil(X509Certificate2 issuing) => new DateTimeOffset(issuing.NotBefore.ToUniversalTime()).AddYears(SigningYears);

    /// <summary>Reads key, certificate and root from the signer's state directory.</summary>
    /// <exception cref="InvalidDataException">They do not fit each other.</exception>
    public static IssuingKey Read(string directory)
    {
        var key = ReadKey(Path.Combine(directory, KeyFile));
        var certificate = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(directory, CertificateFile));
        var root = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(directory, RootFile));
        if (KeyFingerprint.Of(key) != KeyFingerprint.Of(certificate))
            throw new InvalidDataException($"{KeyFile} is not the key of {CertificateFile} in {directory}");
        if (!DeviceCal.IsSignedBy(certificate, root))
            throw new InvalidDataException($"{CertificateFile} is not signed by {RootFile} in {directory}");
        return new(key, certificate, root);
    }

    /// <summary>Reads a P-256 key in PKCS#8, PEM.</summary>
    public static ECDsa ReadKey(string path)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(path));
        return key;
    }

    public void Dispose()
    {
        Key.Dispose();
        Certificate.Dispose();
        Root.Dispose();
    }
}
