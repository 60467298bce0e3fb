using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ostiary.SessionHost.Storage;

/// <summary>
/// The database: readers open it themselves, one writer commits in batches. No connection waits for a commit before it is served;
/// an orderly stop commits all that was handed in.
/// </summary>
internal sealed class Store(SessionHostOptions options, TimeProvider time, ILogger<Store> logger) : BackgroundService
{
    /// <summary>Changes that may wait. When it is full, what can be lost is dropped and what cannot be lost waits.</summary>
    private const int QueueLength = 16_384;

    private const int BatchLength = 512;

    /// <summary>Receipts that are kept beyond permanent ones: devices that never log on leave temporary ones, and cannot fill the disk.</summary>
    private const int KeptReceipts = 100_000;

    /// <summary>Old rows are looked for once in so many changes.</summary>
    private const int PruneEvery = 2_000;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly Channel<Change> _queue = Channel.CreateBounded<Change>(
        new BoundedChannelOptions(QueueLength) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private int _sincePruned;
    private long _lastSession;

    /// <summary>The next session's number: after all that are in the database. Once it has started.</summary>
    public long NextSession() => Interlocked.Increment(ref _lastSession);

    public SessionHostContext Open() => new(options.Database);

    /// <summary>Makes the database at first start, and ends the sessions that a crash left open.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await using (var db = Open())
        {
            if (!await db.Database.EnsureCreatedAsync(cancellationToken).ConfigureAwait(false))
                await AddTablesAsync(db, cancellationToken).ConfigureAwait(false);
            await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL", cancellationToken).ConfigureAwait(false);
            var now = time.GetUtcNow();
            await db.Sessions.Where(row => row.EndedAt == null)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.EndedAt, now).SetProperty(row => row.End, "role-ended"), cancellationToken)
                .ConfigureAwait(false);
            _lastSession = await db.Sessions.MaxAsync(row => (long?)row.Id, cancellationToken).ConfigureAwait(false) ?? 0;
        }

        File.SetUnixFileMode(options.Database, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    // A database of an earlier version gets the tables that it has not; those that it has stay as they are.
    private static Task<int> AddTablesAsync(SessionHostContext db, CancellationToken cancellation)
        => db.Database.ExecuteSqlRawAsync(
            db.Database.GenerateCreateScript().Replace("CREATE TABLE \"", "CREATE TABLE IF NOT EXISTS \"", StringComparison.Ordinal)
                .Replace("INDEX \"", "INDEX IF NOT EXISTS \"", StringComparison.Ordinal), cancellation);

    /// <summary>Hands in a change that must not be lost. Returns when it is in the queue; waits only while the queue is full.</summary>
    public ValueTask KeepAsync(Func<SessionHostContext, Task> change) => _queue.Writer.WriteAsync(new(change, null));

    /// <summary>Hands in a change that a flood may drop; never waits.</summary>
    public void Offer(Func<SessionHostContext, Task> change)
    {
        if (!_queue.Writer.TryWrite(new(change, null)))
            Log.ChangeDropped(logger);
    }

    /// <summary>Hands in a change and returns when it is committed.</summary>
    public async Task CommitAsync(Func<SessionHostContext, Task> change)
    {
        var committed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _queue.Writer.WriteAsync(new(change, committed)).ConfigureAwait(false);
        await committed.Task.ConfigureAwait(false);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        if (ExecuteTask is { } writer)
            await writer.WaitAsync(cancellationToken).ConfigureAwait(false);
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<Change>(BatchLength);
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            while (batch.Count < BatchLength && _queue.Reader.TryRead(out var change))
                batch.Add(change);
            if (!await WriteAsync(batch, stoppingToken).ConfigureAwait(false))
                return;
            batch.Clear();
        }
    }

    // Tries until it is done; false when the role stops before.
    private async Task<bool> WriteAsync(List<Change> batch, CancellationToken stopping)
    {
        while (await TryWriteAsync(batch).ConfigureAwait(false) is { } failure)
        {
            if (IsRuledOut(failure))
            {
                // A change that can never be written must not keep the others out: each is tried alone, and that one is dropped, aloud.
                if (batch.Count > 1)
                    return await WriteEachAsync(batch, stopping).ConfigureAwait(false);
                Log.ChangeRuledOut(logger, failure);
                batch[0].Committed?.TrySetException(failure);
                return true;
            }

            if (_queue.Reader.Completion.IsCompleted || stopping.IsCancellationRequested)
                return false;
            await Task.Delay(RetryAfter, time, CancellationToken.None).ConfigureAwait(false);
        }

        batch.ForEach(change => change.Committed?.TrySetResult());
        return true;
    }

    private async Task<bool> WriteEachAsync(List<Change> batch, CancellationToken stopping)
    {
        foreach (var change in batch)
            if (!await WriteAsync([change], stopping).ConfigureAwait(false))
                return false;
        return true;
    }

    // SQLite's SQLITE_CONSTRAINT: trying again does not help.
    private static bool IsRuledOut(Exception failure)
    {
        const int Constraint = 19;
        return failure is DbUpdateException { InnerException: Microsoft.Data.Sqlite.SqliteException { SqliteErrorCode: Constraint } };
    }

    // Null: committed.
    private async Task<Exception?> TryWriteAsync(List<Change> batch)
    {
        try
        {
            await using var db = Open();
            await db.Database.OpenConnectionAsync().ConfigureAwait(false);
            await db.Database.ExecuteSqlRawAsync("PRAGMA synchronous=FULL").ConfigureAwait(false);
            await using var transaction = await db.Database.BeginTransactionAsync().ConfigureAwait(false);
            foreach (var change in batch)
                await change.Apply(db).ConfigureAwait(false);
            await db.SaveChangesAsync().ConfigureAwait(false);
            if ((_sincePruned += batch.Count) >= PruneEvery)
            {
                await PruneAsync(db).ConfigureAwait(false);
                _sincePruned = 0;
            }

            await transaction.CommitAsync().ConfigureAwait(false);
            return null;
        }
        catch (Exception failure) when (failure is Microsoft.Data.Sqlite.SqliteException or DbUpdateException)
        {
            Log.StoreFailed(logger, batch.Count, failure);
            return failure;
        }
    }

    private async Task PruneAsync(SessionHostContext db)
    {
        var refusal = await db.Refusals.MaxAsync(row => (long?)row.Id).ConfigureAwait(false) - options.KeptRefusals;
        await db.Refusals.Where(row => row.Id <= refusal).ExecuteDeleteAsync().ConfigureAwait(false);
        var session = await db.Sessions.MaxAsync(row => (long?)row.Id).ConfigureAwait(false) - options.KeptSessions;
        await db.Sessions.Where(row => row.Id <= session && row.EndedAt != null).ExecuteDeleteAsync().ConfigureAwait(false);
        var now = time.GetUtcNow();
        await db.Receipts.Where(row => row.ExpiresAt < now).ExecuteDeleteAsync().ConfigureAwait(false);
        await db.Leases.Where(row => row.ExpiresAt < now).ExecuteDeleteAsync().ConfigureAwait(false);
        var edge = await db.Receipts.OrderByDescending(row => row.SeenAt).Skip(KeptReceipts).Select(row => (DateTimeOffset?)row.SeenAt)
            .FirstOrDefaultAsync().ConfigureAwait(false);
        await db.Receipts.Where(row => row.Temporary && row.SeenAt <= edge).ExecuteDeleteAsync().ConfigureAwait(false);
    }

    private readonly record struct Change(Func<SessionHostContext, Task> Apply, TaskCompletionSource? Committed);
}
