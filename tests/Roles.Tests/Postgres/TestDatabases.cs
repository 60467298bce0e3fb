using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Npgsql;
using Ostiary.Clearinghouse.Storage;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

[assembly: AssemblyFixture(typeof(TestDatabases))]

namespace Ostiary.Roles.Tests.Postgres;

/// <summary>
/// Which database a test runs on: PostgreSQL where its class has the trait <c>Database=postgres</c>, and all of them where the environment variable
/// <c>OSTIARY_TEST_DATABASE</c> is <c>postgres</c>; else SQLite. The cluster starts with the first test that needs it.
/// </summary>
public sealed partial class TestDatabases : IDisposable
{
    /// <summary>Trait of the tests that look at what is stored: they are run a second time, on PostgreSQL (see <c>./test</c>).</summary>
    public const string Storage = "Storage";

    /// <summary>In every run.</summary>
    public const string Core = "core";

    /// <summary>In the full one.</summary>
    public const string More = "more";

    public const string Trait = "Database";
    public const string Postgres = "postgres";

    private static readonly Lazy<PostgresCluster> Cluster = new(() => new PostgresCluster(durable: false));

    public static bool IsPostgres
        => Environment.GetEnvironmentVariable("OSTIARY_TEST_DATABASE") == Postgres
            || (TestContext.Current.TestClass?.Traits.TryGetValue(Trait, out var databases) == true && databases.Contains(Postgres));

    /// <summary>A ledger's database of the test's own; null for SQLite.</summary>
    public static string? NewLedger() => IsPostgres
        ? Cluster.Value.NewDatabase("ledger", connection =>
        {
            var ledger = new PostgresLedger(connection);
            ledger.Open(_ => true);
            ledger.DisposeAsync().AsTask().GetAwaiter().GetResult();
        })
        : null;

    /// <summary>Likewise a clearinghouse's.</summary>
    public static string? NewClearinghouse() => IsPostgres
        ? Cluster.Value.NewDatabase("clearinghouse", connection =>
        {
            using var database = new PostgresDatabase(connection);
            database.OpenAsync(CancellationToken.None).GetAwaiter().GetResult();
        })
        : null;

    /// <summary>Likewise, and PostgreSQL in any case.</summary>
    public static string NewEmpty() => Cluster.Value.NewEmpty();

    public static void Drop(string? database)
    {
        if (database is not null)
            PostgresCluster.Drop(database);
    }

    /// <summary>Keeps a copy of a PostgreSQL database; of SQLite's the caller keeps the file.</summary>
    internal static void BackUp(string? database)
    {
        if (database is not null)
            PostgresCluster.Copy(database, name => (name, $"{name}_backup"));
    }

    /// <summary>Puts it back.</summary>
    internal static void PutBack(string? database)
    {
        if (database is not null)
            PostgresCluster.Copy(database, name => ($"{name}_backup", name));
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

    // SQLite's words for bytes, and a name with capitals that is not of ours.
    private static string ToPostgres(string sql)
    {
        sql = Hexadecimal().Replace(sql, "'\\x$1'");
        sql = Zeros().Replace(sql, "decode(repeat('00', $1), 'hex')");
        sql = sql.Replace("randomblob(16)", "decode(md5(random()::text), 'hex')", StringComparison.Ordinal);
        return History().Replace(sql, "\"$0\"");
    }

    [GeneratedRegex("(?<![A-Za-z0-9'])[xX]'([0-9a-fA-F]*)'")]
    private static partial Regex Hexadecimal();

    [GeneratedRegex(@"zeroblob\(([0-9]+)\)")]
    private static partial Regex Zeros();

    [GeneratedRegex("__EFMigrationsHistory|MigrationId")]
    private static partial Regex History();
}
