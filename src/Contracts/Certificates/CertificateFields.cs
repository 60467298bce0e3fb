using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ostiary.Contracts.Certificates;

/// <summary>
/// The fields of an X.509 v3 certificate (RFC 5280 section 4.1) in our one order, and our own writer of the to-be-signed bytes.
/// The bytes are made once, stored, and signed afterwards, perhaps by another process: the framework's builder does all three at once.
/// The signature algorithm is always ecdsa-with-SHA256 over P-256.
/// </summary>
/// <param name="Serial">16 bytes, big-endian; see <see cref="MakeSerial"/>.</param>
/// <param name="Issuer">The issuer's name, DER, copied from the issuing certificate's subject.</param>
/// <param name="NotBefore">First valid second.</param>
/// <param name="NotAfter">Last valid second.</param>
/// <param name="Subject">The subject's name, DER.</param>
/// <param name="SubjectPublicKeyInfo">The subject's key, DER.</param>
/// <param name="Extensions">In the order in which they are written.</param>
public sealed record CertificateFields(
    byte[] Serial,
    byte[] Issuer,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter,
    byte[] Subject,
    byte[] SubjectPublicKeyInfo,
    IReadOnlyList<X509Extension> Extensions)
{
    /// <summary>Bytes in a serial number.</summary>
    public const int SerialLength = 16;

    private const string EcdsaWithSha256 = "1.2.840.10045.4.3.2";
    private static readonly Asn1Tag VersionTag = new(TagClass.ContextSpecific, 0, isConstructed: true);
    private static readonly Asn1Tag ExtensionsTag = new(TagClass.ContextSpecific, 3, isConstructed: true);

    /// <summary>The TBSCertificate, DER. The same fields give the same bytes.</summary>
    public byte[] ToBeSigned()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(VersionTag))
                writer.WriteInteger(2);
            writer.WriteIntegerUnsigned(Serial);
            WriteAlgorithm(writer);
            writer.WriteEncodedValue(Issuer);
            using (writer.PushSequence())
            {
                WriteTime(writer, NotBefore);
                WriteTime(writer, NotAfter);
            }

            writer.WriteEncodedValue(Subject);
            writer.WriteEncodedValue(SubjectPublicKeyInfo);
            using (writer.PushSequence(ExtensionsTag))
            using (writer.PushSequence())
                foreach (var extension in Extensions)
                    WriteExtension(writer, extension);
        }

        return writer.Encode();
    }

    /// <summary>The certificate, DER, of its to-be-signed bytes and their signature (Ecdsa-Sig-Value, RFC 3279).</summary>
    public static byte[] Assemble(ReadOnlySpan<byte> toBeSigned, ReadOnlySpan<byte> signature)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteEncodedValue(toBeSigned);
            WriteAlgorithm(writer);
            writer.WriteBitString(signature);
        }

        return writer.Encode();
    }

    /// <summary>Signs the to-be-signed bytes of a certificate: an Ecdsa-Sig-Value, DER.</summary>
    public static byte[] Sign(ReadOnlySpan<byte> toBeSigned, ECDsa issuerKey)
        => issuerKey.SignData(toBeSigned, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    /// <summary>Makes 16 bytes a serial number: positive (top bit clear) and of full length (next bit set).</summary>
    public static byte[] MakeSerial(ReadOnlySpan<byte> sixteenBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sixteenBytes.Length, SerialLength);
        var serial = sixteenBytes.ToArray();
        serial[0] = (byte)((serial[0] & 0x7F) | 0x40);
        return serial;
    }

    /// <summary>The to-be-signed bytes and the signature of a certificate.</summary>
    /// <exception cref="AsnContentException">The bytes are no certificate.</exception>
    public static (ReadOnlyMemory<byte> ToBeSigned, byte[] Signature) Split(ReadOnlyMemory<byte> certificate)
    {
        var reader = new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence();
        var toBeSigned = reader.ReadEncodedValue();
        _ = reader.ReadEncodedValue();
        return (toBeSigned, reader.ReadBitString(out _));
    }

    private static void WriteAlgorithm(AsnWriter writer)
    {
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(EcdsaWithSha256);
    }

    // RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050, both to the second.
    private static void WriteTime(AsnWriter writer, DateTimeOffset time)
    {
        if (time.UtcDateTime.Year < 2050)
            writer.WriteUtcTime(time);
        else
            writer.WriteGeneralizedTime(time, omitFractionalSeconds: true);
    }

    private static void WriteExtension(AsnWriter writer, X509Extension extension)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(extension.Oid!.Value!);
            if (extension.Critical)
                writer.WriteBoolean(true);
            writer.WriteOctetString(extension.RawData);
        }
    }
}
