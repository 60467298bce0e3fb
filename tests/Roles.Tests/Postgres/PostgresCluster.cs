using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Ostiary.Roles.Tests.Postgres;

/// <summary>
/// A PostgreSQL cluster of the tests' own: in a temporary folder, reached by a unix socket only, run by a user without rights where the tests run as root.
/// A shell holds it: when this process ends, however it ends, the shell reads the end of its input, stops the server and removes the folder.
/// </summary>
internal sealed class PostgresCluster : IDisposable
{
    private const string Binaries = "/usr/lib/postgresql/15/bin";

    private readonly string _folder;
    private readonly Process _shell;
    private readonly Lock _making = new();
    private readonly HashSet<string> _templates = [];
    private int _made;

    /// <param name="durable">As in production; else nothing is flushed to the disk, which no test sees that does not pull the plug.</param>
    public PostgresCluster(bool durable)
    {
        if (!Directory.Exists(Binaries))
            throw new InvalidOperationException($"{Binaries} is not there: install the Debian package postgresql (./test does)");
        _folder = Directory.CreateTempSubdirectory("ostiary-pg-").FullName;
        var user = Environment.UserName == "root" ? "postgres" : null;
        if (user is not null)
            Run("chown", user, _folder);
        var settings = $"-c listen_addresses= -c unix_socket_directories={_folder} -c max_connections=300 -c shared_buffers=64MB -c log_min_messages=warning"
            + (durable ? "" : " -c fsync=off -c full_page_writes=off -c synchronous_commit=off");
        // It stops and goes with the end of its input, and with a signal to all of a test run's processes.
        var script = $$"""
            set -e
            trap : TERM INT
            cd {{_folder}}
            {{Binaries}}/initdb -D data -U ostiary -A trust -E UTF8 --no-locale --no-sync >initdb.log 2>&1 </dev/null || cat initdb.log
            start() { {{Binaries}}/postgres -D data {{settings}} >>server.log 2>&1 </dev/null & pid=$!; }
            stop() { kill -$1 $pid; wait $pid || true; }
            start
            echo ready
            while read -r order; do
              case $order in
                crash) stop QUIT; start ;;
                restart) stop INT; start ;;
              esac
              echo done
            done
            stop INT
            cd /
            rm -rf {{_folder}}
            """;
        List<string> words = ["bash", "-c", script];
        if (user is not null)
            words.InsertRange(0, ["setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups"]);
        _shell = Process.Start(new ProcessStartInfo(words[0], words.Skip(1)) { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = "/" })!;
        if (_shell.StandardOutput.ReadLine() is var line and not "ready")
            throw new InvalidOperationException($"no PostgreSQL cluster: {line}{_shell.StandardOutput.ReadToEnd()}");
        WaitUntilItAnswers();
    }

    /// <summary>How a database of the cluster is reached.</summary>
    public string ConnectionString(string database) => $"Host={_folder};Database={database};Username=ostiary";

    /// <summary>A new database without tables.</summary>
    public string NewEmpty()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"empty_{Interlocked.Increment(ref _made)}");
        Execute(ConnectionString("postgres"), $"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    /// <summary>A new database with tables and without rows.</summary>
    /// <param name="kind">Names them.</param>
    /// <param name="makeTables">Given an empty database; called for the first of its kind only, of which the others are copies.</param>
    public string NewDatabase(string kind, Action<string> makeTables)
    {
        var template = $"template_{kind}";
        lock (_making)
            if (_templates.Add(template))
            {
                Execute(ConnectionString("postgres"), $"CREATE DATABASE {template}");
                makeTables(ConnectionString(template));
            }

        var name = string.Create(CultureInfo.InvariantCulture, $"{kind}_{Interlocked.Increment(ref _made)}");
        Execute(ConnectionString("postgres"), $"CREATE DATABASE {name} TEMPLATE {template}");
        return ConnectionString(name);
    }

    public static void Drop(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var name = settings.Database;
        settings.Database = "postgres";
        Execute(settings.ConnectionString, $"DROP DATABASE {name} WITH (FORCE)");
        Execute(settings.ConnectionString, $"DROP DATABASE IF EXISTS {name}_backup WITH (FORCE)");
    }

    /// <summary>Copies a database that nobody is connected to, in the place of one that may be there.</summary>
    public static void Copy(string connectionString, Func<string, (string From, string To)> names)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var (from, to) = names(settings.Database!);
        settings.Database = "postgres";
        Execute(settings.ConnectionString, $"DROP DATABASE IF EXISTS {to} WITH (FORCE)");
        Execute(settings.ConnectionString, $"CREATE DATABASE {to} TEMPLATE {from}");
    }

    public static void Execute(string connectionString, string sql)
    {
        using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The tests' own texts.
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    /// <summary>All connections break; what was not committed is gone.</summary>
    public void Crash() => Order("crash");

    public void Dispose()
    {
        _shell.StandardInput.Close();
        _shell.WaitForExit(TimeSpan.FromSeconds(60));
        _shell.Dispose();
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    private void Order(string order)
    {
        _shell.StandardInput.WriteLine(order);
        _shell.StandardInput.Flush();
        if (_shell.StandardOutput.ReadLine() != "done")
            throw new InvalidOperationException($"the cluster's shell did not {order}");
        WaitUntilItAnswers();
    }

    private void WaitUntilItAnswers()
    {
        for (var waited = Stopwatch.StartNew(); ;)
        {
            try
            {
                Execute(ConnectionString("postgres"), "SELECT 1");
                return;
            }
            catch (NpgsqlException) when (waited.Elapsed < TimeSpan.FromSeconds(30))
            {
                Thread.Sleep(20);
            }
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments))!;
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} failed");
    }
}
