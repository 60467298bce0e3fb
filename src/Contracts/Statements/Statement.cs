using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.Cose;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Statements;

/// <summary>
/// A signed statement: COSE_Sign1 (RFC 9052, ES256) over deterministic CBOR (RFC 8949 section 4.2.1). Its bytes are made once, signed,
/// stored and verified as bytes. The payload is a map whose members 1 and 2 are the statement's type and version;
/// the protected header names the key (kid, 32 bytes: the fingerprint of the signer's key).
/// </summary>
public static class Statement
{
    /// <summary>Bytes; a longer statement is not read.</summary>
    public const int MaxLength = 64 * 1024;

    private const int TypeMember = 1;
    private const int VersionMember = 2;

    // RFC 9052 sections 2 and 3.1, RFC 9053 section 2.1.
    private const CborTag Sign1Tag = (CborTag)18;
    private const int AlgorithmHeader = 1;
    private const int KeyIdHeader = 4;
    private const int EcdsaWithSha256 = -7;

    /// <summary>Starts a payload; the caller writes members from 3 upwards, in ascending order, and calls <see cref="End"/>.</summary>
    internal static CborWriter Begin(string type, int version, int furtherMembers)
    {
        var writer = new CborWriter(CborConformanceMode.Canonical);
        writer.WriteStartMap(2 + furtherMembers);
        writer.WriteInt32(TypeMember);
        writer.WriteTextString(type);
        writer.WriteInt32(VersionMember);
        writer.WriteInt32(version);
        return writer;
    }

    internal static byte[] End(CborWriter writer)
    {
        writer.WriteEndMap();
        return writer.Encode();
    }

    /// <summary>Reads a payload of a known type and version; <paramref name="members"/> reads its members from 3 upwards.</summary>
    /// <exception cref="CborContentException">Not deterministic CBOR, another type or version, or what <paramref name="members"/> finds wrong.</exception>
    internal static T Read<T>(ReadOnlyMemory<byte> payload, string type, int version, Func<CborReader, T> members)
    {
        var reader = new CborReader(payload, CborConformanceMode.Canonical);
        try
        {
            reader.ReadStartMap();
            if (reader.ReadInt32() != TypeMember || reader.ReadTextString() != type)
                throw new CborContentException($"the statement is not of type {type}");
            if (reader.ReadInt32() != VersionMember || reader.ReadInt32() != version)
                throw new CborContentException($"the statement is not of version {version}");
            var result = members(reader);
            reader.ReadEndMap();
            return reader.BytesRemaining == 0 ? result : throw new CborContentException("there are bytes after the statement");
        }
        catch (Exception malformed) when (malformed is ArgumentException or InvalidOperationException or OverflowException || IsOfTheReader(malformed))
        {
            throw new CborContentException($"the statement ({type}) is malformed in member {MemberAt(payload, payload.Length - reader.BytesRemaining)}", malformed);
        }
    }

    // What the reader finds wrong is said in terms of CBOR, and names no member.
    private static bool IsOfTheReader(Exception malformed) => malformed is CborContentException && malformed.Source == typeof(CborReader).Assembly.GetName().Name;

    /// <summary>The member that a reader was in when it had come so far.</summary>
    private static int MemberAt(ReadOnlyMemory<byte> payload, int read)
    {
        var member = TypeMember;
        try
        {
            var reader = new CborReader(payload, CborConformanceMode.Lax);
            reader.ReadStartMap();
            // Members ascend; what does not stands where the next one should.
            for (var next = TypeMember; reader.PeekState() == CborReaderState.UnsignedInteger && reader.ReadInt32() is var key && key >= next; next = key + 1)
            {
                member = key;
                reader.SkipValue();
                if (payload.Length - reader.BytesRemaining >= read)
                    break;
            }
        }
        catch (Exception malformed) when (malformed is CborContentException or InvalidOperationException or OverflowException)
        {
            // No further than this.
        }

        return member;
    }

    /// <summary>Reads the number of the next member and demands that it is this one.</summary>
    internal static void Expect(this CborReader reader, int member)
    {
        if (reader.PeekState() is not (CborReaderState.UnsignedInteger or CborReaderState.NegativeInteger) || reader.ReadInt32() != member)
            throw new CborContentException($"member {member} is missing");
    }

    /// <summary>Signs a payload.</summary>
    public static byte[] Sign(ReadOnlySpan<byte> payload, ECDsa key)
    {
        var headers = new CoseHeaderMap { { CoseHeaderLabel.KeyIdentifier, CoseHeaderValue.FromBytes(KeyFingerprint.Of(key).Bytes) } };
        return CoseSign1Message.SignEmbedded(payload, new CoseSigner(key, HashAlgorithmName.SHA256, headers));
    }

    /// <summary>
    /// The statement that <see cref="Sign"/> would have made, of a payload and a signature that came by themselves (64 bytes, IEEE P1363).
    /// The signature is over all that is in it, so a statement that verifies is the signer's, byte for byte.
    /// </summary>
    public static byte[] Assemble(byte[] payload, KeyFingerprint signer, byte[] signature)
    {
        var header = new CborWriter(CborConformanceMode.Canonical);
        header.WriteStartMap(2);
        header.WriteInt32(AlgorithmHeader);
        header.WriteInt32(EcdsaWithSha256);
        header.WriteInt32(KeyIdHeader);
        header.WriteByteString(signer.Bytes);
        header.WriteEndMap();
        var message = new CborWriter(CborConformanceMode.Canonical);
        message.WriteTag(Sign1Tag);
        message.WriteStartArray(4);
        message.WriteByteString(header.Encode());
        message.WriteStartMap(0);
        message.WriteEndMap();
        message.WriteByteString(payload);
        message.WriteByteString(signature);
        message.WriteEndArray();
        return message.Encode();
    }

    /// <summary>The signature of a statement, 64 bytes (IEEE P1363); not verified.</summary>
    /// <exception cref="CborContentException">It is no COSE_Sign1.</exception>
    public static byte[] SignatureOf(byte[] message)
    {
        try
        {
            var reader = new CborReader(message, CborConformanceMode.Canonical);
            reader.ReadTag();
            reader.ReadStartArray();
            reader.SkipValue();
            reader.SkipValue();
            reader.SkipValue();
            return reader.ReadByteString();
        }
        catch (InvalidOperationException malformed)
        {
            throw new CborContentException("the message is no COSE_Sign1", malformed);
        }
    }

    /// <summary>
    /// Verifies a statement and gives its payload, but does not say what it means.
    /// </summary>
    /// <param name="message">The COSE_Sign1 message.</param>
    /// <param name="key">The key that must have signed it.</param>
    /// <param name="payload">The payload's bytes.</param>
    public static bool TryVerify(ReadOnlySpan<byte> message, ECDsa key, [NotNullWhen(true)] out byte[]? payload)
    {
        payload = null;
        if (message.Length is 0 or > MaxLength || !Algorithms.HasCurve(key))
            return false;
        try
        {
            var sign1 = CoseMessage.DecodeSign1(message);
            // ES256 and nothing else: the header must say so, and the framework takes the hash from it.
            if (sign1.Content is not { } content
                || !sign1.ProtectedHeaders.TryGetValue(CoseHeaderLabel.Algorithm, out var algorithm) || algorithm.GetValueAsInt32() != EcdsaWithSha256
                || !sign1.VerifyEmbedded(key))
                return false;
            payload = content.ToArray();
            return true;
        }
        catch (Exception notCose) when (notCose is CryptographicException or CborContentException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>
    /// The payload of a statement whose signature cannot be checked, because the key is gone: for what comes over a channel that vouches for it.
    /// </summary>
    public static bool TryReadUnverified(ReadOnlySpan<byte> message, [NotNullWhen(true)] out byte[]? payload)
    {
        payload = null;
        if (message.Length is 0 or > MaxLength)
            return false;
        try
        {
            payload = CoseMessage.DecodeSign1(message).Content?.ToArray();
            return payload is not null;
        }
        catch (Exception notCose) when (notCose is CryptographicException or CborContentException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The fingerprint of the key that a statement names as its signer's; proven only by verifying it.</summary>
    public static bool TryReadSigner(ReadOnlySpan<byte> message, [NotNullWhen(true)] out KeyFingerprint? signer)
    {
        signer = null;
        if (message.Length is 0 or > MaxLength)
            return false;
        try
        {
            return CoseMessage.DecodeSign1(message).ProtectedHeaders.TryGetValue(CoseHeaderLabel.KeyIdentifier, out var kid)
                && KeyFingerprint.TryParse(Convert.ToHexStringLower(kid.GetValueAsBytes()), out signer);
        }
        catch (Exception notCose) when (notCose is CryptographicException or CborContentException or InvalidOperationException)
        {
            return false;
        }
    }
}
