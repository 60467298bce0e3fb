using System.Buffers;

namespace Ostiary.SessionHost.Gateway;

/// <summary>
/// Reads one direction of a relay. TLS gives one record at a time: those that have arrived already come together, so that they go on in one
/// write. The buffer is pooled and held only while there is something to read: an idle connection has none.
/// </summary>
/// <param name="stream">What is read.</param>
/// <param name="beneath">The socket's stream under TLS; null where <paramref name="stream"/> is in clear.</param>
/// <param name="cancellation">The connection's.</param>
internal sealed class RelayReader(Stream stream, SocketStream? beneath, CancellationToken cancellation)
{
    /// <summary>Four TLS records. Smaller buffers cost throughput, larger ones gain none.</summary>
    private const int BufferLength = 64 * 1024;

    /// <summary>The most that one TLS record holds, in bytes.</summary>
    private const int TlsRecord = 16 * 1024;

    private byte[] _buffer = [];
    private int _end;

    /// <summary>A record of which only a part has arrived. It goes behind the bytes that were returned last.</summary>
    private Task<int>? _pending;

    /// <summary>The next bytes, good until the next call; none at the end.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync()
    {
        if (_pending is null)
        {
            Release();
            await stream.ReadAsync(Memory<byte>.Empty, cancellation).ConfigureAwait(false);
            _buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        }

        var start = _end;
        _end += _pending is { } pending
            ? await pending.ConfigureAwait(false)
            : await stream.ReadAsync(_buffer.AsMemory(0, BufferLength), cancellation).ConfigureAwait(false);
        _pending = null;
        if (_end > start)
            ReadWhatHasArrived();
        return _buffer.AsMemory(start, _end - start);
    }

    // What has arrived is never held up by what has not: such a read goes on while the former is written.
    private void ReadWhatHasArrived()
    {
        while (beneath is { HoldsUnread: true } && BufferLength - _end >= TlsRecord)
        {
            var read = stream.ReadAsync(_buffer.AsMemory(_end, BufferLength - _end), cancellation);
            if (!read.IsCompletedSuccessfully)
            {
                _pending = read.AsTask();
                return;
            }

            var length = read.Result;
            if (length == 0)
                return; // The end; it is there at the next call, too.
            _end += length;
        }
    }

    private void Release()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _end) = ([], 0);
    }
}
