using System.Text;
using Microsoft.Data.Sqlite;
using Npgsql;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

[assembly: AssemblyFixture(typeof(TestDatabases))]

namespace Ostiary.Roles.Tests.Postgres;

/// <summary>
/// Which database a test runs on: PostgreSQL where its class has the trait <c>Database=postgres</c>, and all of them where the environment variable
/// <c>OSTIARY_TEST_DATABASE</c> is <c>postgres</c>; else SQLite. The cluster starts with the first test that needs it.
/// </summary>
public sealed class TestDatabases : IDisposable
{
    public const string Trait = "Database";
    public const string Postgres = "postgres";

    private static readonly Lazy<PostgresCluster> Cluster = new(() => new PostgresCluster(durable: false));

    public static bool IsPostgres
        => Environment.GetEnvironmentVariable("OSTIARY_TEST_DATABASE") == Postgres
            || (TestContext.Current.TestClass?.Traits.TryGetValue(Trait, out var databases) == true && databases.Contains(Postgres));

    /// <summary>A ledger's database of the test's own; null for SQLite.</summary>
    public static string? NewLedger() => IsPostgres ? Cluster.Value.NewLedger() : null;

    /// <summary>Likewise a clearinghouse's.</summary>
    public static string? NewClearinghouse() => IsPostgres ? Cluster.Value.NewClearinghouse() : null;

    /// <summary>Likewise, and PostgreSQL in any case.</summary>
    public static string NewEmpty() => Cluster.Value.NewEmpty();

    public static void Drop(string? database)
    {
        if (database is not null)
            PostgresCluster.Drop(database);
    }

    /// <summary>Runs one statement on the database, or on the file where it is SQLite, and gives what <paramref name="read"/> makes of it.</summary>
    internal static T Query<T>(string? database, string file, string sql, Func<System.Data.Common.DbCommand, T> read)
    {
        using System.Data.Common.DbConnection connection = database is null ? new SqliteConnection($"Data Source={file};Pooling=False") : new NpgsqlConnection($"{database};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The tests' own texts.
        command.CommandText = database is null ? sql : ToPostgres(sql);
#pragma warning restore CA2100
        return read(command);
    }

    /// <summary>All that is stored, as bytes: the files of SQLite, or every row of every table.</summary>
    internal static List<byte[]> Contents(string? database, string folder, string pattern)
    {
        if (database is not null)
            return [Encoding.UTF8.GetBytes(Dump(database, []))];
        return Directory.GetFiles(folder, pattern).Select(path =>
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }).ToList();
    }

    /// <summary>All rows of all tables as text, but for some columns.</summary>
    internal static string Dump(string database, string[] without)
    {
        using var connection = new NpgsqlConnection($"{database};Pooling=false;Options=-c bytea_output=escape");
        connection.Open();
        var text = new StringBuilder();
        foreach (var table in Read("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"))
        {
            var columns = Read($"SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position").Except(without);
            text.Append("== ").Append(table).Append('\n');
            foreach (var row in Read($"SELECT row({string.Join(", ", columns.Select(column => $"\"{column}\""))})::text FROM \"{table}\" ORDER BY 1"))
                text.Append(row).Append('\n');
        }

        return text.ToString();

        List<string> Read(string sql)
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Names of our own tables and columns.
            command.CommandText = sql;
#pragma warning restore CA2100
            using var reader = command.ExecuteReader();
            List<string> rows = [];
            while (reader.Read())
                rows.Add(reader.GetString(0));
            return rows;
        }
    }

    public void Dispose()
    {
        if (Cluster.IsValueCreated)
            Cluster.Value.Dispose();
    }

    // X'00ff', randomblob and zeroblob are SQLite's words for bytes.
    private static string ToPostgres(string sql)
    {
        var text = new StringBuilder(sql.Length);
        for (var at = 0; at < sql.Length; at++)
        {
            if (sql[at] is 'x' or 'X' && at + 1 < sql.Length && sql[at + 1] == '\'' && (at == 0 || !char.IsLetterOrDigit(sql[at - 1])))
            {
                text.Append("'\\x");
                at++;
            }
            else
            {
                text.Append(sql[at]);
            }
        }

        return text.ToString()
            .Replace("randomblob(16)", "decode(md5(random()::text), 'hex')", StringComparison.Ordinal)
            .Replace("zeroblob(32)", "decode(repeat('00', 32), 'hex')", StringComparison.Ordinal);
    }
}
