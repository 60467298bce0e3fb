using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Ostiary.Clearinghouse.Files;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>
/// The SQLite file: WAL, <c>synchronous=FULL</c> (a commit is on the disk when it returns), deleted text is overwritten.
/// Its schema has a number (<c>user_version</c>); a file of another number is refused.
/// </summary>
internal sealed class Database(ClearinghouseOptions options, IDbContextFactory<ClearinghouseStore> stores) : IDisposable
{
    private const long SchemaVersion = 1;

    // SQLite has one writer at a time, and waits for it by polling: within the process this is kinder.
    private readonly SemaphoreSlim _writer = new(1, 1);

    public static void Configure(DbContextOptionsBuilder builder, ClearinghouseOptions options)
        => builder
            .UseSqlite(ConnectionString(options))
            .AddInterceptors(new Pragmas())
            .UseQueryTrackingBehavior(QueryTrackingBehavior.TrackAll);

    /// <summary>Makes the file or checks it. Tables and their number are made in one transaction, so that a crash leaves both or neither.</summary>
    /// <exception cref="InvalidDataException">The file is of another schema.</exception>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        if (!File.Exists(options.DatabaseFile))
            PrivateFile.Create(options.DatabaseFile, []);
        await using var store = await stores.CreateDbContextAsync(cancellation);
        await store.Database.OpenConnectionAsync(cancellation);
        await store.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL", cancellation);
        await using var transaction = await store.Database.BeginTransactionAsync(cancellation);
        var found = (await store.Database.SqlQueryRaw<long>("SELECT user_version AS Value FROM pragma_user_version").ToListAsync(cancellation)).Single();
        if (found == SchemaVersion)
            return;
        if (found != 0)
            throw new InvalidDataException($"{options.DatabaseFile} has schema {found}; this version knows {SchemaVersion}");
        await store.Database.ExecuteSqlRawAsync(store.Database.GenerateCreateScript(), cancellation);
        await store.Database.ExecuteSqlRawAsync(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version={SchemaVersion}"), cancellation);
        await transaction.CommitAsync(cancellation);
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
