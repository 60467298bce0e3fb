using System.Net.Sockets;
using Npgsql;

namespace Ostiary.Roles.Tests.Postgres;

/// <summary>What is cut at a COMMIT.</summary>
public enum Cut
{
    /// <summary>The server never hears of it.</summary>
    BeforeTheServer,

    /// <summary>The server commits, and the answer does not arrive.</summary>
    BeforeTheClient,
}

/// <summary>Stands between a role and PostgreSQL, and cuts a connection at its COMMIT when it is told to.</summary>
internal sealed class CutProxy : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("ostiary-cut-").FullName;
    private readonly string _database;
    private readonly string _target;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _closing = new();
    private readonly List<Task> _relays = [];
    private readonly Task _accepting;
    private readonly Lock _arming = new();
    private Cut? _next;

    public CutProxy(string database)
    {
        var settings = new NpgsqlConnectionStringBuilder(database);
        _target = Path.Combine(settings.Host!, ".s.PGSQL.5432");
        settings.Host = _folder;
        _database = settings.ConnectionString;
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, ".s.PGSQL.5432")));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>The database by way of the proxy.</summary>
    public string Database => _database;

    /// <summary>Connections that were cut.</summary>
    public int Cuts { get; private set; }

    /// <summary>The next COMMIT is cut, on whatever connection it comes.</summary>
    public void CutNext(Cut where)
    {
        lock (_arming)
            _next = where;
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _accepting;
        await Task.WhenAll(_relays);
        _listener.Dispose();
        _closing.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _relays.Add(RelayAsync(await _listener.AcceptAsync(_closing.Token)));
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (client)
        {
            await server.ConnectAsync(new UnixDomainSocketEndPoint(_target));
            using var cut = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
            var isMute = false;
            await Task.WhenAll(ForwardAsync(), AnswerAsync());

            async Task ForwardAsync()
            {
                var buffer = new byte[64 * 1024];
                try
                {
                    while (await client.ReceiveAsync(buffer, cut.Token) is var count and > 0)
                    {
                        if (buffer.AsSpan(0, count).IndexOf("COMMIT\0"u8) >= 0 && Take() is { } where)
                        {
                            if (where == Cut.BeforeTheServer)
                                break;
                            isMute = true;
                        }

                        await server.SendAsync(buffer.AsMemory(0, count), cut.Token);
                    }
                }
                catch (Exception over) when (over is SocketException or OperationCanceledException)
                {
                    // One of the two has gone.
                }

                if (!isMute)
                    await cut.CancelAsync();
            }

            async Task AnswerAsync()
            {
                var buffer = new byte[64 * 1024];
                try
                {
                    while (await server.ReceiveAsync(buffer, cut.Token) is var count and > 0 && !isMute)
                        await client.SendAsync(buffer.AsMemory(0, count), cut.Token);
                }
                catch (Exception over) when (over is SocketException or OperationCanceledException)
                {
                    // One of the two has gone.
                }

                await cut.CancelAsync();
            }
        }
    }

    private Cut? Take()
    {
        lock (_arming)
        {
            var taken = _next;
            _next = null;
            if (taken is not null)
                Cuts++;
            return taken;
        }
    }
}
