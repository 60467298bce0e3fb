using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Ostiary.LicenseServer.Storage;

/// <summary>The ledger in one SQLite file of this node alone.</summary>
internal sealed class SqliteLedger : LedgerDatabase
{
    private readonly string _file;
    private readonly string _connectionString;
    private readonly DbContextOptions<LedgerContext> _readers;

    public SqliteLedger(string file)
    {
        _file = file;
        _connectionString = new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = 5 }.ToString();
        _readers = new DbContextOptionsBuilder<LedgerContext>()
            .UseSqlite(_connectionString)
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
            .Options;
    }

    public override bool IsShared => false;

    public override T Open<T>(Func<LedgerContext, T> begin)
    {
        if (!File.Exists(_file))
            File.Open(_file, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }).Dispose();
        using var context = OpenWriter();
        RequireKnownMigrations(context, _file);
        if (context.Database.GetPendingMigrations().Any())
        {
            // A process that was killed while it migrated leaves this lock behind, and the next one would wait for it for ever.
            context.Database.ExecuteSqlRaw("DROP TABLE IF EXISTS \"__EFMigrationsLock\"");
            context.Database.Migrate();
        }

        return begin(context);
    }

    public override LedgerContext OpenReader() => new(_readers);

    /// <summary>Invariant: synchronous=FULL, a setting of the connection, is what makes COMMIT durable before an answer is sent.</summary>
    public override LedgerContext OpenWriter()
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

    /// <summary>The transaction began with BEGIN IMMEDIATE and holds the whole file: reading is enough.</summary>
    public override HeadRow LockHead(LedgerContext db) => db.Head.AsNoTracking().Single();

    public override bool IsPassing(Exception failure) => false;

    public override void Announce(LedgerContext db)
    {
        // There are no others.
    }

    public override Task FollowAsync(Func<Task> changed, Action<Exception> lost, CancellationToken cancellation) => Task.CompletedTask;

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static void Execute(DbConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
