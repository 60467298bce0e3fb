using System.Buffers.Binary;

namespace Ostiary.Benchmarks;

/// <summary>
/// What goes over a relay once the connection stands. The client sends 9 bytes, a kind and a count (little-endian), and then both do what it says.
/// What the server sends are whole frames (TPKT), as an RDP host's are.
/// </summary>
internal static class Traffic
{
    public const int PingLength = 100;
    private const int FrameLength = 16_000;
    private const int ChunkLength = 65_536;
    private const byte Down = (byte)'D';
    private const byte Up = (byte)'U';
    private const byte Ping = (byte)'P';

    /// <summary>The server's side: answers until the client goes.</summary>
    public static async Task ServeAsync(Stream stream, CancellationToken cancellation)
    {
        var order = new byte[9];
        var chunk = new byte[ChunkLength];
        while (await stream.ReadAtLeastAsync(order, order.Length, throwOnEndOfStream: false, cancellation) == order.Length)
        {
            var count = BinaryPrimitives.ReadInt64LittleEndian(order.AsSpan(1));
            switch (order[0])
            {
                case Down:
                    var frame = Frame(FrameLength);
                    for (long sent = 0; sent < count; sent += frame.Length)
                        await stream.WriteAsync(frame, cancellation);
                    break;
                case Up:
                    for (long read = 0; read < count;)
                        read += await ReadSomeAsync(stream, chunk.AsMemory(0, (int)Math.Min(chunk.Length, count - read)), cancellation);
                    await stream.WriteAsync(Frame(PingLength), cancellation);
                    break;
                case Ping:
                    var pong = Frame(PingLength);
                    for (long ping = 0; ping < count; ping++)
                    {
                        await stream.ReadExactlyAsync(chunk.AsMemory(0, PingLength), cancellation);
                        await stream.WriteAsync(pong, cancellation);
                    }

                    break;
            }
        }
    }

    public static async Task DownAsync(Stream stream, long bytes, CancellationToken cancellation)
    {
        bytes = bytes / FrameLength * FrameLength;
        await OrderAsync(stream, Down, bytes, cancellation);
        var chunk = new byte[ChunkLength];
        for (long read = 0; read < bytes;)
            read += await ReadSomeAsync(stream, chunk.AsMemory(0, (int)Math.Min(chunk.Length, bytes - read)), cancellation);
    }

    public static async Task UpAsync(Stream stream, long bytes, CancellationToken cancellation)
    {
        await OrderAsync(stream, Up, bytes, cancellation);
        var chunk = new byte[ChunkLength];
        for (long sent = 0; sent < bytes; sent += chunk.Length)
            await stream.WriteAsync(chunk.AsMemory(0, (int)Math.Min(chunk.Length, bytes - sent)), cancellation);
        await stream.ReadExactlyAsync(chunk.AsMemory(0, PingLength), cancellation);
    }

    public static async Task PingAsync(Stream stream, long times, CancellationToken cancellation)
    {
        await OrderAsync(stream, Ping, times, cancellation);
        var ping = new byte[PingLength];
        var pong = new byte[PingLength];
        for (long time = 0; time < times; time++)
        {
            await stream.WriteAsync(ping, cancellation);
            await stream.ReadExactlyAsync(pong, cancellation);
        }
    }

    private static async Task OrderAsync(Stream stream, byte kind, long count, CancellationToken cancellation)
    {
        var order = new byte[9];
        order[0] = kind;
        BinaryPrimitives.WriteInt64LittleEndian(order.AsSpan(1), count);
        await stream.WriteAsync(order, cancellation);
    }

    private static byte[] Frame(int length)
    {
        var frame = new byte[length];
        frame[0] = 3;
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)length);
        return frame;
    }

    private static async Task<int> ReadSomeAsync(Stream stream, Memory<byte> buffer, CancellationToken cancellation)
    {
        var read = await stream.ReadAsync(buffer, cancellation);
        return read > 0 ? read : throw new EndOfStreamException();
    }
}
