using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Ostiary.Doors.Databases;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>The clearinghouse's database as the signer opens it by itself: it reads, and never writes.</summary>
internal sealed class CommittedReader : IDisposable
{
    private readonly Func<ClearinghouseStore> _open;
    private readonly NpgsqlDataSource? _source;

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

        // Each connection opens the file anew, so that one that was put in its place is seen.
        var files = new DbContextOptionsBuilder<ClearinghouseStore>()
            .UseSqlite(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString())
            .UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options;
        _open = () => new ClearinghouseStore(files);
    }

    /// <summary>It sees what was committed, and nothing else.</summary>
    public ClearinghouseStore Open() => _open();

    public void Dispose() => _source?.Dispose();
}
