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
    public Task<AuditPosition> RequireAsync(string kind, byte[] toBeSigned, CancellationToken cancellation) => ReadAsync(
        async store =>
        {
            var digest = SHA256.HashData(toBeSigned);
            var found = await store.ToBeSigned.AsNoTracking().Where(row => row.Digest == digest && row.Kind == kind)
                .Join(store.Audit, row => row.AuditNumber, entry => entry.Number, (_, entry) => entry).SingleOrDefaultAsync(cancellation)
                ?? throw Refused(kind, "the clearinghouse has not committed these bytes");
            var before = await store.Audit.AsNoTracking().SingleOrDefaultAsync(entry => entry.Number == found.Number - 1, cancellation);
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
