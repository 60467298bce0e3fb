using Ostiary.Protocol.Wire;

namespace Ostiary.SessionHost.Gateway;

/// <summary>
/// Follows frames in bytes that pass, without holding them up: between two frames a message of the gateway's own may be written.
/// </summary>
internal sealed class FrameTracker
{
    private const int LongestHeader = 4;
    private readonly byte[] _header = new byte[LongestHeader];
    private int _headerLength;
    private int _remaining;

    /// <summary>The last byte that passed ended a frame.</summary>
    public bool AtBoundary => _remaining == 0 && _headerLength == 0;

    /// <exception cref="WireFormatException">Neither TPKT nor fast-path.</exception>
    public void Pass(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_remaining == 0)
            {
                _header[_headerLength++] = bytes[0];
                bytes = bytes[1..];
                if (Framing.TryReadHeader(_header.AsSpan(0, _headerLength), Limits.TpktFrame, out var frame))
                    (_remaining, _headerLength) = (frame.Length - _headerLength, 0);
                continue;
            }

            var part = Math.Min(_remaining, bytes.Length);
            _remaining -= part;
            bytes = bytes[part..];
        }
    }
}
