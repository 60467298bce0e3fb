using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Ostiary.Doors.Databases;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>A PostgreSQL database, which any number of nodes of one clearinghouse share. COMMIT is durable when it returns, see <see cref="PostgresConnection"/>.</summary>
internal sealed class PostgresDatabase : Database, IWrongKeyCounts
{
    /// <summary>Who makes or changes tables holds this lock.</summary>
    private const long OpeningLock = 0x4F73_7469_6172_7902;

    /// <summary>Every writing transaction takes this lock first: it orders the audit and all that is decided, on all nodes.</summary>
    private const long WritingLock = 0x4F73_7469_6172_7903;

    /// <summary>Before each further attempt at a transaction that failed for a passing reason: together longer than a server's restart takes.</summary>
    private static readonly int[] Waits = [20, 50, 100, 200, 400, 800, 1_000];

    private readonly string _name;
    private readonly NpgsqlDataSource _source;
    private readonly DbContextOptions<PostgresClearinghouseStore> _stores;

    // Those who wait for the lock wait here, and not each with a connection.
    private readonly SemaphoreSlim _writer = new(1, 1);

    /// <param name="connectionString">Checked already.</param>
    public PostgresDatabase(string connectionString)
    {
        _name = PostgresConnection.Describe(connectionString);
        _source = PostgresConnection.Open(connectionString, "clearinghouse");
        _stores = new DbContextOptionsBuilder<PostgresClearinghouseStore>().UseNpgsql(_source).Options;
    }

    public override async Task OpenAsync(CancellationToken cancellation)
    {
        try
        {
            await using var holding = await _source.OpenConnectionAsync(cancellation);
            await ExecuteAsync(holding, string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_lock({OpeningLock})"), cancellation);
            try
            {
                await using var store = OpenReader();
                var unknown = (await store.Database.GetAppliedMigrationsAsync(cancellation)).Except(store.Database.GetMigrations()).ToList();
                if (unknown.Count > 0)
                    throw new InvalidDataException($"the {_name} was changed by a later version, or is not a clearinghouse's ({unknown[^1]}); this version does not know it");
                if ((await store.Database.GetPendingMigrationsAsync(cancellation)).Any())
                    await store.Database.MigrateAsync(cancellation);
            }
            finally
            {
                await ExecuteAsync(holding, string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_unlock({OpeningLock})"), CancellationToken.None);
            }
        }
        catch (Exception failure) when (failure is NpgsqlException or SocketException)
        {
            throw new IOException($"the {_name} cannot be opened: {failure.Message}", failure);
        }
    }

    public override IWrongKeyCounts WrongKeys => this;

    /// <summary>One statement, without the lock of those who write: who tries many keys keeps nobody waiting.</summary>
    public async ValueTask<int> CountAsync(string bucket, DateTimeOffset now, TimeSpan window, CancellationToken cancellation)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(bucket));
        var at = now.ToUnixTimeMilliseconds();
        var since = (now - window).ToUnixTimeMilliseconds();
        await using var store = OpenReader();
        // What is past its window goes, a few at a time, so that the table stays as small as what was tried lately. A clock that was set back must not slow anybody down for long.
        await store.Database.ExecuteSqlAsync(
            $"DELETE FROM wrongkeys WHERE bucket IN (SELECT bucket FROM wrongkeys WHERE lastat <= {since} LIMIT 10 FOR UPDATE SKIP LOCKED)", cancellation);
        return (await store.Database.SqlQuery<int>(
            $"""
            INSERT INTO wrongkeys AS known (bucket, count, lastat) VALUES ({hash}, 1, {at})
            ON CONFLICT (bucket) DO UPDATE SET count = CASE WHEN known.lastat <= {at} AND known.lastat > {since} THEN known.count + 1 ELSE 1 END, lastat = {at}
            RETURNING count AS "Value"
            """).ToListAsync(cancellation))[0];
    }

    public override ClearinghouseStore OpenReader() => new PostgresClearinghouseStore(_stores);

    public override async Task<T> ReadAsync<T>(Func<ClearinghouseStore, Task<T>> read, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await using var store = OpenReader();
                return await read(store);
            }
            catch (Exception failure) when (attempt < Waits.Length && PostgresConnection.IsPassing(failure))
            {
                await Task.Delay(Waits[attempt], cancellation);
            }
        }
    }

    public override async Task<T> WriteAsync<T>(Func<ClearinghouseStore, Task<T>> write, CancellationToken cancellation)
    {
        await _writer.WaitAsync(cancellation);
        try
        {
            return await WriteAloneAsync(write, cancellation);
        }
        finally
        {
            _writer.Release();
        }
    }

    public override void Dispose()
    {
        _source.Dispose();
        _writer.Dispose();
    }

    /// <summary>
    /// A transaction that the database fails for a passing reason is tried again as a whole. Where the connection was lost over COMMIT, nobody knows what became of it: the
    /// audit tells, because an entry has a hash that no other has. What enters nothing there comes to the same a second time.
    /// </summary>
    private async Task<T> WriteAloneAsync<T>(Func<ClearinghouseStore, Task<T>> write, CancellationToken cancellation)
    {
        AuditRow? unsure = null;
        T result = default!;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await using var store = OpenReader();
                await using var transaction = await store.Database.BeginTransactionAsync(cancellation);
                // Whoever has the lock knows that a transaction of before has come to its end, one way or the other; what is read after it is what that one left.
                await store.Database.ExecuteSqlRawAsync(string.Create(CultureInfo.InvariantCulture, $"SELECT pg_advisory_xact_lock({WritingLock})"), cancellation);
                if (unsure is { Number: var number, Hash: var hash } && await store.Audit.AsNoTracking().AnyAsync(row => row.Number == number && row.Hash == hash, cancellation))
                    return result;
                result = await write(store);
                await store.SaveChangesAsync(cancellation);
                unsure = store.Audit.Local.MaxBy(row => row.Number);
                await transaction.CommitAsync(cancellation);
                return result;
            }
            catch (Exception failure) when (attempt < Waits.Length && PostgresConnection.IsPassing(failure))
            {
                await Task.Delay(Waits[attempt], cancellation);
            }
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants of this file.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
