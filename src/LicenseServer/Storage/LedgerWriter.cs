using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Ostiary.LicenseServer.Identity;

namespace Ostiary.LicenseServer.Storage;

/// <summary>
/// The one writer of a node. Requests wait in a bounded queue; the writer takes all that wait, up to a limit, and commits them as one transaction.
/// Nobody waits for a timer: while one batch is flushed to disk, the next one gathers.
/// </summary>
internal sealed class LedgerWriter : IAsyncDisposable
{
    private readonly LedgerDatabase _database;
    private readonly LicenseServerIdentity _identity;
    private readonly TimeProvider _time;
    private readonly LedgerLimits _limits;
    private readonly ILogger<LedgerWriter> _log;
    private readonly Channel<LedgerCommand> _queue;
    private readonly ConcurrentQueue<(CalSerial Serial, byte[] Signature, bool Temporary)> _signatures = [];
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LedgerContext _db;
    private HotStatements _hot;
    private LedgerPosition? _position;
    private volatile TaskCompletionSource _listChanged = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public LedgerWriter(LedgerDatabase database, LicenseServerIdentity identity, TimeProvider time, LedgerLimits limits, ILogger<LedgerWriter> log)
    {
        _database = database;
        _identity = identity;
        _time = time;
        _limits = limits;
        _log = log;
        _queue = Channel.CreateBounded<LedgerCommand>(new BoundedChannelOptions(limits.QueueLength) { SingleReader = true });
        (_db, _hot) = Connect();
        // A thread of its own: it blocks in the disk for most of its life, which a thread of the pool must not.
        _thread = new Thread(Run) { IsBackground = true, Name = "ledger writer" };
        _thread.Start();
    }

    /// <summary>Queues a request and waits until it is committed.</summary>
    public async Task<Committed<T>> SubmitAsync<T>(LedgerCommand<T> command, CancellationToken cancellation)
    {
        await _queue.Writer.WriteAsync(command, cancellation).ConfigureAwait(false);
        return await command.Done.WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// What a request would come to now: it is carried out in a transaction of its own, which is rolled back. Keeps the writer waiting for as long;
    /// for a person's question, not for a host's.
    /// </summary>
    /// <exception cref="Contracts.Problems.ProblemException">The request fails.</exception>
    public async Task<T> RehearseAsync<T>(LedgerCommand<T> command)
    {
        await using var db = _database.OpenWriter();
        using var hot = new HotStatements(db.Database.GetDbConnection());
        await using var transaction = await db.Database.BeginTransactionAsync().ConfigureAwait(false);
        hot.Enlist(transaction.GetDbTransaction());
        var head = await db.Head.AsNoTracking().SingleAsync().ConfigureAwait(false);
        var needs = new Needs();
        command.Collect(needs);
        command.Apply(new LedgerBatch(db, hot, WorkingSet.Load(db, needs), head, Now(), _limits));
        await transaction.RollbackAsync().ConfigureAwait(false);
        command.Committed(new(head.Number, head.Hash, _identity.Key));
        return (await command.Done.ConfigureAwait(false)).Result;
    }

    /// <summary>Done when a commit has changed the revocation list, and when there is something else to tell those who wait for it.</summary>
    public Task ListChanged => _listChanged.Task;

    /// <summary>Lets those go on who wait for another revocation list.</summary>
    public void WakeHosts()
        => Interlocked.Exchange(ref _listChanged, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    /// <summary>Keeps a signature with the next batch. It may be lost: it is only there to be handed out again instead of being made again.</summary>
    public void KeepSignature(CalSerial serial, byte[] signature, bool temporary)
    {
        if (_signatures.Count < _limits.QueueLength)
            _signatures.Enqueue((serial, signature, temporary));
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _ended.Task.ConfigureAwait(false);
        _hot.Dispose();
        await _db.DisposeAsync().ConfigureAwait(false);
    }

    private void Run()
    {
        var batch = new List<LedgerCommand>(_limits.MaxBatch);
        while (WaitForRequests())
        {
            LetGather();
            LedgerCommand? alone = null;
            while (alone is null && batch.Count < _limits.MaxBatch && _queue.Reader.TryRead(out var command))
                if (command.IsAlone)
                    alone = command;
                else
                    batch.Add(command);
            if (batch.Count > 0)
                Process(batch);
            batch.Clear();
            if (alone is not null)
                Process([alone]);
        }

        _ended.SetResult();
    }

    private bool WaitForRequests()
    {
        var waiting = _queue.Reader.WaitToReadAsync();
        return waiting.IsCompleted ? waiting.Result : waiting.AsTask().GetAwaiter().GetResult();
    }

    // Those whom the last commit has woken often ask again at once: as long as the queue grows, the batch is not closed.
    // Without a timer: where nobody comes, one turn of the scheduler is all that is lost.
    private void LetGather()
    {
        for (var seen = 0; _queue.Reader.Count is var waiting && waiting > seen && waiting < _limits.MaxBatch; seen = waiting)
            Thread.Sleep(0);
    }

    private void Process(List<LedgerCommand> batch)
    {
        try
        {
            Commit(batch);
        }
        catch (Exception failure)
        {
            // Every failure has somebody who waits for it: it goes there, and the writer goes on.
            Log.BatchFailed(_log, batch.Count, failure);
            Reconnect();
            if (batch.Count == 1)
                batch[0].Failed(failure);
            else
                foreach (var command in batch)
                    Process([command]);
        }
    }

    private void Commit(List<LedgerCommand> commands)
    {
        using (var transaction = _db.Database.BeginTransaction())
        {
            _hot.Enlist(transaction.GetDbTransaction());
            var head = LockHead();
            var numberBefore = head.Number;
            var listBefore = head.ListNumber;
            var needs = new Needs();
            foreach (var command in commands)
                command.Collect(needs);
            var batch = new LedgerBatch(_db, _hot, WorkingSet.Load(_db, needs), head, Now(), _limits);
            foreach (var command in commands)
                command.Apply(batch);
            for (var left = _limits.MaxBatch; left > 0 && _signatures.TryDequeue(out var kept); left--)
                batch.StoreSignature(kept.Serial, kept.Signature, kept.Temporary);
            batch.Finish(numberBefore);
            CrashPoints.Reach(CrashPoints.AfterInsert);
            transaction.Commit();
            CrashPoints.Reach(CrashPoints.AfterCommit);
            if (_position is null || _position.Number != head.Number || _position.Key != _identity.Key)
                _position = new(head.Number, head.Hash, _identity.Key);
            if (head.ListNumber != listBefore)
                WakeHosts();
        }

        _db.ChangeTracker.Clear();
        foreach (var command in commands)
            command.Committed(_position);
    }

    /// <summary>
    /// Takes the row that orders everything. On SQLite the transaction began with BEGIN IMMEDIATE and holds the whole database, so reading is enough;
    /// on PostgreSQL this is where SELECT … FOR UPDATE stands.
    /// </summary>
    private HeadRow LockHead() => _db.Head.AsNoTracking().Single();

    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds());

    private (LedgerContext Db, HotStatements Hot) Connect()
    {
        var db = _database.OpenWriter();
        return (db, new(db.Database.GetDbConnection()));
    }

    // The context may hold half-done work; a new one holds none.
    private void Reconnect()
    {
        _hot.Dispose();
        _db.Dispose();
        (_db, _hot) = Connect();
    }
}
