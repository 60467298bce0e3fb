using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Ostiary.SessionHost.Gateway;

/// <summary>Where RDP clients connect: tells Kestrel to take <see cref="RdpTransport"/>.</summary>
internal sealed class RdpEndPoint(IPEndPoint endPoint) : IPEndPoint(endPoint.Address, endPoint.Port);

/// <summary>
/// A Kestrel transport that hands a connection over as its socket. Kestrel's own transport copies everything through pipes of 4 KiB
/// blocks, which costs a relay its throughput; here Kestrel keeps listening, counting and shutting down, and the bytes stay ours.
/// </summary>
internal sealed class RdpTransport(TimeProvider time, ILogger<RdpTransport> logger) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private const int Backlog = 4096;

    /// <summary>Where the last listener listens: port 0 becomes the real one.</summary>
    public IPEndPoint? Bound { get; private set; }

    public bool CanBind(EndPoint endpoint) => endpoint is RdpEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (endpoint is IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } any && any.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(endpoint);
            socket.Listen(Backlog);
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw failure.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? new AddressInUseException($"{endpoint} is in use by another program", failure)
                : failure;
        }

        Bound = (IPEndPoint)socket.LocalEndPoint!;
        return ValueTask.FromResult<IConnectionListener>(new Listener(socket, time, logger));
    }

    private sealed class Listener(Socket socket, TimeProvider time, ILogger logger) : IConnectionListener
    {
        private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(100);
        private volatile bool _unbound;

        public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (!_unbound)
            {
                try
                {
                    return new RdpConnection(await socket.AcceptAsync(cancellationToken).ConfigureAwait(false));
                }
                catch (SocketException failure) when (!_unbound)
                {
                    // Out of descriptors, or a client that left before it was accepted: listening goes on.
                    Log.AcceptFailed(logger, failure.SocketErrorCode);
                    await Task.Delay(RetryAfter, time, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception failure) when (_unbound && failure is SocketException or ObjectDisposedException)
                {
                    break;
                }
            }

            return null;
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _unbound = true;
            socket.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>One accepted client. <see cref="Transport"/> exists for middleware that wants it; the gateway takes the socket.</summary>
internal sealed class RdpConnection : ConnectionContext, IConnectionSocketFeature
{
    /// <summary>A client that was switched off is found out after some two minutes; the session behind it stays, as xrdp means it to.</summary>
    private const int KeepAliveTime = 60, KeepAliveInterval = 10, KeepAliveRetries = 6;

    private readonly CancellationTokenSource _closed = new();
    private IDuplexPipe? _transport;

    public RdpConnection(Socket socket)
    {
        Socket = socket;
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveTime);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveInterval);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveRetries);
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        Features.Set<IConnectionSocketFeature>(this);
    }

    public Socket Socket { get; }

    public override string ConnectionId { get; set; } = Guid.NewGuid().ToString("N");

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    public override IDuplexPipe Transport
    {
        get => _transport ??= new StreamPipe(new NetworkStream(Socket, ownsSocket: false));
        set => _transport = value;
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        Socket.Dispose();
        _closed.Cancel();
    }

    public override async ValueTask DisposeAsync()
    {
        Socket.Dispose();
        await _closed.CancelAsync().ConfigureAwait(false);
        _closed.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private sealed class StreamPipe(Stream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(stream);

        public PipeWriter Output { get; } = PipeWriter.Create(stream);
    }
}
