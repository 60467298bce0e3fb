using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Clock;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Identity;

namespace Ostiary.LicenseServer.Storage;

/// <summary>
/// The one writer of a node. Requests wait in a bounded queue; the writer takes all that wait, up to a limit, and commits them as one transaction.
/// Nobody waits for a timer: while one batch is flushed to disk, the next one gathers.
/// </summary>
internal sealed class LedgerWriter : IAsyncDisposable
{
    /// <summary>
    /// Before each further attempt at a batch that the database has failed for a passing reason: together longer than a server's restart takes, shorter than
    /// hosts wait.
    /// </summary>
    private static readonly int[] Waits = [20, 50, 100, 200, 400, 800, 1_000];

    private readonly LedgerDatabase _database;
    private readonly LicenseServerIdentity _identity;
    private readonly TimeProvider _time;
    private readonly LedgerLimits _limits;
    private readonly ILogger<LedgerWriter> _log;
    private readonly Channel<LedgerCommand> _queue;
    private readonly ConcurrentQueue<(CalSerial Serial, byte[] Signature, bool Temporary)> _signatures = [];
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private (LedgerContext Db, HotStatements Hot)? _connected;
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
        _ = Connect();
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
        using var hot = new HotStatements(db);
        await using var transaction = await db.Database.BeginTransactionAsync().ConfigureAwait(false);
        hot.Enlist(transaction.GetDbTransaction());
        var head = _database.LockHead(db);
        var needs = new Needs();
        command.Collect(needs);
        command.Apply(new LedgerBatch(db, hot, WorkingSet.Load(db, needs), head, Now(head), _limits));
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
        Disconnect();
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
            CommitPatiently(batch);
        }
        catch (Exception failure)
        {
            // Every failure has somebody who waits for it: it goes there, and the writer goes on.
            Log.BatchFailed(_log, batch.Count, failure);
            Disconnect();
            if (batch.Count == 1 || _database.IsPassing(failure))
                batch.ForEach(command => command.Failed(failure));
            else
                foreach (var command in batch)
                    Process([command]);
        }
    }

    /// <summary>
    /// A batch that the database fails for a passing reason is tried again as a whole. Where the connection was lost over COMMIT, nobody knows what became of it: the
    /// chain tells, because a batch's last entry has a hash that no other has. A batch without an entry is carried out again: its requests are known by their
    /// ids, and what else it writes comes to the same.
    /// </summary>
    private void CommitPatiently(List<LedgerCommand> commands)
    {
        Written? unsure = null;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                if (unsure is null || !IsCommitted(unsure))
                    Commit(commands, written => unsure = written);
                Confirm(commands, unsure!);
                return;
            }
            catch (Exception failure) when (attempt < Waits.Length && _database.IsPassing(failure))
            {
                Log.BatchTriedAgain(_log, commands.Count, failure.Message);
                if (unsure is { HasEntries: false })
                    unsure = null;
                Disconnect();
                Thread.Sleep(Waits[attempt]);
            }
        }
    }

    private void Commit(List<LedgerCommand> commands, Action<Written> committing)
    {
        var (db, hot) = Connect();
        using (var transaction = db.Database.BeginTransaction())
        {
            hot.Enlist(transaction.GetDbTransaction());
            var head = _database.LockHead(db);
            FollowOtherNodes(db, head);
            if (_identity.Current.IsSuperseded)
                throw new ProblemException(LicensingProblem.TemporarilyUnavailable, "another node of this license server has followed its key: copy license-server.key from there, and start this node again");
            var (numberBefore, listBefore) = (head.Number, head.ListNumber);
            var needs = new Needs();
            foreach (var command in commands)
                command.Collect(needs);
            var batch = new LedgerBatch(db, hot, WorkingSet.Load(db, needs), head, Now(head), _limits);
            foreach (var command in commands)
                command.Apply(batch);
            for (var left = _limits.MaxBatch; left > 0 && _signatures.TryDequeue(out var kept); left--)
                batch.StoreSignature(kept.Serial, kept.Signature, kept.Temporary);
            batch.Finish(numberBefore);
            var written = new Written(head, head.Number != numberBefore, head.ListNumber != listBefore);
            if (written.ListChanged || batch.IdentityChanged)
                _database.Announce(db);
            CrashPoints.Reach(CrashPoints.AfterInsert);
            committing(written);
            transaction.Commit();
            CrashPoints.Reach(CrashPoints.AfterCommit);
        }

        db.ChangeTracker.Clear();
    }

    // Whoever holds the head knows that a transaction of before has come to its end, one way or the other.
    private bool IsCommitted(Written written)
    {
        var (db, _) = Connect();
        using var transaction = db.Database.BeginTransaction();
        _ = _database.LockHead(db);
        return db.Audit.AsNoTracking().Any(entry => entry.Number == written.Head.Number && entry.Hash == written.Head.Hash);
    }

    private void Confirm(List<LedgerCommand> commands, Written written)
    {
        var head = written.Head;
        // The hash, too: a database that has lost its last commits counts their numbers again.
        if (_position is null || _position.Number != head.Number || _position.Key != _identity.Key || !_position.Hash.AsSpan().SequenceEqual(head.Hash))
            _position = new(head.Number, head.Hash, _identity.Key);
        if (written.ListChanged)
            WakeHosts();
        foreach (var command in commands)
            command.Committed(_position);
    }

    // Another node has written since this one did: the identity may be another, and decisions rest on it.
    private void FollowOtherNodes(LedgerContext db, HeadRow head)
    {
        if (!_database.IsShared || _position?.Number == head.Number)
            return;
        if (db.Identity.AsNoTracking().Select(row => row.LedgerNumber).Single() == _identity.Current.LedgerNumber)
            return;
        _identity.Replace(db.Identity.AsNoTracking().Single());
        WakeHosts();
    }

    // One node's clock may be behind another's: the ledger's time does not go back for that. Further than a leap nobody is followed.
    private DateTimeOffset Now(HeadRow head)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(_time.GetUtcNow().ToUnixTimeSeconds());
        return _database.IsShared && head.SeenAt > now && head.SeenAt - now <= SteadyClock.Leap ? head.SeenAt : now;
    }

    // A context that a failure has left holds half-done work; a new one holds none.
    private (LedgerContext Db, HotStatements Hot) Connect()
    {
        if (_connected is { } connected)
            return connected;
        var db = _database.OpenWriter();
        try
        {
            _connected = (db, new(db));
            return _connected.Value;
        }
        catch
        {
            db.Dispose();
            throw;
        }
    }

    private void Disconnect()
    {
        if (_connected is not var (db, hot))
            return;
        _connected = null;
        hot.Dispose();
        db.Dispose();
    }

    /// <summary>What a transaction has come to, while or after it was committed.</summary>
    /// <param name="Head">The head as it is then.</param>
    /// <param name="HasEntries">It has entered something in the audit.</param>
    /// <param name="ListChanged">The revocation list has another number.</param>
    private sealed record Written(HeadRow Head, bool HasEntries, bool ListChanged);
}
