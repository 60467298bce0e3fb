using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;
using Ostiary.Contracts.Certificates;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Issuance;

/// <summary>
/// Recognises a CAL of this license server among stored licenses: only the first certificate is looked at, and only its signature is checked,
/// with our own keys. Dates, device and row are the ledger's to compare. (Building certificate objects of the whole chain takes ten times as long.)
/// </summary>
internal static class PresentedLicense
{
    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0, isConstructed: true);

    public static bool TryReadOurs(ReadOnlySpan<byte> stored, Func<ReadOnlyMemory<byte>, byte[], bool> hasSigned, [NotNullWhen(true)] out byte[]? toBeSigned, out CalSerial serial)
    {
        toBeSigned = null;
        serial = default;
        if (stored.Length > DeviceCal.MaxStoredLength || !stored.StartsWith("-----BEGIN CERTIFICATE-----"u8))
            return false;
        try
        {
            ReadOnlySpan<char> text = Encoding.ASCII.GetString(stored);
            if (!PemEncoding.TryFind(text, out var fields))
                return false;
            var (bytes, signature) = CertificateFields.Split(Convert.FromBase64String(text[fields.Base64Data].ToString()));
            serial = ReadSerial(bytes);
            if (!hasSigned(bytes, signature))
                return false;
            toBeSigned = bytes.ToArray();
            return true;
        }
        catch (Exception notOurs) when (notOurs is AsnContentException or FormatException or CryptographicException)
        {
            // Bytes of a client: whatever does not parse was not written by us.
            return false;
        }
    }

    private static CalSerial ReadSerial(ReadOnlyMemory<byte> toBeSigned)
    {
        var reader = new AsnReader(toBeSigned, AsnEncodingRules.DER).ReadSequence();
        _ = reader.ReadSequence(VersionTag);
        var serial = reader.ReadIntegerBytes();
        return serial.Length == CertificateFields.SerialLength ? CalSerial.Of(serial.Span) : throw new AsnContentException("the serial number is not one of ours");
    }
}
