using System.Buffers;

namespace Ostiary.Protocol.Wire;

/// <summary>How a frame says its length: [MS-RDPBCGR] 5.3.8 and 2.2.9.1.2.</summary>
public enum FrameKind
{
    /// <summary>RFC 1006: version 3, reserved, 16-bit big-endian length of the whole frame.</summary>
    Tpkt,

    /// <summary>Action 0 in the low two bits of the first byte; length of the whole frame in 7 or 15 bits.</summary>
    FastPath,
}

/// <summary>Kind and whole length (header included, in bytes) of one frame.</summary>
public readonly record struct FrameHeader(FrameKind Kind, int Length);

/// <summary>
/// Finds the end of the next frame, and nothing else.
/// <code>
/// TPKT       03 00 | length (2, big-endian) | length - 4 bytes
/// fast-path  xxxxxx00 | 0lllllll | length - 2 bytes
/// fast-path  xxxxxx00 | 1lllllll llllllll | length - 3 bytes
/// </code>
/// Invariant: nothing behind the frame is looked at; before TLS the next bytes are a TLS ClientHello.
/// </summary>
public static class Framing
{
    public const int TpktHeaderLength = 4;
    private const byte TpktVersion = 3;
    private const int MinimumTpktLength = TpktHeaderLength + 3; // The shortest X.224 header.
    private const int LongestHeader = 4;

    /// <summary>
    /// <c>true</c>: the whole frame is in <paramref name="buffer"/>. <c>false</c>: more bytes are needed.
    /// The limit is checked on the header, before a byte of the body is awaited.
    /// </summary>
    /// <exception cref="WireFormatException">Neither TPKT nor fast-path, or a length that can never be valid.</exception>
    public static bool TryReadFrame(ReadOnlySpan<byte> buffer, out FrameHeader frame, int limit = Limits.TpktFrame) =>
        TryReadHeader(buffer, limit, out frame) && buffer.Length >= frame.Length;

    /// <inheritdoc cref="TryReadFrame(ReadOnlySpan{byte}, out FrameHeader, int)"/>
    public static bool TryReadFrame(in ReadOnlySequence<byte> buffer, out FrameHeader frame, int limit = Limits.TpktFrame)
    {
        if (buffer.FirstSpan.Length >= LongestHeader)
            return TryReadHeader(buffer.FirstSpan, limit, out frame) && buffer.Length >= frame.Length;

        Span<byte> header = stackalloc byte[LongestHeader];
        header = header[..(int)Math.Min(buffer.Length, LongestHeader)];
        buffer.Slice(0, header.Length).CopyTo(header);
        return TryReadHeader(header, limit, out frame) && buffer.Length >= frame.Length;
    }

    /// <summary>
    /// <c>true</c> as soon as the header alone says kind and length, though the frame itself is still under way.
    /// </summary>
    /// <exception cref="WireFormatException">As <see cref="TryReadFrame(ReadOnlySpan{byte}, out FrameHeader, int)"/>.</exception>
    public static bool TryReadHeader(ReadOnlySpan<byte> buffer, int limit, out FrameHeader frame)
    {
        frame = default;
        if (buffer.IsEmpty)
            return false;
        if (buffer[0] == TpktVersion)
        {
            if (buffer.Length < TpktHeaderLength)
                return false;
            frame = new(FrameKind.Tpkt, Checked((buffer[2] << 8) | buffer[3], MinimumTpktLength, limit, "TPKT length", 2));
            return true;
        }

        if ((buffer[0] & 3) != 0)
            throw new WireFormatException("TPKT version or fast-path action", 0, "neither TPKT nor fast-path");
        if (buffer.Length < 2)
            return false;
        if ((buffer[1] & 0x80) == 0)
        {
            frame = new(FrameKind.FastPath, Checked(buffer[1], 2, limit, "fast-path length", 1));
            return true;
        }

        if (buffer.Length < 3)
            return false;
        frame = new(FrameKind.FastPath, Checked(((buffer[1] & 0x7F) << 8) | buffer[2], 3, limit, "fast-path length", 1));
        return true;
    }

    private static int Checked(int length, int minimum, int limit, string field, int offset) =>
        length < minimum ? throw new WireFormatException(field, offset, $"{length} is less than {minimum}")
        : length > limit ? throw new WireFormatException(field, offset, $"{length} is over the limit of {limit}")
        : length;
}
