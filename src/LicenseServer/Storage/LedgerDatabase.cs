using Microsoft.EntityFrameworkCore;

namespace Ostiary.LicenseServer.Storage;

/// <summary>Where the ledger is: opens it, brings its schema up to date, makes contexts, and holds what the databases say differently.</summary>
internal abstract class LedgerDatabase : IAsyncDisposable
{
    /// <summary>Whether other nodes write to it, too.</summary>
    public abstract bool IsShared { get; }

    /// <summary>The database of the options. The caller holds the state directory's lock.</summary>
    public static LedgerDatabase Of(LicenseServerOptions options) => options.Database is { } database ? new PostgresLedger(database) : new SqliteLedger(options.LedgerFile);

    /// <summary>Makes the tables, or brings them up to date, and does what a first start does, alone among all nodes.</summary>
    /// <param name="begin">Given a context like the writer's.</param>
    /// <exception cref="IOException">It cannot be opened, or a later version has changed it.</exception>
    public abstract T Open<T>(Func<LedgerContext, T> begin);

    /// <summary>A context for reading; it sees the last commit.</summary>
    public abstract LedgerContext OpenReader();

    /// <summary>The writer's context, on an open connection of its own, on which COMMIT is durable when it returns.</summary>
    public abstract LedgerContext OpenWriter();

    /// <summary>Takes the row that orders everything, at the begin of a transaction: until its end nobody else writes.</summary>
    public abstract HeadRow LockHead(LedgerContext db);

    /// <summary>A transaction that failed for this may be tried again as a whole.</summary>
    public abstract bool IsPassing(Exception failure);

    /// <summary>The commit of this transaction tells the other nodes that the revocation list or the identity is another.</summary>
    public abstract void Announce(LedgerContext db);

    /// <summary>Until it is cancelled: calls when another node may have changed the revocation list or the identity. Does not fail.</summary>
    /// <param name="changed">Also called when it may have missed something.</param>
    /// <param name="lost">Told why it hears nothing for a while.</param>
    /// <param name="cancellation">Ends it.</param>
    public abstract Task FollowAsync(Func<Task> changed, Action<Exception> lost, CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();

    /// <exception cref="IOException">A later version has changed the tables.</exception>
    protected static void RequireKnownMigrations(LedgerContext db, string name)
    {
        if (db.Database.GetAppliedMigrations().Except(db.Database.GetMigrations()).LastOrDefault() is { } unknown)
            throw new IOException($"{name} was changed by a later version, or is not a ledger ({unknown}); this version does not know it");
    }
}
