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

    /// <summary>The highest session number in the database at start.</summary>
    public long LastSession { get; private set; }

    public SessionHostContext Open() => new(options.Database);

    /// <summary>Makes the database at first start, and ends the sessions that a crash left open.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await using (var db = Open())
        {
            await db.Database.EnsureCreatedAsync(cancellationToken).ConfigureAwait(false);
            await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL", cancellationToken).ConfigureAwait(false);
            var now = time.GetUtcNow();
            await db.Sessions.Where(row => row.EndedAt == null)
                .ExecuteUpdateAsync(set => set.SetProperty(row => row.EndedAt, now).SetProperty(row => row.End, "role-ended"), cancellationToken)
                .ConfigureAwait(false);
            LastSession = await db.Sessions.MaxAsync(row => (long?)row.Id, cancellationToken).ConfigureAwait(false) ?? 0;
        }

        File.SetUnixFileMode(options.Database, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

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
            while (!await TryWriteAsync(batch).ConfigureAwait(false))
            {
                if (_queue.Reader.Completion.IsCompleted || stoppingToken.IsCancellationRequested)
                    return;
                await Task.Delay(RetryAfter, time, CancellationToken.None).ConfigureAwait(false);
            }

            batch.ForEach(change => change.Committed?.TrySetResult());
            batch.Clear();
        }
    }

    private async Task<bool> TryWriteAsync(List<Change> batch)
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
            return true;
        }
        catch (Exception failure) when (failure is Microsoft.Data.Sqlite.SqliteException or DbUpdateException)
        {
            Log.StoreFailed(logger, batch.Count, failure);
            return false;
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
