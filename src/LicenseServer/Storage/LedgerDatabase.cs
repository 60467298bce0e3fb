using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Ostiary.LicenseServer.Storage;

/// <summary>Opens the ledger's file, brings its schema up to date, and makes contexts.</summary>
internal sealed class LedgerDatabase
{
    private readonly string _connectionString;
    private readonly DbContextOptions<LedgerContext> _readers;

    private LedgerDatabase(string file)
    {
        _connectionString = new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = 5 }.ToString();
        _readers = new DbContextOptionsBuilder<LedgerContext>()
            .UseSqlite(_connectionString)
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
            .Options;
    }

    /// <summary>The caller holds the state directory's lock: nobody else has this file open.</summary>
    public static LedgerDatabase Open(string file)
    {
        if (!File.Exists(file))
            File.Open(file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }).Dispose();
        var database = new LedgerDatabase(file);
        using var context = database.OpenWriter();
        if (context.Database.GetPendingMigrations().Any())
        {
            // A process that was killed while it migrated leaves this lock behind, and the next one would wait for it for ever.
            context.Database.ExecuteSqlRaw("DROP TABLE IF EXISTS \"__EFMigrationsLock\"");
            context.Database.Migrate();
        }

        return database;
    }

    /// <summary>A context for reading; it sees the last commit.</summary>
    public LedgerContext OpenReader() => new(_readers);

    /// <summary>
    /// The writer's context, on an open connection of its own.
    /// Invariant: synchronous=FULL, a setting of the connection, is what makes COMMIT durable before an answer is sent.
    /// </summary>
    public LedgerContext OpenWriter()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        Execute(connection, "PRAGMA journal_mode=WAL");
        Execute(connection, "PRAGMA synchronous=FULL");
        Execute(connection, "PRAGMA busy_timeout=5000");
        // 64 MiB: the upper pages of all indexes stay in memory. 2,000 pages: the log is copied into the file every 8 MB, not every few commits.
        Execute(connection, "PRAGMA cache_size=-65536");
        Execute(connection, "PRAGMA wal_autocheckpoint=2000");
        // Lists go into queries as one parameter: one text of a query, whatever the size of the batch.
        return new(new DbContextOptionsBuilder<LedgerContext>()
            .UseSqlite(connection, contextOwnsConnection: true, sqlite => sqlite.UseParameterizedCollectionMode(ParameterTranslationMode.Parameter))
            .Options);
    }

    private static void Execute(DbConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
