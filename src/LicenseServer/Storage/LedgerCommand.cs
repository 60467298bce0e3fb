using Ostiary.Contracts.Problems;
using Ostiary.Doors;

namespace Ostiary.LicenseServer.Storage;

/// <summary>One request to the writer.</summary>
internal abstract class LedgerCommand
{
    /// <summary>Has a transaction of its own: what comes after it is decided by what it has changed, in memory too.</summary>
    public virtual bool IsAlone => false;

    /// <summary>Says what it will look for.</summary>
    public virtual void Collect(Needs needs)
    {
    }

    /// <summary>
    /// Does its work inside a transaction.
    /// Invariant: a <see cref="ProblemException"/> is thrown before anything is written; the others of the batch go on.
    /// May run twice: a batch that fails is taken apart and each request tried alone.
    /// </summary>
    public abstract void Apply(LedgerBatch batch);

    /// <summary>The transaction is committed.</summary>
    public abstract void Committed(LedgerPosition position);

    public abstract void Failed(Exception reason);
}

/// <summary>A request with a result, handed over after the commit.</summary>
internal abstract class LedgerCommand<T> : LedgerCommand
{
    // Whoever waits signs and answers: that is not the writer's work.
    private readonly TaskCompletionSource<Committed<T>> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;
    private ProblemException? _problem;

    public Task<Committed<T>> Done => _done.Task;

    public sealed override void Apply(LedgerBatch batch)
    {
        _problem = null;
        try
        {
            _result = Execute(batch);
        }
        catch (ProblemException problem)
        {
            _problem = problem;
        }
    }

    public sealed override void Committed(LedgerPosition position)
    {
        if (_problem is not null)
        {
            _done.TrySetException(_problem);
            return;
        }

        OnCommitted(_result!);
        _done.TrySetResult(new(_result!, position));
    }

    /// <summary>In the writer's thread, before anything else is decided.</summary>
    protected virtual void OnCommitted(T result)
    {
    }

    public sealed override void Failed(Exception reason) => _done.TrySetException(reason);

    protected abstract T Execute(LedgerBatch batch);
}

/// <summary>A result, and where the ledger stood after the commit that it rests on.</summary>
internal readonly record struct Committed<T>(T Result, LedgerPosition Position);

/// <summary>A rare piece of work, written in one place.</summary>
internal sealed class LedgerWork<T>(Func<LedgerBatch, T> work, Action<Needs>? needs = null) : LedgerCommand<T>
{
    // Of the flow in which this is made; the writer's thread is another's.
    private readonly string _author = Author.Current;

    public override void Collect(Needs needs1) => needs?.Invoke(needs1);

    protected override T Execute(LedgerBatch batch)
    {
        batch.Author = _author;
        try
        {
            return work(batch);
        }
        finally
        {
            batch.Author = "";
        }
    }
}

/// <summary>Rare work that changes what later work is decided by: it has a transaction of its own, and the change is there before anything else is decided.</summary>
internal sealed class AloneWork<T>(Func<LedgerBatch, T> work, Action<T> committed) : LedgerCommand<T>
{
    private readonly string _author = Author.Current;

    public override bool IsAlone => true;

    protected override T Execute(LedgerBatch batch)
    {
        batch.Author = _author;
        return work(batch);
    }

    protected override void OnCommitted(T result) => committed(result);
}
