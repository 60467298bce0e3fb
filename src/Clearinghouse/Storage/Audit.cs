using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>An entry of the audit chain, written in the transaction of what it tells.</summary>
internal sealed class AuditRow
{
    /// <summary>From 1, without gaps.</summary>
    public required long Number { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>What happened, e.g. <c>activation</c>, <c>mint</c> or <c>redemption</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Who did it: <c>root</c>, an operator's account, or <c>ACCOUNT/TOKEN</c>; empty where a license server or its administrator asked; null once it is erased.</summary>
    public string? By { get; set; }

    /// <summary>16 random bytes, so that nobody finds by trying what an entry commits to and is erased; erased with it.</summary>
    public byte[]? Salt { get; set; }

    /// <summary>SHA-256 of salt and name.</summary>
    public required byte[] ByHash { get; init; }

    /// <summary>The rows that it happened to, without personal data.</summary>
    public required string Subject { get; init; }

    /// <summary>SHA-256 of salt and what was decided: the bytes to be signed, the minted keys' lookup hashes, a row.</summary>
    public required byte[] Commitment { get; init; }

    /// <summary>SHA-256 over the hash before, the number, the time (milliseconds), kind and subject with their lengths, the name's hash, and the commitment.</summary>
    public required byte[] Hash { get; init; }
}

/// <summary>Writes and verifies the audit chain.</summary>
internal static class AuditChain
{
    private const int SaltLength = 16;

    private static readonly byte[] Beginning = new byte[SHA256.HashSizeInBytes];

    /// <summary>Appends an entry; the caller's transaction, which must be a writing one from its begin, makes it durable.</summary>
    public static long AppendAudit(this ClearinghouseStore store, string kind, string subject, byte[] content, DateTimeOffset now)
        => store.AppendAudit(kind, subject, _ => content, now);

    /// <summary>Likewise, of a document whose bytes are signed once this is committed; see <see cref="ToBeSignedRow"/>.</summary>
    public static async Task AppendToBeSignedAsync(
        this ClearinghouseStore store, string signedKind, string kind, string subject, byte[] toBeSigned, DateTimeOffset now, CancellationToken cancellation)
    {
        var number = store.AppendAudit(kind, subject, toBeSigned, now);
        var digest = SHA256.HashData(toBeSigned);
        // The same bytes may be signed again, where the key that signed them was withdrawn on their day.
        if (await store.ToBeSigned.FindAsync([digest, signedKind], cancellation) is { } before)
            before.AuditNumber = number;
        else
            store.ToBeSigned.Add(new() { Digest = digest, Kind = signedKind, AuditNumber = number });
    }

    /// <summary>What an earlier version has stored and not signed becomes something that the signer signs.</summary>
    public static async Task<bool> CompleteToBeSignedAsync(this ClearinghouseStore store, DateTimeOffset now, CancellationToken cancellation)
    {
        foreach (var row in await store.Activations.AsNoTracking().Where(row => row.Signature == null).ToListAsync(cancellation))
            await CompleteAsync(SignedKind.LicenseServer, $"license server {row.LicenseServerId}", row.ToBeSigned);
        foreach (var row in await store.Successions.AsNoTracking().Where(row => row.Statement == null).ToListAsync(cancellation))
            await CompleteAsync(SignedKind.Succession, $"succession of {row.Old}", row.Payload);
        foreach (var row in await store.Deactivations.AsNoTracking().Where(row => row.Statement == null).ToListAsync(cancellation))
            await CompleteAsync(SignedKind.Deactivation, $"license server {row.LicenseServerId}", row.Payload);
        foreach (var row in await store.KeyPacks.AsNoTracking().Where(row => row.Statement == null).ToListAsync(cancellation))
            await CompleteAsync(SignedKind.KeyPack, $"key pack {row.PackId}", row.Payload);
        return true;

        async Task CompleteAsync(string signedKind, string subject, byte[] toBeSigned)
        {
            if (await store.ToBeSigned.FindAsync([SHA256.HashData(toBeSigned), signedKind], cancellation) is null)
                await store.AppendToBeSignedAsync(signedKind, "to-be-signed", subject, toBeSigned, now, cancellation);
        }
    }

    /// <summary>Likewise, with content that holds the entry's number.</summary>
    /// <returns>The entry's number.</returns>
    public static long AppendAudit(this ClearinghouseStore store, string kind, string subject, Func<long, byte[]> content, DateTimeOffset now)
    {
        // The one before may be of this very transaction, and not saved yet.
        var last = store.Audit.Local.MaxBy(row => row.Number) ?? store.Audit.AsNoTracking().OrderByDescending(row => row.Number).FirstOrDefault();
        var number = (last?.Number ?? 0) + 1;
        var at = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
        var by = Author.Current;
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        var byHash = Commit(salt, Encoding.UTF8.GetBytes(by));
        var commitment = Commit(salt, content(number));
        store.Audit.Add(new()
        {
            Number = number,
            At = at,
            Kind = kind,
            By = by,
            Salt = salt,
            ByHash = byHash,
            Subject = subject,
            Commitment = commitment,
            Hash = Hash(last?.Hash ?? Beginning, number, at, kind, subject, byHash, commitment),
        });
        return number;
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
            if (!row.Hash.AsSpan().SequenceEqual(Hash(previous, row.Number, row.At, row.Kind, row.Subject, row.ByHash, row.Commitment)))
                return (number, "its hash does not fit the entry and the one before it");
            if (row is { Salt: { } salt, By: { } by } && !Commit(salt, Encoding.UTF8.GetBytes(by)).AsSpan().SequenceEqual(row.ByHash))
                return (number, "it names another author");
            previous = row.Hash;
        }

        return null;
    }

    /// <summary>Whether an entry is what its hash says, right behind <paramref name="before"/>.</summary>
    public static bool Follows(this AuditRow row, AuditRow? before)
        => row.Number == (before?.Number ?? 0) + 1
            && row.Hash.AsSpan().SequenceEqual(Hash(before?.Hash ?? Beginning, row.Number, row.At, row.Kind, row.Subject, row.ByHash, row.Commitment));

    /// <summary>Whether an entry commits to this content; not where its salt was erased.</summary>
    public static bool CommitsTo(this AuditRow row, byte[] content) => row.Salt is { } salt && Commit(salt, content).AsSpan().SequenceEqual(row.Commitment);

    private static byte[] Commit(byte[] salt, byte[] content) => SHA256.HashData([.. salt, .. content]);

    private static byte[] Hash(byte[] previous, long number, DateTimeOffset at, string kind, string subject, byte[] byHash, byte[] commitment)
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

        hash.AppendData(byHash);
        hash.AppendData(commitment);
        return hash.GetHashAndReset();
    }

    private static void AppendInteger(IncrementalHash hash, Span<byte> buffer, long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(buffer, value);
        hash.AppendData(buffer);
    }
}
