using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Ostiary.Doors.Databases;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>
/// The clearinghouse's database as the signer opens it by itself: it reads, and never writes. A SQLite file stays open between signatures that follow
/// one another, but not longer: a file that was put in its place is seen at the next one, and a clearinghouse that stops is alone with its file soon after.
/// </summary>
internal sealed class CommittedReader : IDisposable
{
    private static readonly TimeSpan KeptOpen = TimeSpan.FromSeconds(2);

    private readonly Func<ClearinghouseStore> _open;
    private readonly NpgsqlDataSource? _source;
    private readonly ITimer? _closing;
    private readonly string? _file;

    /// <param name="file">The SQLite file; not looked at where <paramref name="postgres"/> is given.</param>
    /// <param name="postgres">The PostgreSQL database, checked already; null where there is a file.</param>
    public CommittedReader(string file, string? postgres)
    {
        if (postgres is not null)
        {
            _source = PostgresConnection.Open(postgres, "signer");
            var stores = new DbContextOptionsBuilder<PostgresClearinghouseStore>().UseNpgsql(_source).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options;
            _open = () => new PostgresClearinghouseStore(stores);
            return;
        }

        var connection = _file = new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly }.ToString();
        var files = new DbContextOptionsBuilder<ClearinghouseStore>().UseSqlite(connection).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options;
        // Of the process and not of a role's clock: it holds a file open, and decides nothing.
        _closing = TimeProvider.System.CreateTimer(_ => Close(connection), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        var opened = FileIdentity.Of(file);
        var gate = new Lock();
        _open = () =>
        {
            lock (gate)
            {
                if (FileIdentity.Of(file) is var now && now != opened)
                {
                    Close(connection);
                    opened = now;
                }
            }

            _closing.Change(KeptOpen, Timeout.InfiniteTimeSpan);
            return new ClearinghouseStore(files);
        };
    }

    /// <summary>It sees what was committed, and nothing else.</summary>
    public ClearinghouseStore Open() => _open();

    public void Dispose()
    {
        _source?.Dispose();
        _closing?.Dispose();
        if (_file is not null)
            Close(_file);
    }

    // Connections of the pool that are in use are closed when they come back.
    private static void Close(string connection)
    {
        using var named = new SqliteConnection(connection);
        SqliteConnection.ClearPool(named);
    }
}
