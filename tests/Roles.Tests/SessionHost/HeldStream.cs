using System.Net.Sockets;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>A client's socket whose writes the test can hold, and let go in pieces.</summary>
internal sealed class HeldStream : Stream
{
    private readonly List<byte> _held = [];
    private bool _holding;

    public Socket Socket { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>How many bytes are held.</summary>
    public int Held => _held.Count;

    /// <summary>What is written from here on stays.</summary>
    public void Hold() => _holding = true;

    /// <summary>Sends so many of the bytes that are held.</summary>
    public async Task ReleaseAsync(int count, CancellationToken cancellation)
    {
        var bytes = _held[..count].ToArray();
        _held.RemoveRange(0, bytes.Length);
        await Socket.SendAsync(bytes, cancellation);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_holding)
            _held.AddRange(buffer.Span);
        else
            await Socket.SendAsync(buffer, cancellationToken);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => Socket.ReceiveAsync(buffer, cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
        // Nothing is collected here: what is held is held.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Socket.Dispose();
        base.Dispose(disposing);
    }
}
