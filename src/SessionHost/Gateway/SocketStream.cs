using System.Buffers;
using System.Net.Sockets;

namespace Ostiary.SessionHost.Gateway;

/// <summary>
/// A socket under TLS. SslStream reads and writes one record of 16 KiB at a time; once relaying this stream reads ahead, so that several
/// records come with one system call, and collects written records until they are flushed. Both buffers are pooled and held only while
/// they hold something: an idle connection has none.
/// </summary>
internal sealed class SocketStream(Socket socket) : Stream
{
    /// <summary>Read-ahead and collected writes while relaying, in bytes.</summary>
    private const int RelayBuffer = 64 * 1024;

    private bool _relaying;
    private byte[] _ahead = [];
    private int _aheadStart;
    private int _aheadEnd;
    private byte[] _collected = [];
    private int _collectedLength;

    public Socket Socket { get; } = socket;

    /// <summary>More was read ahead than has been asked for.</summary>
    public bool HoldsUnread => _aheadStart < _aheadEnd;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>From here on many bytes matter more than few. Before it, not a byte more is read than was asked for.</summary>
    public void BeginRelaying() => _relaying = true;

    /// <summary>An empty <paramref name="buffer"/> waits until there is something to read and holds nothing meanwhile.</summary>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_aheadStart == _aheadEnd)
        {
            if (!_relaying)
            {
                var few = await Socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken).ConfigureAwait(false);
                // What follows computes (handshakes, licensing), and must not do so in the thread that wakes other connections.
                await Task.Yield();
                return few;
            }

            if (buffer.Length is 0 or >= RelayBuffer)
                return await Socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken).ConfigureAwait(false);
            if (_ahead.Length == 0)
                _ahead = ArrayPool<byte>.Shared.Rent(RelayBuffer);
            var received = 0;
            try
            {
                received = await Socket.ReceiveAsync(_ahead.AsMemory(), SocketFlags.None, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                (_aheadStart, _aheadEnd) = (0, received);
                if (received == 0)
                    Release(ref _ahead);
            }
        }

        var count = Math.Min(buffer.Length, _aheadEnd - _aheadStart);
        _ahead.AsMemory(_aheadStart, count).CopyTo(buffer);
        _aheadStart += count;
        if (_aheadStart == _aheadEnd)
            Release(ref _ahead);
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_relaying && buffer.Length <= RelayBuffer)
        {
            if (_collectedLength + buffer.Length > RelayBuffer)
                await FlushAsync(cancellationToken).ConfigureAwait(false);
            if (_collected.Length == 0)
                _collected = ArrayPool<byte>.Shared.Rent(RelayBuffer);
            buffer.CopyTo(_collected.AsMemory(_collectedLength));
            _collectedLength += buffer.Length;
            return;
        }

        await FlushAsync(cancellationToken).ConfigureAwait(false);
        await SendAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_collectedLength == 0)
            return;
        var length = _collectedLength;
        _collectedLength = 0;
        await SendAsync(_collected.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        Release(ref _collected);
    }

    /// <summary>What follows is written through at once: the goodbye of TLS is not flushed by who writes it.</summary>
    public async Task EndRelayingAsync(CancellationToken cancellation)
    {
        await FlushAsync(cancellation).ConfigureAwait(false);
        _relaying = false;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => FlushAsync(CancellationToken.None).GetAwaiter().GetResult();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Closes the socket. The buffers are left to the collector: a read or write may still be under way in them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Socket.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await Socket.SendAsync(bytes, SocketFlags.None, cancellation).ConfigureAwait(false)..];
    }

    private static void Release(ref byte[] buffer)
    {
        if (buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
    }
}
