using System.Data.Common;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Problems;

namespace Ostiary.Clearinghouse.Signing;

/// <summary>An entry of the clearinghouse's audit chain.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Hash">Its hash, which holds all that came before.</param>
internal sealed record AuditPosition(long Number, byte[] Hash);

/// <summary>What the clearinghouse has committed, as the signer sees it with its own eyes.</summary>
internal interface ICommittedDocuments
{
    /// <summary>The audit entry of these bytes as a document of this kind.</summary>
    /// <exception cref="ProblemException">They were not committed, or the audit entry does not hold; or the database cannot be read.</exception>
    Task<AuditPosition> RequireAsync(string kind, byte[] toBeSigned, CancellationToken cancellation);

    /// <summary>Whether the audit chain has this entry.</summary>
    /// <exception cref="ProblemException">The database cannot be read.</exception>
    Task<bool> HasAsync(AuditPosition position, CancellationToken cancellation);
}

/// <summary>
/// Reads the clearinghouse's database by itself, and only reads: what the clearinghouse's process says is not believed. A transaction that is open or was
/// rolled back is not seen.
/// </summary>
internal sealed class CommittedDocuments(CommittedReader database, ILogger<CommittedDocuments> logger) : ICommittedDocuments
{
    // In one question, so that both are of one moment. An entry without the one before it is the first, or follows nothing.
    private readonly Func<ClearinghouseStore, byte[], string, IAsyncEnumerable<AuditRow>> _entryAndTheOneBefore = EF.CompileAsyncQuery(
        (ClearinghouseStore store, byte[] digest, string kind) =>
            from row in store.ToBeSigned
            from entry in store.Audit
            where row.Digest == digest && row.Kind == kind && (entry.Number == row.AuditNumber || entry.Number == row.AuditNumber - 1)
            orderby entry.Number
            select entry);

    public Task<AuditPosition> RequireAsync(string kind, byte[] toBeSigned, CancellationToken cancellation) => ReadAsync(
        async store =>
        {
            var digest = SHA256.HashData(toBeSigned);
            AuditRow? found = null, before = null;
            await foreach (var entry in _entryAndTheOneBefore(store, digest, kind).WithCancellation(cancellation))
                (before, found) = (found, entry);
            if (found is null)
                throw Refused(kind, "the clearinghouse has not committed these bytes");
            return found.Follows(before) && found.CommitsTo(toBeSigned)
                ? new AuditPosition(found.Number, found.Hash)
                : throw Refused(kind, $"audit entry {found.Number} does not hold, or commits to other bytes");
        },
        cancellation);

    public Task<bool> HasAsync(AuditPosition position, CancellationToken cancellation)
        => ReadAsync(store => store.Audit.AnyAsync(entry => entry.Number == position.Number && entry.Hash == position.Hash, cancellation), cancellation);

    private async Task<T> ReadAsync<T>(Func<ClearinghouseStore, Task<T>> read, CancellationToken cancellation)
    {
        try
        {
            await using var store = database.Open();
            return await read(store);
        }
        catch (DbException unreadable)
        {
            // The file is not there yet, is of another version, or is not ours to read.
            logger.CommittedUnreadable(unreadable.Message);
            throw new ProblemException(LicensingProblem.TemporarilyUnavailable, "the signer cannot read the clearinghouse's database; its log says why");
        }
    }

    private ProblemException Refused(string kind, string reason)
    {
        logger.SigningRefused(kind, reason);
        return new(LicensingProblem.NotAllowed, reason);
    }
}
