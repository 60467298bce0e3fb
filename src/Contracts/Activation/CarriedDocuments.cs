using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Ostiary.Contracts.Statements;

namespace Ostiary.Contracts.Activation;

/// <summary>
/// A license server's certificate and key packs in one code: the <see cref="ActivationAnswer"/>; the number after which further key packs are to be asked for
/// (8 bytes, 0 for none); the issuing certificates (their count, 1 byte; of each its length, 2 bytes, and DER), the first of which is the answer's; the key
/// packs (their count, 1 byte; of each which issuing certificate, 1 byte, its length, 2 bytes, and the signed statement). Numbers are big-endian.
/// </summary>
/// <param name="Answer">The certificate.</param>
/// <param name="IssuingCertificate">Of the answer, DER.</param>
/// <param name="KeyPacks">Signed statements, each with its issuing certificate, DER; at most <see cref="MaxKeyPacks"/>.</param>
/// <param name="Next">As in <see cref="ReactivateResponse"/>.</param>
public sealed record CarriedDocuments(ActivationAnswer Answer, byte[] IssuingCertificate, IReadOnlyList<(byte[] Statement, byte[] IssuingCertificate)> KeyPacks, long? Next = null)
{
    public const int MaxKeyPacks = ReplacementRequestStatement.MaxKeyPacks;

    private const int MaxIssuing = 16;

    /// <exception cref="InvalidOperationException">It holds more than it can.</exception>
    public byte[] Encode()
    {
        List<byte[]> issuing = [IssuingCertificate];
        foreach (var (_, certificate) in KeyPacks)
            if (!issuing.Exists(known => known.AsSpan().SequenceEqual(certificate)))
                issuing.Add(certificate);
        if (issuing.Count > MaxIssuing || KeyPacks.Count > MaxKeyPacks)
            throw new InvalidOperationException($"{KeyPacks.Count} key packs of {issuing.Count} issuing keys are more than a code holds");
        using var stream = new MemoryStream();
        stream.Write(Answer.Encode());
        Span<byte> next = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(next, Next ?? 0);
        stream.Write(next);
        stream.WriteByte((byte)issuing.Count);
        foreach (var certificate in issuing)
            WriteBytes(stream, certificate);
        stream.WriteByte((byte)KeyPacks.Count);
        foreach (var (statement, certificate) in KeyPacks)
        {
            stream.WriteByte((byte)issuing.FindIndex(known => known.AsSpan().SequenceEqual(certificate)));
            WriteBytes(stream, statement);
        }

        return stream.ToArray();
    }

    /// <summary>Reads <see cref="Encode"/>; nothing in it is verified.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out CarriedDocuments? documents)
    {
        documents = null;
        if (bytes.Length < ActivationAnswer.Length + sizeof(long) + 1)
            return false;
        var answer = ActivationAnswer.Decode(bytes[..ActivationAnswer.Length]);
        var next = BinaryPrimitives.ReadInt64BigEndian(bytes[ActivationAnswer.Length..]);
        var rest = bytes[(ActivationAnswer.Length + sizeof(long))..];
        int issuers = rest[0];
        rest = rest[1..];
        if (next < 0 || issuers is 0 or > MaxIssuing)
            return false;
        var issuing = new byte[issuers][];
        for (var index = 0; index < issuers; index++)
            if (!TryReadBytes(ref rest, out issuing[index]!))
                return false;
        if (rest.Length == 0 || rest[0] > MaxKeyPacks)
            return false;
        var packs = new (byte[], byte[])[rest[0]];
        rest = rest[1..];
        for (var index = 0; index < packs.Length; index++)
        {
            if (rest.Length == 0 || rest[0] >= issuers)
                return false;
            var issuer = issuing[rest[0]];
            rest = rest[1..];
            if (!TryReadBytes(ref rest, out var statement))
                return false;
            packs[index] = (statement, issuer);
        }

        if (rest.Length > 0)
            return false;
        documents = new(answer, issuing[0], packs, next == 0 ? null : next);
        return true;
    }

    private static void WriteBytes(MemoryStream stream, byte[] bytes)
    {
        Span<byte> length = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(length, checked((ushort)bytes.Length));
        stream.Write(length);
        stream.Write(bytes);
    }

    private static bool TryReadBytes(ref ReadOnlySpan<byte> rest, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        if (rest.Length < sizeof(ushort) || BinaryPrimitives.ReadUInt16BigEndian(rest) is var length && rest.Length - sizeof(ushort) < length)
            return false;
        bytes = rest.Slice(sizeof(ushort), length).ToArray();
        rest = rest[(sizeof(ushort) + length)..];
        return true;
    }
}
