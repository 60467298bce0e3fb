using System.Net;
using Npgsql;

namespace Ostiary.Doors.Databases;

/// <summary>
/// How a role reaches its PostgreSQL database: what is taken as its option, and the settings that every connection has, whatever the server's own are.
/// </summary>
public static class PostgresConnection
{
    /// <summary>
    /// Invariant: <c>synchronous_commit=on</c> is what makes COMMIT durable, here and on a synchronous standby, before an answer is sent.
    /// A transaction that its node has left hanging gives its locks back after 10 s, so that the other nodes go on.
    /// Sent when a connection begins: nothing that is done with the connection resets them.
    /// </summary>
    private const string Always = "-c synchronous_commit=on -c idle_in_transaction_session_timeout=10s";

    private const string Example = "Host=/run/postgresql;Database=ostiary;Username=ostiary";

    /// <summary>What is wrong with a connection string; null when nothing is. The text of it is never repeated: it may hold a password.</summary>
    public static string? Check(string text)
    {
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new(text);
        }
        catch (Exception malformed) when (malformed is ArgumentException or FormatException or OverflowException or InvalidCastException or KeyNotFoundException)
        {
            // The library's message may repeat a part of the text.
            return $"it is no list of keywords and values that is known, for example {Example}";
        }

        if (string.IsNullOrWhiteSpace(settings.Host))
            return $"Host is missing: the folder of the server's unix socket, or its name, for example {Example}";
        if (string.IsNullOrWhiteSpace(settings.Database))
            return $"Database is missing, for example {Example}";
        if (settings.IncludeErrorDetail || settings.LogParameters)
            return "Include Error Detail and Log Parameters would write rows into logs; leave them out";
        if (settings.Multiplexing)
            return "Multiplexing is not for transactions with locks; leave it out";
        if (settings.Options?.Contains("synchronous_commit", StringComparison.Ordinal) == true
            && !settings.Options.Contains("synchronous_commit=on", StringComparison.Ordinal) && !settings.Options.Contains("synchronous_commit=remote_apply", StringComparison.Ordinal))
            return "synchronous_commit is on or remote_apply: what was answered must not be lost";
        return settings.Host.Split(',').FirstOrDefault(host => !IsLocal(host)) is { } far && settings.SslMode is not (SslMode.VerifyFull or SslMode.VerifyCA)
            ? $"{far} is another machine: SSL Mode is VerifyFull, with Root Certificate where the server's is not the machine's to trust"
            : null;
    }

    /// <summary>Host and database, for people.</summary>
    public static string Describe(string text)
    {
        var settings = new NpgsqlConnectionStringBuilder(text);
        return $"database {settings.Database} on {settings.Host}";
    }

    /// <summary>A source of connections to the server that takes writes.</summary>
    /// <param name="text">Checked already.</param>
    /// <param name="role">How the server's lists of connections name the role.</param>
    public static NpgsqlDataSource Open(string text, string role)
    {
        var settings = new NpgsqlConnectionStringBuilder(text) { Enlist = false };
        settings.Options = settings.Options is { Length: > 0 } own ? $"{Always} {own}" : Always;
        settings.ApplicationName ??= $"ostiary {role}";
        if (!settings.ShouldSerialize("Timeout"))
            settings.Timeout = 5;
        if (settings.KeepAlive == 0)
            settings.KeepAlive = 15;
        // Of several servers it is the one that takes writes, also after a failover.
        if (settings.Host!.Contains(',', StringComparison.Ordinal) && settings.TargetSessionAttributes is null)
            settings.TargetSessionAttributes = "read-write";
        return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
    }

    /// <summary>
    /// The server was away, went away or had to give up, and the same transaction may do better on another connection: connection lost, failover (the server takes
    /// no writes any more), serialization, deadlock, resources.
    /// </summary>
    public static bool IsPassing(Exception? failure) => failure switch
    {
        null => false,
        PostgresException { SqlState: { } state } => state is "25006" or "25P03" or "55P03" || (state.Length == 5 && state[..2] is "08" or "40" or "53" or "57"),
        NpgsqlException => true,
        _ => IsPassing(failure.InnerException),
    };

    private static bool IsLocal(string host)
    {
        if (host.StartsWith('/') || host.StartsWith('@'))
            return true;
        var name = host;
        if (IPEndPoint.TryParse(host, out var endPoint))
            return IPAddress.IsLoopback(endPoint.Address);
        if (name.LastIndexOf(':') is var colon and > 0)
            name = name[..colon];
        return name == "localhost" || (IPAddress.TryParse(name, out var address) && IPAddress.IsLoopback(address));
    }
}
