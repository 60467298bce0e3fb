using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>An entry of the audit chain, written in the transaction of what it tells.</summary>
internal sealed class AuditRow
{
    /// <summary>From 1, without gaps.</summary>
    public required long Number { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>What happened: <c>activation</c>, <c>mint</c> or <c>redemption</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The rows that it happened to, without personal data.</summary>
    public required string Subject { get; init; }

    /// <summary>SHA-256 of what was decided: the bytes to be signed, or the minted keys' lookup hashes.</summary>
    public required byte[] Commitment { get; init; }

    /// <summary>SHA-256 over the hash before, the number, the time (milliseconds), kind and subject with their lengths, and the commitment.</summary>
    public required byte[] Hash { get; init; }
}

/// <summary>Writes and verifies the audit chain.</summary>
internal static class AuditChain
{
    private static readonly byte[] Beginning = new byte[SHA256.HashSizeInBytes];

    /// <summary>Appends an entry; the caller's transaction, which must be a writing one from its begin, makes it durable.</summary>
    public static async Task AppendAuditAsync(
        this ClearinghouseStore store, string kind, string subject, byte[] content, DateTimeOffset now, CancellationToken cancellation)
    {
        var last = await store.Audit.AsNoTracking().OrderByDescending(row => row.Number).FirstOrDefaultAsync(cancellation);
        var number = (last?.Number ?? 0) + 1;
        var at = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
        var commitment = SHA256.HashData(content);
        store.Audit.Add(new()
        {
            Number = number,
            At = at,
            Kind = kind,
            Subject = subject,
            Commitment = commitment,
            Hash = Hash(last?.Hash ?? Beginning, number, at, kind, subject, commitment),
        });
    }

    /// <summary>The first entry that does not fit, with what is wrong; null when all fit.</summary>
    public static async Task<(long Number, string Fault)?> VerifyAuditAsync(this ClearinghouseStore store, CancellationToken cancellation)
    {
        var previous = Beginning;
        long number = 0;
        await foreach (var row in store.Audit.AsNoTracking().OrderBy(row => row.Number).AsAsyncEnumerable().WithCancellation(cancellation))
        {
            number++;
            if (row.Number != number)
                return (number, "it is missing");
            if (!row.Hash.AsSpan().SequenceEqual(Hash(previous, row.Number, row.At, row.Kind, row.Subject, row.Commitment)))
                return (number, "its hash does not fit the entry and the one before it");
            previous = row.Hash;
        }

        return null;
    }

    private static byte[] Hash(byte[] previous, long number, DateTimeOffset at, string kind, string subject, byte[] commitment)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> integer = stackalloc byte[sizeof(long)];
        hash.AppendData(previous);
        AppendInteger(hash, integer, number);
        AppendInteger(hash, integer, at.ToUnixTimeMilliseconds());
        foreach (var text in new[] { kind, subject })
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            AppendInteger(hash, integer, bytes.Length);
            hash.AppendData(bytes);
        }

        hash.AppendData(commitment);
        return hash.GetHashAndReset();
    }

    private static void AppendInteger(IncrementalHash hash, Span<byte> buffer, long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(buffer, value);
        hash.AppendData(buffer);
    }
}
