using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Trust;

namespace Ostiary.Contracts.Statements;

/// <summary>
/// The file that carries a grace extension from a clearinghouse to a session host: two blocks of PEM (RFC 7468), first the signed
/// <see cref="GraceExtensionStatement"/> (label <c>OSTIARY GRACE EXTENSION</c>), then the issuing certificate whose key signed it.
/// At most <see cref="MaxLength"/> characters.
/// </summary>
public static class GraceExtensionFile
{
    public const int MaxLength = 8 * 1024;
    private const string StatementLabel = "OSTIARY GRACE EXTENSION";
    private const string CertificateLabel = "CERTIFICATE";

    public static string Format(byte[] statement, X509Certificate2 issuing)
        => PemEncoding.WriteString(StatementLabel, statement) + "\n" + issuing.ExportCertificatePem() + "\n";

    /// <summary>
    /// Reads and verifies a file: the certificate must be an issuing one, signed by the root itself (a license server's certificate leads to the
    /// root too, and extends nothing), and its key must have signed the statement.
    /// </summary>
    /// <param name="text">The file's text.</param>
    /// <param name="trust">What is known of the publisher.</param>
    /// <param name="now">The time of the check.</param>
    /// <param name="extension">What it says, when all holds.</param>
    public static bool TryVerify(string text, PublisherTrust trust, DateTimeOffset now, [NotNullWhen(true)] out GraceExtensionStatement? extension)
    {
        extension = null;
        if (text.Length > MaxLength || Block(text, StatementLabel) is not { } statement || Block(text, CertificateLabel) is not { } encoded)
            return false;
        try
        {
            using var issuing = X509CertificateLoader.LoadCertificate(encoded);
            using var key = issuing.GetECDsaPublicKey();
            if (key is not null && trust.IsIssuing(issuing, now)
                && Statement.TryVerify(statement, key, out var payload))
                extension = GraceExtensionStatement.Decode(payload);
        }
        catch (Exception notOurs) when (notOurs is CryptographicException or CborContentException)
        {
            // What does not parse was not written by a clearinghouse.
            return false;
        }

        return extension is not null;
    }

    private static byte[]? Block(ReadOnlySpan<char> text, string label)
    {
        while (PemEncoding.TryFind(text, out var fields))
        {
            if (text[fields.Label].SequenceEqual(label))
                return Convert.FromBase64String(text[fields.Base64Data].ToString());
            text = text[fields.Location.End..];
        }

        return null;
    }
}
