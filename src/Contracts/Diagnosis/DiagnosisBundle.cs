using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Statements;

namespace Ostiary.Contracts.Diagnosis;

/// <summary><c>POST /v1/diagnosis-bundle</c> of a session host and of a license server: its findings, signed with its key.</summary>
/// <param name="Text">Blocks of PEM; see <see cref="DiagnosisBundle"/>.</param>
public sealed record DiagnosisBundleAnswer(string Text);

/// <summary>A part of a bundle whose signature holds.</summary>
/// <param name="Signer">The key that signed it, by the certificate that came along; whose it is, says whoever knows the key.</param>
/// <param name="Subject">The certificate's subject.</param>
/// <param name="Findings">What was signed.</param>
public sealed record VerifiedDiagnosis(string Signer, string Subject, RoleFindings Findings);

/// <summary>
/// A file for whoever helps: for each role a signed <see cref="DiagnosisStatement"/> (PEM, label <c>OSTIARY DIAGNOSIS</c>), then the certificate of the key that
/// signed it and those above it. It holds no keys, no product keys, no CALs, and no names of people or devices.
/// </summary>
public static class DiagnosisBundle
{
    /// <summary>Characters of a whole file.</summary>
    public const int MaxLength = 1024 * 1024;

    private const string StatementLabel = "OSTIARY DIAGNOSIS";
    private const string CertificateLabel = "CERTIFICATE";

    /// <param name="findings">Without names of people and devices. The last ones are left out where there are too many.</param>
    /// <param name="sign">Signs a payload with the role's key.</param>
    /// <param name="certificates">The key's, then those above it.</param>
    public static string Make(RoleFindings findings, Func<byte[], byte[]> sign, IEnumerable<X509Certificate2> certificates)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(findings, ContractsJson.Default.RoleFindings);
        while (json.Length > DiagnosisStatement.MaxFindings && findings.Findings.Count > 0)
        {
            findings = findings with { Findings = [.. findings.Findings.Take(findings.Findings.Count * 3 / 4)] };
            json = JsonSerializer.SerializeToUtf8Bytes(findings, ContractsJson.Default.RoleFindings);
        }

        var statement = new DiagnosisStatement(findings.Role, findings.Name, findings.At, findings.SoftwareVersion, json);
        return $"{PemEncoding.WriteString(StatementLabel, sign(statement.Encode()))}\n{string.Concat(certificates.Select(certificate => certificate.ExportCertificatePem() + "\n"))}";
    }

    /// <summary>Every part of a bundle, each with the certificate that follows it.</summary>
    /// <exception cref="InvalidDataException">It is no bundle, or a signature does not hold.</exception>
    public static IReadOnlyList<VerifiedDiagnosis> Verify(string text)
    {
        if (text.Length > MaxLength)
            throw new InvalidDataException($"a bundle has at most {MaxLength} characters, not {text.Length}");
        List<VerifiedDiagnosis> parts = [];
        byte[]? statement = null;
        var rest = text.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            var content = Convert.FromBase64String(rest[fields.Base64Data].ToString());
            if (rest[fields.Label].SequenceEqual(StatementLabel))
                statement = statement is null ? content : throw new InvalidDataException("a diagnosis has no certificate behind it");
            else if (rest[fields.Label].SequenceEqual(CertificateLabel) && statement is not null)
                (parts, statement) = ([.. parts, Verify(statement, content)], null);
            rest = rest[fields.Location.End..];
        }

        return parts.Count > 0 && statement is null ? parts : throw new InvalidDataException("it holds no signed diagnosis with its certificate");
    }

    private static VerifiedDiagnosis Verify(byte[] statement, byte[] certificate)
    {
        try
        {
            using var signer = X509CertificateLoader.LoadCertificate(certificate);
            using var key = signer.GetECDsaPublicKey();
            if (key is null || !Statement.TryVerify(statement, key, out var payload))
                throw new InvalidDataException($"the signature is not of the key {KeyFingerprint.Of(signer)}");
            var signed = DiagnosisStatement.Decode(payload);
            var findings = JsonSerializer.Deserialize(signed.Findings, ContractsJson.Default.RoleFindings);
            return findings is not null && findings.Role == signed.Role && findings.Name == signed.Name
                ? new(KeyFingerprint.Of(signer).Hex, signer.Subject, findings)
                : throw new InvalidDataException("what was signed is no diagnosis of the role that it names");
        }
        catch (Exception malformed) when (malformed is CryptographicException or CborContentException or JsonException)
        {
            throw new InvalidDataException($"it is damaged: {malformed.Message}", malformed);
        }
    }
}
