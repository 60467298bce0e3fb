using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Statements;

namespace Ostiary.Contracts.Trust;

/// <summary><c>GET /v1/audit-head</c> of a clearinghouse, and what a license server keeps of it: where the audit chain was, signed.</summary>
/// <param name="Head">A <see cref="AuditHeadStatement"/>, signed by an issuing key.</param>
/// <param name="IssuingCertificate">The certificate of that key, PEM.</param>
public sealed record AuditHeadDocument(byte[] Head, string IssuingCertificate)
{
    /// <summary>Characters of PEM; a certificate has some 800.</summary>
    public const int MaxPemLength = 8 * 1024;

    /// <summary>What it says, if an issuing key of the publisher has signed it.</summary>
    /// <param name="trust">What is known of the publisher.</param>
    /// <param name="now">The time at which the issuing certificate must hold; null for a head of any time.</param>
    /// <param name="error">Why not, naming the field.</param>
    /// <returns>Null where it does not hold.</returns>
    public AuditHeadStatement? Verify(PublisherTrust trust, DateTimeOffset? now, out string error)
    {
        error = "";
        if (Head is not { Length: > 0 and <= Statement.MaxLength })
            error = $"head has 1 to {Statement.MaxLength} bytes";
        else if (IssuingCertificate is not { Length: > 0 and <= MaxPemLength })
            error = $"issuingCertificate has 1 to {MaxPemLength} characters";
        if (error.Length > 0)
            return null;
        try
        {
            using var issuing = X509Certificate2.CreateFromPem(IssuingCertificate);
            using var key = issuing.GetECDsaPublicKey();
            if (key is null || !trust.IsIssuing(issuing, now))
                error = "issuingCertificate is not one of the publisher's issuing certificates, or was withdrawn";
            else if (!Statement.TryVerify(Head, key, out var payload))
                error = "head is not signed by the key of issuingCertificate";
            else
                return AuditHeadStatement.Decode(payload);
        }
        catch (CryptographicException noCertificate)
        {
            error = $"issuingCertificate cannot be read: {noCertificate.Message}";
        }
        catch (CborContentException malformed)
        {
            error = $"head is no audit head: {malformed.Message}";
        }

        return null;
    }
}
