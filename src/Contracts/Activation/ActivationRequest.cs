using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Activation;

/// <summary>What a request is for; 8 bits in it. Reactivations are 16 and their <see cref="ReactivationReason"/>.</summary>
public enum ActivationKind : byte
{
    Activate = 1,

    ReactivateRedeployed = 16,
    ReactivateCertificateCorrupt = 17,
    ReactivateKeyCompromised = 18,
    ReactivateCertificateExpired = 19,
    ReactivateUpgraded = 20,

    /// <summary>The license server has given its key packs up, and stands as not activated once it is confirmed.</summary>
    Deactivate = 32,
}

/// <summary>Why a license server is activated again.</summary>
public enum ReactivationReason
{
    /// <summary>The machine or its system was set up anew.</summary>
    Redeployed = 0,

    /// <summary>Its certificate cannot be read any more.</summary>
    CertificateCorrupt = 1,

    /// <summary>Somebody else may have its private key. The key stays the same, so this alone does not help.</summary>
    KeyCompromised = 2,

    /// <summary>Its certificate is over, or soon will be.</summary>
    CertificateExpired = 3,

    /// <summary>The license server was upgraded.</summary>
    Upgraded = 4,
}

/// <summary>Kinds and the reasons of reactivations.</summary>
public static class ActivationKinds
{
    public static ActivationKind Of(ReactivationReason reason) => (ActivationKind)((int)ActivationKind.ReactivateRedeployed + (int)reason);

    /// <summary>The reason of a reactivation; null for any other kind.</summary>
    public static ReactivationReason? Reason(this ActivationKind kind)
        => kind is >= ActivationKind.ReactivateRedeployed and <= ActivationKind.ReactivateUpgraded ? (ReactivationReason)(kind - ActivationKind.ReactivateRedeployed) : null;
}

/// <summary>
/// The 38 bytes that ask a clearinghouse to activate, reactivate or deactivate a license server, the same by every connection method:
/// the server's public key as a compressed point of P-256 (33), the kind (1) and a nonce (4, big-endian).
/// </summary>
/// <param name="CompressedKey">33 bytes; see SEC 1 section 2.3.3.</param>
/// <param name="Kind">What is asked for.</param>
/// <param name="Nonce">Random; the same request sent again has the same nonce.</param>
public sealed record ActivationRequest(byte[] CompressedKey, ActivationKind Kind, uint Nonce)
{
    public const int Length = 38;
    private const int CompressedKeyLength = 33;

    public static ActivationRequest Of(ECDsa licenseServerKey, ActivationKind kind, uint nonce)
    {
        var point = licenseServerKey.ExportParameters(false).Q;
        return new([(byte)(2 + (point.Y![^1] & 1)), .. point.X!], kind, nonce);
    }

    public byte[] Encode()
    {
        var bytes = new byte[Length];
        CompressedKey.CopyTo(bytes, 0);
        bytes[CompressedKeyLength] = (byte)Kind;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CompressedKeyLength + 1), Nonce);
        return bytes;
    }

    /// <summary>Reads a request; false when the length, the kind or the point is wrong.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ActivationRequest? request)
    {
        request = null;
        if (bytes.Length != Length || !Enum.IsDefined((ActivationKind)bytes[CompressedKeyLength]))
            return false;
        var candidate = new ActivationRequest(
            bytes[..CompressedKeyLength].ToArray(),
            (ActivationKind)bytes[CompressedKeyLength],
            BinaryPrimitives.ReadUInt32BigEndian(bytes[(CompressedKeyLength + 1)..]));
        if (P256.TryDecompress(candidate.CompressedKey) is null)
            return false;
        request = candidate;
        return true;
    }

    /// <summary>The license server's key as SubjectPublicKeyInfo.</summary>
    public byte[] SubjectPublicKeyInfo()
    {
        var point = P256.TryDecompress(CompressedKey) ?? throw new CryptographicException("the point is not on the curve");
        using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = point });
        return key.ExportSubjectPublicKeyInfo();
    }
}

/// <summary>Decompression of points of P-256, which the framework does not offer. Public values only: it takes no care of timing.</summary>
internal static class P256
{
    private static readonly BigInteger Prime = Unsigned("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
    private static readonly BigInteger B = Unsigned("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b");

    /// <summary>The point, or null when there is none with this x.</summary>
    public static ECPoint? TryDecompress(ReadOnlySpan<byte> compressed)
    {
        if (compressed.Length != 33 || compressed[0] is not (2 or 3))
            return null;
        var x = new BigInteger(compressed[1..], isUnsigned: true, isBigEndian: true);
        if (x >= Prime)
            return null;
        var square = ((x * x * x) - (3 * x) + B) % Prime;
        if (square.Sign < 0)
            square += Prime;
        // The prime is 3 modulo 4, so a root is a power.
        var y = BigInteger.ModPow(square, (Prime + 1) / 4, Prime);
        if (y * y % Prime != square)
            return null;
        if (y.IsEven != (compressed[0] == 2))
            y = Prime - y;
        var bytes = new byte[32];
        y.TryWriteBytes(bytes.AsSpan(32 - y.GetByteCount(isUnsigned: true)), out _, isUnsigned: true, isBigEndian: true);
        return new ECPoint { X = compressed[1..].ToArray(), Y = bytes };
    }

    private static BigInteger Unsigned(string hex) => new(Convert.FromHexString(hex), isUnsigned: true, isBigEndian: true);
}

/// <summary>
/// What a clearinghouse answers, the same by every connection method: the fields from which both sides build the same to-be-signed bytes of the
/// license server's certificate, and the signature over them.
/// </summary>
/// <param name="Day">Days since 1970-01-01; the certificate begins at 00:00Z of that day.</param>
/// <param name="KeyId">The issuing key; see <see cref="KeyFingerprint.KeyId"/>.</param>
/// <param name="Term">Years until the certificate ends.</param>
/// <param name="Signature">64 bytes: r and s (IEEE P1363).</param>
public sealed record ActivationAnswer(ushort Day, uint KeyId, byte Term, byte[] Signature)
{
    public const int SignatureLength = 64;

    /// <summary>Bytes of <see cref="Encode"/>.</summary>
    public const int Length = SignatureLength + sizeof(ushort) + sizeof(uint) + 1;

    /// <summary>Signature, day, key id and term, big-endian: what is read aloud on the telephone.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[Length];
        Signature.CopyTo(bytes, 0);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(SignatureLength), Day);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(SignatureLength + sizeof(ushort)), KeyId);
        bytes[^1] = Term;
        return bytes;
    }

    /// <summary>Reads <see cref="Encode"/>; whether it means anything says <see cref="TryAssemble"/>.</summary>
    /// <param name="bytes"><see cref="Length"/> bytes.</param>
    public static ActivationAnswer Decode(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        return new(
            BinaryPrimitives.ReadUInt16BigEndian(bytes[SignatureLength..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[(SignatureLength + sizeof(ushort))..]),
            bytes[^1],
            bytes[..SignatureLength].ToArray());
    }

    /// <summary>
    /// The to-be-signed bytes of the license server's certificate. Serial: the first 16 bytes of SHA-256(request ‖ day ‖ key id ‖ term,
    /// big-endian), made positive.
    /// </summary>
    public static byte[] ToBeSigned(ActivationRequest request, ushort day, uint keyId, byte term, X509Certificate2 issuing)
    {
        var fields = new byte[ActivationRequest.Length + 7];
        request.Encode().CopyTo(fields, 0);
        BinaryPrimitives.WriteUInt16BigEndian(fields.AsSpan(ActivationRequest.Length), day);
        BinaryPrimitives.WriteUInt32BigEndian(fields.AsSpan(ActivationRequest.Length + 2), keyId);
        fields[^1] = term;
        var notBefore = DateTimeOffset.UnixEpoch.AddDays(day);
        var serial = CertificateFields.MakeSerial(SHA256.HashData(fields).AsSpan(0, CertificateFields.SerialLength));
        return CertificateProfiles.LicenseServer(issuing, request.SubjectPublicKeyInfo(), serial, notBefore, notBefore.AddYears(term)).ToBeSigned();
    }

    /// <summary>
    /// The license server's certificate, DER, if the signature is the issuing key's; null otherwise.
    /// </summary>
    public byte[]? TryAssemble(ActivationRequest request, X509Certificate2 issuing)
    {
        if (Signature.Length != SignatureLength || KeyFingerprint.Of(issuing).KeyId != KeyId)
            return null;
        var toBeSigned = ToBeSigned(request, Day, KeyId, Term, issuing);
        using var key = issuing.GetECDsaPublicKey();
        return key is not null && key.VerifyData(toBeSigned, Signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
            ? CertificateFields.Assemble(toBeSigned, ToDer(Signature))
            : null;
    }

    private static byte[] ToDer(ReadOnlySpan<byte> signature)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(new BigInteger(signature[..32], isUnsigned: true, isBigEndian: true));
            writer.WriteInteger(new BigInteger(signature[32..], isUnsigned: true, isBigEndian: true));
        }

        return writer.Encode();
    }
}
