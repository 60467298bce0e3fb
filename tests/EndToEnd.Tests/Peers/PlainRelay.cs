using System.Net;
using System.Net.Sockets;

namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>A gateway that understands nothing: it copies bytes, and lets a test look at its back-end sockets.</summary>
public sealed class PlainRelay : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Func<CancellationToken, Task<Socket>> _connect;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Socket> _backEnds = [];
    private readonly List<Task> _connections = [];
    private readonly Lock _lock = new();
    private readonly Task _accepting;

    /// <param name="connect">Dials the back end, once for each client.</param>
    public PlainRelay(Func<CancellationToken, Task<Socket>> connect)
    {
        _connect = connect;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>HOST:PORT for clients.</summary>
    public string Address => _listener.LocalEndPoint!.ToString()!;

    /// <summary>Sockets to the back end, in the order of the clients.</summary>
    public IReadOnlyList<Socket> BackEnds
    {
        get
        {
            lock (_lock)
                return [.. _backEnds];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        await Task.WhenAll(_connections);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_stop.Token);
                _connections.Add(RelayAsync(client));
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using var front = client;
        using var back = await _connect(_stop.Token);
        lock (_lock)
            _backEnds.Add(back);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var first = await Task.WhenAny(CopyAsync(front, back, done.Token), CopyAsync(back, front, done.Token));
        await first;
        await done.CancelAsync();
    }

    // One direction, until either end closes.
    private static async Task CopyAsync(Socket from, Socket to, CancellationToken cancellation)
    {
        var buffer = new byte[65536];
        try
        {
            for (int length; (length = await from.ReceiveAsync(buffer, cancellation)) > 0;)
            {
                for (var sent = 0; sent < length;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, length - sent), cancellation);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
        }
    }
}
