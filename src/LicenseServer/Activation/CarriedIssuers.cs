using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Telephone;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Trust;

namespace Ostiary.LicenseServer.Activation;

/// <summary>What comes back from a clearinghouse by hand: codes, groups, and the issuing certificates that they are checked with.</summary>
internal sealed class CarriedIssuers(LicenseServerOptions options, Ledger ledger, TrustPulls trust)
{
    /// <summary>Characters of PEM in an answer; an issuing certificate has some 800.</summary>
    private const int MaxPemLength = 32 * 1024;

    /// <exception cref="ProblemException">It is no response code.</exception>
    public static ResponseCode ReadCode(string? text)
        => ResponseCode.TryParse(text, out var code, out var error) ? code : throw new ProblemException(LicensingProblem.InvalidField, error, "responseCode");

    /// <exception cref="ProblemException">A group is wrong; every wrong one is named.</exception>
    public static byte[] ReadGroups(SpokenForm form, IReadOnlyList<string> groups)
        => form.TryRead(groups, out var bytes, out var errors) ? bytes : throw new ProblemException(LicensingProblem.InvalidField, string.Join("; ", errors), "groups");

    /// <summary>The telephone desk's numbers in the configured file.</summary>
    public IReadOnlyList<TelephoneNumber> TelephoneNumbers() => options.IssuingFile is { } file && File.Exists(file) ? TelephoneNumber.Read(File.ReadAllText(file)) : [];

    /// <summary>The issuing certificate of a code.</summary>
    /// <exception cref="ProblemException">It is none, or does not lead to the root.</exception>
    public async Task<X509Certificate2> ReadAsync(byte[] der, CancellationToken cancellation)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(der);
            return await trust.ReadIssuingAsync(certificate.ExportCertificatePem(), cancellation).ConfigureAwait(false);
        }
        catch (CryptographicException noCertificate)
        {
            throw new ProblemException(LicensingProblem.SignatureInvalid, $"the issuing certificate in the code cannot be read: {noCertificate.Message}", "responseCode");
        }
    }

    /// <summary>The issuing certificate that groups name: of those that were sent along, the configured ones, and the one of the activation.</summary>
    /// <param name="keyId">See <see cref="KeyFingerprint.KeyId"/>.</param>
    /// <param name="pem">Sent along; may be null.</param>
    /// <param name="cancellation">The request's.</param>
    /// <exception cref="ProblemException">None of them has this key.</exception>
    public async Task<X509Certificate2> FindAsync(uint keyId, string? pem, CancellationToken cancellation)
    {
        if (pem is { Length: > MaxPemLength })
            throw new ProblemException(LicensingProblem.InvalidField, $"issuingCertificates has {pem.Length} characters; at most {MaxPemLength} are taken", "issuingCertificates");
        var known = new List<X509Certificate2>();
        try
        {
            known.AddRange(pem is null ? [] : CertificateChain.FromPem(pem));
            // A file may hold the roots that followed the one that is known, with their cross certificates.
            if (pem is not null)
                await trust.TakeAsync(new(pem), cancellation).ConfigureAwait(false);
            if (options.IssuingFile is { } file)
                known.AddRange(CertificateChain.FromPem(File.ReadAllText(file)));
            if (ledger.Identity.Current.Chain is [_, var own])
                known.Add(X509CertificateLoader.LoadCertificate(own.RawData));
            return known.Find(certificate => KeyFingerprint.Of(certificate).KeyId == keyId) is { } named
                ? await trust.ReadIssuingAsync(named.ExportCertificatePem(), cancellation).ConfigureAwait(false)
                : throw new ProblemException(
                    LicensingProblem.NotFound,
                    $"the answer is signed by issuing key {keyId:x8}, whose certificate is not here; give the file that came with the package or the key's e-mail (--issuing FILE)",
                    "issuingCertificates");
        }
        catch (CryptographicException noCertificates)
        {
            throw new ProblemException(LicensingProblem.InvalidField, $"issuingCertificates are not certificates in PEM: {noCertificates.Message}", "issuingCertificates");
        }
        finally
        {
            known.ForEach(certificate => certificate.Dispose());
        }
    }
}
