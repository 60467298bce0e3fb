using System.Net.Sockets;
using Ostiary.Protocol.Wire;

namespace Ostiary.SessionHost.Gateway;

/// <summary>A connection is over, and why. Thrown where it shows, caught once where the connection ends.</summary>
#pragma warning disable CA1032, CA1064 // Invariant: always with its reason, never out of this assembly.
internal sealed class SessionEndedException(SessionEndReason reason, Exception? cause = null) : Exception(reason.ToString(), cause)
{
    public SessionEndReason Reason { get; } = reason;
}
#pragma warning restore CA1032, CA1064

/// <summary>Which end reasons one side of a connection stands for.</summary>
/// <param name="Closed">It closed.</param>
/// <param name="Lost">It broke.</param>
/// <param name="Fault">It sent what is not allowed.</param>
internal sealed record PeerReasons(SessionEndReason Closed, SessionEndReason Lost, SessionEndReason Fault)
{
    public static PeerReasons Client { get; } = new(SessionEndReason.ClientClosed, SessionEndReason.ClientLost, SessionEndReason.ClientFault);

    public static PeerReasons BackEnd { get; } = new(SessionEndReason.BackEndClosed, SessionEndReason.BackEndLost, SessionEndReason.BackEndFault);
}

/// <summary>One side of a connection until licensing has ended: whole frames in, bytes out, and every failure with the right name.</summary>
internal sealed class Peer(Stream stream, PeerReasons reasons, CancellationToken cancellation) : IDisposable
{
    private static readonly TimeSpan LastWriteTime = TimeSpan.FromMilliseconds(300);

    public Stream Stream { get; } = stream;

    public PeerReasons Reasons { get; } = reasons;

    public FrameBuffer Buffer { get; } = new();

    /// <summary>The read that is under way; it outlives the phase in which it was begun.</summary>
    private Task<int>? _read;

    /// <summary>Takes the next whole frame out of what has been read.</summary>
    /// <exception cref="SessionEndedException">What was read can never be a frame.</exception>
    public bool TryTakeFrame(int limit, out ReadOnlyMemory<byte> frame)
    {
        try
        {
            return Buffer.TryTake(limit, out frame);
        }
        catch (WireFormatException malformed)
        {
            throw new SessionEndedException(Reasons.Fault, malformed);
        }
    }

    /// <summary>Begins a read, unless one is under way. The task itself never fails; <see cref="CompleteAsync"/> tells.</summary>
    public Task ReadAsync()
    {
        _read ??= Stream.ReadAsync(Buffer.Free(), cancellation).AsTask();
        return _read.IsCompleted ? Task.CompletedTask : _read.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Takes over what a finished read brought; nothing if none has finished.</summary>
    /// <exception cref="SessionEndedException">The peer closed or broke.</exception>
    public async ValueTask CompleteAsync()
    {
        if (_read is not { IsCompleted: true } read)
            return;
        _read = null;
        Buffer.Filled(await GuardAsync(read).ConfigureAwait(false));
    }

    /// <summary>Waits for the next whole frame of this peer alone.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadFrameAsync(int limit)
    {
        ReadOnlyMemory<byte> frame;
        while (!TryTakeFrame(limit, out frame))
        {
            await ReadAsync().ConfigureAwait(false);
            await CompleteAsync().ConfigureAwait(false);
        }

        return frame;
    }

    /// <exception cref="SessionEndedException">The peer broke.</exception>
    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await Stream.WriteAsync(bytes, cancellation).ConfigureAwait(false);
            await Stream.FlushAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            throw new SessionEndedException(Reasons.Lost, failure);
        }
    }

    /// <summary>Writes though the connection's clock may be over; a peer that does not take it within the time for closing is given up.</summary>
    public async ValueTask WriteLastAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var limit = new CancellationTokenSource(LastWriteTime);
            await Stream.WriteAsync(bytes, limit.Token).ConfigureAwait(false);
            await Stream.FlushAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            throw new SessionEndedException(Reasons.Lost, gone);
        }
    }

    /// <summary>Before TLS: one TPKT frame and not one byte more, since what follows may be a TLS ClientHello.</summary>
    /// <exception cref="SessionEndedException">The peer closed, broke, or sent no TPKT frame.</exception>
    public async ValueTask<byte[]> ReadExactFrameAsync(int limit)
    {
        try
        {
            var header = new byte[Framing.TpktHeaderLength];
            await Stream.ReadExactlyAsync(header, cancellation).ConfigureAwait(false);
            if (!Framing.TryReadHeader(header, limit, out var found) || found.Kind != FrameKind.Tpkt)
                throw new WireFormatException("TPKT version", 0, "a connection begins with TPKT");
            var frame = new byte[found.Length];
            header.CopyTo(frame, 0);
            await Stream.ReadExactlyAsync(frame.AsMemory(header.Length), cancellation).ConfigureAwait(false);
            return frame;
        }
        catch (WireFormatException malformed)
        {
            throw new SessionEndedException(Reasons.Fault, malformed);
        }
        catch (EndOfStreamException)
        {
            throw new SessionEndedException(Reasons.Closed);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException)
        {
            throw new SessionEndedException(Reasons.Lost, failure);
        }
    }

    /// <summary>Ends frame-wise reading: the bytes that were read and not taken, and the read that is under way, if any.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> TakeRestAsync()
    {
        if (_read is not null)
        {
            var read = _read;
            _read = null;
            try
            {
                Buffer.Filled(await GuardAsync(read).ConfigureAwait(false));
            }
            catch (SessionEndedException ended) when (ended.Reason == Reasons.Closed)
            {
                return ReadOnlyMemory<byte>.Empty;
            }
        }

        return Buffer.Rest();
    }

    /// <summary>Gives the buffer back, unless a read may still write into it: then it is left to the collector.</summary>
    public void Dispose()
    {
        if (_read is null or { IsCompleted: true })
            Buffer.Dispose();
    }

    private async ValueTask<int> GuardAsync(Task<int> read)
    {
        try
        {
            var count = await read.ConfigureAwait(false);
            return count > 0 ? count : throw new SessionEndedException(Reasons.Closed);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException)
        {
            throw new SessionEndedException(Reasons.Lost, failure);
        }
    }
}

/// <summary>
/// Bytes of one peer between reads, in one pooled buffer that is as large as the longest frame which its peer announced.
/// Invariant: at most one frame limit and one read of <see cref="Chunk"/> bytes.
/// </summary>
internal sealed class FrameBuffer : IDisposable
{
    private const int Chunk = 4096;
    private byte[] _bytes = [];
    private int _start;
    private int _end;

    /// <summary>Takes the next whole frame; it is good until the next <see cref="Free"/>.</summary>
    /// <exception cref="WireFormatException">Neither TPKT nor fast-path, or over the limit.</exception>
    public bool TryTake(int limit, out ReadOnlyMemory<byte> frame)
    {
        var held = _bytes.AsMemory(_start, _end - _start);
        if (!Framing.TryReadFrame(held.Span, out var header, limit))
        {
            frame = default;
            return false;
        }

        frame = held[..header.Length];
        _start += header.Length;
        return true;
    }

    /// <summary>Room for the next read, at least one byte; what is held moves to the front.</summary>
    public Memory<byte> Free()
    {
        var held = _end - _start;
        if (held > 0 && _start > 0)
            _bytes.AsSpan(_start, held).CopyTo(_bytes);
        (_start, _end) = (0, held);
        if (_end == _bytes.Length)
        {
            var larger = System.Buffers.ArrayPool<byte>.Shared.Rent(held + Chunk);
            _bytes.AsSpan(0, held).CopyTo(larger);
            Return();
            _bytes = larger;
        }

        return _bytes.AsMemory(_end);
    }

    public void Filled(int count) => _end += count;

    public ReadOnlyMemory<byte> Rest() => _bytes.AsMemory(_start, _end - _start);

    public void Dispose()
    {
        Return();
        _bytes = [];
        (_start, _end) = (0, 0);
    }

    private void Return()
    {
        if (_bytes.Length > 0)
            System.Buffers.ArrayPool<byte>.Shared.Return(_bytes);
    }
}
