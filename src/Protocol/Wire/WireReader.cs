using System.Buffers.Binary;

namespace Ostiary.Protocol.Wire;

/// <summary>
/// Reads fields in order. Endianness is in the method's name because RDP mixes both.
/// Every read names its field, and throws <see cref="WireFormatException"/> when the bytes are not there.
/// </summary>
public ref struct WireReader
{
    private readonly ReadOnlySpan<byte> _buffer;
    private readonly int _origin;

    public WireReader(ReadOnlySpan<byte> buffer) : this(buffer, 0)
    {
    }

    private WireReader(ReadOnlySpan<byte> buffer, int origin)
    {
        _buffer = buffer;
        _origin = origin;
        Position = 0;
    }

    /// <summary>Bytes read so far from this reader's own start.</summary>
    public int Position { get; private set; }

    public readonly int Remaining => _buffer.Length - Position;

    public byte ReadByte(string field) => Take(1, field)[0];

    public ushort ReadUInt16LittleEndian(string field) => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, field));

    public ushort ReadUInt16BigEndian(string field) => BinaryPrimitives.ReadUInt16BigEndian(Take(2, field));

    public uint ReadUInt32LittleEndian(string field) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, field));

    /// <summary>The next <paramref name="length"/> bytes, in place: nothing is allocated.</summary>
    public ReadOnlySpan<byte> ReadBytes(int length, string field) => Take(length, field);

    public ReadOnlySpan<byte> ReadToEnd(string field) => Take(Remaining, field);

    /// <summary>A 16-bit length or count that may not pass <paramref name="limit"/>.</summary>
    public int ReadLengthUInt16LittleEndian(string field, int limit)
    {
        var length = ReadUInt16LittleEndian(field);
        return length <= limit ? length : throw Malformed(field, $"{length} is over the limit of {limit}", 2);
    }

    /// <summary>A 32-bit length or count that may not pass <paramref name="limit"/>.</summary>
    public int ReadLengthUInt32LittleEndian(string field, int limit)
    {
        var length = ReadUInt32LittleEndian(field);
        return length <= limit ? (int)length : throw Malformed(field, $"{length} is over the limit of {limit}", 4);
    }

    public readonly byte PeekByte(string field) =>
        Remaining >= 1 ? _buffer[Position] : throw Malformed(field, "1 byte needed, 0 remain");

    /// <summary>A reader over the next <paramref name="length"/> bytes only; this one continues behind them.</summary>
    public WireReader Slice(int length, string field)
    {
        var origin = _origin + Position;
        return new WireReader(Take(length, field), origin);
    }

    public void ExpectByte(byte expected, string field)
    {
        if (ReadByte(field) != expected)
            throw Malformed(field, $"0x{expected:X2} expected", 1);
    }

    public void ExpectUInt16LittleEndian(ushort expected, string field)
    {
        if (ReadUInt16LittleEndian(field) != expected)
            throw Malformed(field, $"0x{expected:X4} expected", 2);
    }

    public void ExpectUInt32LittleEndian(uint expected, string field)
    {
        if (ReadUInt32LittleEndian(field) != expected)
            throw Malformed(field, $"0x{expected:X8} expected", 4);
    }

    public readonly void ExpectEnd(string field)
    {
        if (Remaining != 0)
            throw Malformed(field, $"{Remaining} bytes are left over");
    }

    /// <summary>An exception about a field that began <paramref name="back"/> bytes before the present position.</summary>
    public readonly WireFormatException Malformed(string field, string reason, int back = 0) =>
        new(field, _origin + Position - back, reason);

    private ReadOnlySpan<byte> Take(int length, string field)
    {
        if (length < 0 || length > Remaining)
            throw Malformed(field, $"{length} bytes needed, {Remaining} remain");
        var bytes = _buffer.Slice(Position, length);
        Position += length;
        return bytes;
    }
}
