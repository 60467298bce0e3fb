using System.Net.Security;
using System.Net.Sockets;
using Ostiary.Protocol.Wire;

namespace Ostiary.SessionHost.Gateway;

/// <summary>
/// Two copies, one a direction. The back end's bytes are followed frame by frame until the logon is decided, so that a goodbye can be
/// written between two frames; otherwise nothing is understood.
/// </summary>
internal sealed class Relay(Peer client, Peer backEnd, SocketStream clientSocket, Deadline deadline, GatewayMetrics metrics, TimeProvider time) : IDisposable
{
    /// <summary>After so many bytes, each write counting for some more, a copy that never has to wait lets others have its thread.</summary>
    private const int Turn = 1024 * 1024, PassCost = 4096;

    /// <summary>After one side has closed, the other one may go on as long as it sends something within this time.</summary>
    private static readonly TimeSpan QuietAfterClose = TimeSpan.FromSeconds(2);

    private readonly FrameTracker _frames = new();
    private long _moved;
    private volatile bool _following = true;

    /// <summary>Held while bytes of the back end are on their way to the client, as long as they are followed.</summary>
    private readonly SemaphoreSlim _passing = new(1, 1);

    /// <summary>A back end that stays in the middle of a frame is not waited for any longer.</summary>
    private static readonly TimeSpan FrameTime = TimeSpan.FromSeconds(1);

    private SessionEndReason? _ending;

    /// <summary>The logon is decided: nothing will be written between the back end's frames any more.</summary>
    public void LogonDecided() => _following = false;

    /// <summary>Ends the relay as soon as the back end's last frame is whole at the client, so that a goodbye can stand behind it.</summary>
    public async Task EndBetweenFramesAsync(SessionEndReason reason)
    {
        try
        {
            await _passing.WaitAsync(deadline.Token).ConfigureAwait(false);
            try
            {
                if (!CanSayGoodbye)
                {
                    // The copy ends itself behind the frame that is under way.
                    _ending = reason;
                    deadline.Enter(reason, FrameTime);
                    return;
                }

                deadline.End(reason);
            }
            finally
            {
                _passing.Release();
            }
        }
        catch (Exception over) when (over is OperationCanceledException or ObjectDisposedException)
        {
            // It is ending already.
        }
    }

    /// <summary>
    /// Step 1: what licensing had read and not used goes first. Step 2: copy. Step 3: whoever closes first is passed on as a half-close,
    /// and the other direction goes on. Step 4: the reason is that of the direction which ended first; it ends the connection's clock, and
    /// with it every read that is still under way, those that licensing began included.
    /// </summary>
    public async Task<SessionEndReason> RunAsync()
    {
        clientSocket.BeginRelaying();
        if (backEnd.Stream is SslStream)
            BackEndSocket?.BeginRelaying();

        var toBackEnd = CopyAsync(client, backEnd, follow: false, metrics.BytesToBackEnd);
        var toClient = CopyAsync(backEnd, client, follow: true, metrics.BytesToClient);
        var first = await Task.WhenAny(toBackEnd, toClient).ConfigureAwait(false);
        var second = first == toBackEnd ? toClient : toBackEnd;
        var reason = await first.ConfigureAwait(false);
        if (reason == client.Reasons.Closed || reason == backEnd.Reasons.Closed)
            await LetFinishAsync(first == toBackEnd ? backEnd : client, second).ConfigureAwait(false);

        deadline.End(reason);
        await second.ConfigureAwait(false);
        return deadline.Reason ?? reason;
    }

    public void Dispose() => _passing.Dispose();

    /// <summary>Whether a message of our own can stand behind what the client got.</summary>
    public bool CanSayGoodbye => _following && _frames.AtBoundary;

    /// <summary>Set where the back end is under TLS.</summary>
    public SocketStream? BackEndSocket { get; init; }

    private async Task LetFinishAsync(Peer closing, Task second)
    {
        try
        {
            await HalfCloseAsync(closing).ConfigureAwait(false);
            for (var before = -1L; before != Interlocked.Read(ref _moved) && !second.IsCompleted;)
            {
                before = Interlocked.Read(ref _moved);
                await Task.WhenAny(second, Task.Delay(QuietAfterClose, time, deadline.Token)).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // It left meanwhile: there is nobody to wait for.
        }
    }

    /// <summary>Says that nothing more will be sent: close_notify under TLS, FIN otherwise.</summary>
    private async Task HalfCloseAsync(Peer peer)
    {
        if (peer.Stream is SslStream tls)
        {
            var socket = peer == client ? clientSocket : BackEndSocket;
            if (socket is not null)
                await socket.EndRelayingAsync(deadline.Token).ConfigureAwait(false);
            await tls.ShutdownAsync().ConfigureAwait(false);
        }
        else if (peer.Stream is SocketStream plain)
        {
            plain.Socket.Shutdown(SocketShutdown.Send);
        }
    }

    private async Task<SessionEndReason> CopyAsync(Peer from, Peer to, bool follow, Action<int> count)
    {
        var beneath = from.Stream is not SslStream ? null : from == client ? clientSocket : BackEndSocket;
        var reader = new RelayReader(from.Stream, beneath, deadline.Token);
        var acting = from;
        var turn = 0;
        try
        {
            var rest = await from.TakeRestAsync().ConfigureAwait(false);
            if (!rest.IsEmpty)
                await PassAsync(rest, to, follow, count).ConfigureAwait(false);
            from.Dispose();
            while (true)
            {
                var bytes = await reader.ReadAsync().ConfigureAwait(false);
                if (bytes.IsEmpty)
                    return from.Reasons.Closed;
                acting = to;
                await PassAsync(bytes, to, follow, count).ConfigureAwait(false);
                acting = from;
                turn += PassCost + bytes.Length;
                if (turn < Turn)
                    continue;
                turn = 0;
                await Task.Yield();
            }
        }
        catch (WireFormatException)
        {
            return from.Reasons.Fault;
        }
        catch (SessionEndedException ended)
        {
            return ended.Reason;
        }
        catch (OperationCanceledException)
        {
            return deadline.Reason ?? SessionEndReason.HostStopping;
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            return acting.Reasons.Lost;
        }
    }

    private async ValueTask PassAsync(ReadOnlyMemory<byte> bytes, Peer to, bool follow, Action<int> count)
    {
        if (follow && _following)
        {
            await PassFollowedAsync(bytes, to).ConfigureAwait(false);
            count(bytes.Length);
            return;
        }

        await WriteAsync(bytes, to).ConfigureAwait(false);
        count(bytes.Length);
    }

    private async Task PassFollowedAsync(ReadOnlyMemory<byte> bytes, Peer to)
    {
        await _passing.WaitAsync(deadline.Token).ConfigureAwait(false);
        try
        {
            _frames.Pass(bytes.Span);
            await WriteAsync(bytes, to).ConfigureAwait(false);
            if (_ending is { } reason && _frames.AtBoundary)
                deadline.End(reason);
        }
        finally
        {
            _passing.Release();
        }
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, Peer to)
    {
        await to.Stream.WriteAsync(bytes, deadline.Token).ConfigureAwait(false);
        await to.Stream.FlushAsync(deadline.Token).ConfigureAwait(false);
        Interlocked.Add(ref _moved, bytes.Length);
    }
}
