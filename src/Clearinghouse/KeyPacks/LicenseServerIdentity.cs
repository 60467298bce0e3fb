using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.KeyPacks;

/// <summary>A license server that one of our issuing keys certified.</summary>
/// <param name="Key">Its public key.</param>
/// <param name="Fingerprint">Of that key.</param>
/// <param name="Id">Of that key.</param>
/// <param name="UnderWithdrawnKey">The issuing key was withdrawn since: whether we activated it is to be looked up, for others may have the key.</param>
internal sealed record LicenseServerIdentity(ECDsa Key, KeyFingerprint Fingerprint, LicenseServerId Id, bool UnderWithdrawnKey) : IDisposable
{
    /// <summary>Characters of PEM; a chain of three certificates is some 2,500.</summary>
    public const int MaxPemLength = 16 * 1024;

    private const string Field = "licenseServerCertificate";

    /// <summary>Takes the first certificate of the text; whatever follows it is not looked at, since the issuers are ours.</summary>
    /// <exception cref="ProblemException">It is not the certificate of a license server that we activated, or is over.</exception>
    public static LicenseServerIdentity Verify(string pem, PublishedTrust trust, Issuers issuers, DateTimeOffset now)
    {
        if (pem.Length > MaxPemLength)
            throw new ProblemException(LicensingProblem.InvalidField, $"{Field} has {pem.Length} characters; at most {MaxPemLength} are taken", Field);
        using var certificate = ReadFirst(pem);
        if (!CertificateProfiles.HasOnlyUsage(certificate, OstiaryOids.LicenseServerUsage))
            throw Invalid("it is not the certificate of a license server");
        if (issuers.FindSignerOf(certificate) is not { } issuing)
            throw Invalid("this clearinghouse did not sign it");
        if (!trust.Current.Roots.Any(root => CertificateChain.LeadsTo(root, certificate, [issuing], now)))
            throw Invalid($"it does not hold at {now:u}; it runs from {certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u}");
        var key = certificate.GetECDsaPublicKey() ?? throw Invalid("its key is not one of P-256");
        return new(key, KeyFingerprint.Of(certificate), LicenseServerId.Of(certificate.PublicKey.ExportSubjectPublicKeyInfo()), trust.Current.IsWithdrawn(KeyFingerprint.Of(issuing)));
    }

    public void Dispose() => Key.Dispose();

    private static X509Certificate2 ReadFirst(string pem)
    {
        try
        {
            return X509Certificate2.CreateFromPem(pem);
        }
        catch (CryptographicException malformed)
        {
            throw new ProblemException(LicensingProblem.InvalidField, $"{Field} is not a certificate in PEM: {malformed.Message}", Field);
        }
    }

    private static ProblemException Invalid(string reason)
        => new(LicensingProblem.SignatureInvalid, $"the license server's certificate is not accepted: {reason}", Field);
}
