using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Ostiary.Clearinghouse.Files;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>One SQLite file of this node alone: WAL, <c>synchronous=FULL</c> (a commit is on the disk when it returns), deleted text is overwritten.</summary>
internal sealed class SqliteDatabase : Database
{
    private readonly string _file;
    private readonly string _connectionString;
    private readonly DbContextOptions<ClearinghouseStore> _stores;

    private bool _opened;

    // SQLite has one writer at a time, and waits for it by polling: within the process this is kinder.
    private readonly SemaphoreSlim _writer = new(1, 1);

    public SqliteDatabase(ClearinghouseOptions options)
    {
        _file = options.DatabaseFile;
        _connectionString = new SqliteConnectionStringBuilder { DataSource = _file }.ToString();
        _stores = new DbContextOptionsBuilder<ClearinghouseStore>().UseSqlite(_connectionString).AddInterceptors(new Pragmas()).Options;
    }

    public override async Task OpenAsync(CancellationToken cancellation)
    {
        if (!File.Exists(_file))
            PrivateFile.Create(_file, []);
        await using var store = OpenReader();
        await store.Database.OpenConnectionAsync(cancellation);
        await store.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL", cancellation);
        var numbered = (await store.Database.SqlQueryRaw<long>("SELECT user_version AS Value FROM pragma_user_version").ToListAsync(cancellation)).Single();
        if (numbered != 0)
            throw new InvalidDataException($"{_file} was made by a version before the first release; make a new state directory");
        var unknown = (await store.Database.GetAppliedMigrationsAsync(cancellation)).Except(store.Database.GetMigrations()).ToList();
        if (unknown.Count > 0)
            throw new InvalidDataException($"{_file} was changed by a later version ({unknown[^1]}); this version does not know it");
        _opened = true;
        if (!(await store.Database.GetPendingMigrationsAsync(cancellation)).Any())
            return;
        // A process that was killed while it migrated leaves this lock behind, and the next one would wait for it for ever.
        await store.Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancellation);
        await store.Database.MigrateAsync(cancellation);
    }

    public override IWrongKeyCounts WrongKeys { get; } = new WrongKeyMemory();

    public override ClearinghouseStore OpenReader() => new(_stores);

    public override async Task<T> ReadAsync<T>(Func<ClearinghouseStore, Task<T>> read, CancellationToken cancellation)
    {
        await using var store = OpenReader();
        return await read(store);
    }

    public override async Task<T> WriteAsync<T>(Func<ClearinghouseStore, Task<T>> write, CancellationToken cancellation)
    {
        await _writer.WaitAsync(cancellation);
        try
        {
            await using var store = OpenReader();
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

    public override void Dispose()
    {
        using (var connection = new SqliteConnection(_connectionString))
        {
            // What was erased is not to lie on in the log beside the file. The last one to close does this by itself; the signer may have it open still.
            if (_opened)
            {
                connection.Open();
                using var command = connection.CreateCommand();
                command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
                command.ExecuteNonQuery();
            }

            SqliteConnection.ClearPool(connection);
        }

        _writer.Dispose();
    }

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
