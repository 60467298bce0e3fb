namespace Ostiary.Clearinghouse.Storage;

/// <summary>
/// Where the clearinghouse keeps what it knows. Its schema is brought up to date by migrations; a database that a later version has changed is refused.
/// </summary>
internal abstract class Database : IDisposable
{
    public static Database Of(ClearinghouseOptions options) => options.Database is { } postgres ? new PostgresDatabase(postgres) : new SqliteDatabase(options);

    /// <summary>Makes the tables, or brings them up to date. The caller holds the state directory.</summary>
    /// <exception cref="InvalidDataException">A later version, or one before migrations, has made the database what it is.</exception>
    public abstract Task OpenAsync(CancellationToken cancellation);

    /// <summary>For reading; it sees what was committed.</summary>
    public abstract ClearinghouseStore OpenReader();

    public abstract Task<T> ReadAsync<T>(Func<ClearinghouseStore, Task<T>> read, CancellationToken cancellation);

    /// <summary>Runs in one writing transaction, from its begin the only one, on all nodes; saves and commits at its end.</summary>
    /// <param name="write">May run more than once, each time with a store that knows nothing of the time before.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public abstract Task<T> WriteAsync<T>(Func<ClearinghouseStore, Task<T>> write, CancellationToken cancellation);

    /// <summary>Where wrong product keys are counted.</summary>
    public abstract IWrongKeyCounts WrongKeys { get; }

    public abstract void Dispose();
}
