using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Ostiary.Clearinghouse.Files;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>
/// The SQLite file: WAL, <c>synchronous=FULL</c> (a commit is on the disk when it returns), deleted text is overwritten.
/// Its schema is brought up to date by migrations; a file that a later version has changed is refused.
/// </summary>
internal sealed class Database(ClearinghouseOptions options, IDbContextFactory<ClearinghouseStore> stores) : IDisposable
{
    // SQLite has one writer at a time, and waits for it by polling: within the process this is kinder.
    private readonly SemaphoreSlim _writer = new(1, 1);

    public static void Configure(DbContextOptionsBuilder builder, ClearinghouseOptions options)
        => builder
            .UseSqlite(ConnectionString(options))
            .AddInterceptors(new Pragmas())
            .UseQueryTrackingBehavior(QueryTrackingBehavior.TrackAll);

    /// <summary>For the signer, which reads and never writes. Each connection opens the file anew, so that one that was put in its place is seen.</summary>
    public static void ConfigureReader(DbContextOptionsBuilder builder, string file)
        => builder
            .UseSqlite(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString())
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking);

    /// <summary>Makes the file, or brings it up to date. The caller holds the state directory: nobody else has the file open.</summary>
    /// <exception cref="InvalidDataException">A later version, or one before migrations, has made the file what it is.</exception>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        if (!File.Exists(options.DatabaseFile))
            PrivateFile.Create(options.DatabaseFile, []);
        await using var store = await stores.CreateDbContextAsync(cancellation);
        await store.Database.OpenConnectionAsync(cancellation);
        await store.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL", cancellation);
        var numbered = (await store.Database.SqlQueryRaw<long>("SELECT user_version AS Value FROM pragma_user_version").ToListAsync(cancellation)).Single();
        if (numbered != 0)
            throw new InvalidDataException($"{options.DatabaseFile} was made by a version before the first release; make a new state directory");
        var unknown = (await store.Database.GetAppliedMigrationsAsync(cancellation)).Except(store.Database.GetMigrations()).ToList();
        if (unknown.Count > 0)
            throw new InvalidDataException($"{options.DatabaseFile} was changed by a later version ({unknown[^1]}); this version does not know it");
        if (!(await store.Database.GetPendingMigrationsAsync(cancellation)).Any())
            return;
        // A process that was killed while it migrated leaves this lock behind, and the next one would wait for it for ever.
        await store.Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancellation);
        await store.Database.MigrateAsync(cancellation);
    }

    public async Task<T> ReadAsync<T>(Func<ClearinghouseStore, Task<T>> read, CancellationToken cancellation)
    {
        await using var store = await stores.CreateDbContextAsync(cancellation);
        return await read(store);
    }

    /// <summary>Runs in one writing transaction, from its begin the only one; saves and commits at its end.</summary>
    public async Task<T> WriteAsync<T>(Func<ClearinghouseStore, Task<T>> write, CancellationToken cancellation)
    {
        await _writer.WaitAsync(cancellation);
        try
        {
            await using var store = await stores.CreateDbContextAsync(cancellation);
            // BEGIN IMMEDIATE: the framework's default for SQLite.
            await using var transaction = await store.Database.BeginTransactionAsync(cancellation);
            var result = await write(store);
            await store.SaveChangesAsync(cancellation);
            await transaction.CommitAsync(cancellation);
            return result;
        }
        finally
        {
            _writer.Release();
        }
    }

    public void Dispose()
    {
        using (var connection = new SqliteConnection(ConnectionString(options)))
            SqliteConnection.ClearPool(connection);
        _writer.Dispose();
    }

    private static string ConnectionString(ClearinghouseOptions options) => new SqliteConnectionStringBuilder { DataSource = options.DatabaseFile }.ToString();

    private sealed class Pragmas : DbConnectionInterceptor
    {
        private const string Text = "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;";

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
            using var command = connection.CreateCommand();
            command.CommandText = Text;
            command.ExecuteNonQuery();
        }

        public override async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = Text;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
