using System.Buffers.Binary;

namespace Ostiary.SessionHost.Logon;

/// <summary>How the role and its two local helpers speak: a length of 4 bytes, big-endian, then that many bytes of JSON in UTF-8.</summary>
internal static class LocalMessage
{
    private const int HeaderLength = 4;

    /// <exception cref="InvalidDataException">Empty, or longer than <paramref name="limit"/> bytes.</exception>
    /// <exception cref="IOException">The peer left.</exception>
    public static async Task<byte[]> ReadAsync(Stream stream, int limit, CancellationToken cancellation)
    {
        var header = new byte[HeaderLength];
        await stream.ReadExactlyAsync(header, cancellation).ConfigureAwait(false);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (length == 0 || length > limit)
            throw new InvalidDataException($"a message of {length} bytes; 1 to {limit} are taken");
        var message = new byte[length];
        await stream.ReadExactlyAsync(message, cancellation).ConfigureAwait(false);
        return message;
    }

    public static async Task WriteAsync(Stream stream, ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        var message = new byte[HeaderLength + json.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, json.Length);
        json.CopyTo(message.AsMemory(HeaderLength));
        await stream.WriteAsync(message, cancellation).ConfigureAwait(false);
    }
}
