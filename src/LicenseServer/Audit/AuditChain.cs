using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Ostiary.LicenseServer.Audit;

/// <summary>
/// The hash chain over the audit entries.
/// commitment = SHA-256(salt ‖ length of by, 4 bytes big-endian ‖ by ‖ content); hash = SHA-256(hash before ‖ number ‖ seconds since 1970 ‖ kind ‖ table ‖ row ‖ commitment),
/// numbers as 8 bytes big-endian, each text as UTF-8 with its length in one byte before it. The hash before the first entry is 32 zero bytes.
/// </summary>
internal static class AuditChain
{
    public const int SaltLength = 16;

    public static byte[] Start() => new byte[SHA256.HashSizeInBytes];

    public static byte[] Commit(ReadOnlySpan<byte> salt, string by, ReadOnlySpan<byte> content)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(salt);
        var author = Encoding.UTF8.GetBytes(by);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, author.Length);
        hash.AppendData(length);
        hash.AppendData(author);
        hash.AppendData(content);
        return hash.GetHashAndReset();
    }

    public static byte[] Next(ReadOnlySpan<byte> before, long number, long seconds, string kind, string table, string row, ReadOnlySpan<byte> commitment)
    {
        Span<byte> bytes = stackalloc byte[512];
        var length = Math.Min(before.Length, 64);
        before[..length].CopyTo(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes[length..], number);
        BinaryPrimitives.WriteInt64BigEndian(bytes[(length + 8)..], seconds);
        length += 16;
        foreach (var text in (ReadOnlySpan<string>)[kind, table, row])
        {
            // A row that was tampered with may hold a text of any length: what does not fit gives another hash, not an exception.
            var fits = Encoding.UTF8.TryGetBytes(text, bytes.Slice(length + 1, 120), out var written);
            bytes[length] = fits ? (byte)written : (byte)255;
            length += 1 + (fits ? written : 0);
        }

        commitment[..Math.Min(commitment.Length, 64)].CopyTo(bytes[length..]);
        return SHA256.HashData(bytes[..(length + Math.Min(commitment.Length, 64))]);
    }
}
