using System.Globalization;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Ostiary.Doors.Databases;

namespace Ostiary.LicenseServer.Storage;

/// <summary>The ledger in a PostgreSQL database, which any number of nodes of one license server share.</summary>
internal sealed class PostgresLedger : LedgerDatabase
{
    /// <summary>Who makes or changes tables, or starts for the first time, holds this lock. The database is a license server's alone.</summary>
    private const long OpeningLock = 0x4F73_7469_6172_7901;

    private const string Channel = "ostiary_ledger";

    /// <summary>A connection that a dead machine has left behind is found after this time.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(1);

    private readonly string _name;
    private readonly NpgsqlDataSource _source;
    private readonly DbContextOptions<PostgresLedgerContext> _readers;

    /// <param name="connectionString">Checked already.</param>
    public PostgresLedger(string connectionString)
    {
        _name = PostgresConnection.Describe(connectionString);
        _source = PostgresConnection.Open(connectionString, "license server");
        _readers = new DbContextOptionsBuilder<PostgresLedgerContext>()
            .UseNpgsql(_source)
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking)
            .Options;
    }

    public override bool IsShared => true;

    public override T Open<T>(Func<LedgerContext, T> begin)
    {
        try
        {
            using var holding = _source.OpenConnection();
            Execute(holding, string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_lock({OpeningLock})"));
            try
            {
                using var db = OpenWriter();
                RequireKnownMigrations(db, _name);
                if (db.Database.GetPendingMigrations().Any())
                    db.Database.Migrate();
                return begin(db);
            }
            finally
            {
                Execute(holding, string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_unlock({OpeningLock})"));
            }
        }
        catch (Exception failure) when (failure is NpgsqlException or SocketException)
        {
            throw new IOException($"the {_name} cannot be opened: {failure.Message}", failure);
        }
    }

    public override LedgerContext OpenReader() => new PostgresLedgerContext(_readers);

    /// <summary>Invariant: what every connection of the source begins with makes COMMIT durable, see <see cref="PostgresConnection"/>.</summary>
    public override LedgerContext OpenWriter()
    {
        var connection = _source.OpenConnection();
        // Lists go into queries as one parameter: one text of a query, whatever the size of the batch.
        return new PostgresLedgerContext(new DbContextOptionsBuilder<PostgresLedgerContext>()
            .UseNpgsql(connection, contextOwnsConnection: true, postgres => postgres.UseParameterizedCollectionMode(ParameterTranslationMode.Parameter))
            .Options);
    }

    /// <summary>Waits for the node that holds the row, and reads it as that node has left it; what is read after it is of the same moment or later.</summary>
    public override HeadRow LockHead(LedgerContext db) => db.Head.FromSqlRaw("SELECT * FROM ledger_head WHERE id = 1 FOR UPDATE").AsNoTracking().AsEnumerable().Single();

    public override bool IsPassing(Exception failure) => PostgresConnection.IsPassing(failure);

    public override void Announce(LedgerContext db) => db.Database.ExecuteSqlRaw($"NOTIFY {Channel}");

    public override async Task FollowAsync(Func<Task> changed, Action<Exception> lost, CancellationToken cancellation)
    {
        var hears = true;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync(cancellation).ConfigureAwait(false);
                // First it listens, then it looks: no change between the two is missed.
                await ListenAsync(connection, cancellation).ConfigureAwait(false);
                await changed().ConfigureAwait(false);
                hears = true;
                while (true)
                {
                    if (await connection.WaitAsync(Silence, cancellation).ConfigureAwait(false))
                        await changed().ConfigureAwait(false);
                    else
                        await ListenAsync(connection, cancellation).ConfigureAwait(false);
                }
            }
            catch (Exception) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // It is said once. Meanwhile whoever waits for a change finds it at the end of their waiting.
                if (hears)
                    lost(failure);
                hears = false;
            }

            await Task.Delay(AgainAfter, CancellationToken.None).ConfigureAwait(false);
        }
    }

    public override ValueTask DisposeAsync() => _source.DisposeAsync();

    private static async Task ListenAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = $"LISTEN {Channel}";
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
