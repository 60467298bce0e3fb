using System.Buffers.Binary;

namespace Ostiary.Protocol.Wire;

/// <summary>
/// Writes fields in order into a buffer of known size. Writing past the end is our own bug and throws what .NET throws.
/// </summary>
public ref struct WireWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    /// <summary>Bytes written so far.</summary>
    public int Position { get; private set; }

    public readonly int Remaining => _buffer.Length - Position;

    public void WriteByte(byte value) => Take(1)[0] = value;

    public void WriteUInt16LittleEndian(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(2), value);

    public void WriteUInt16BigEndian(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

    public void WriteUInt32LittleEndian(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);

    public void WriteBytes(scoped ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    public void WriteZeros(int count) => Take(count).Clear();

    public readonly void ExpectFull()
    {
        if (Remaining != 0)
            throw new InvalidOperationException($"Size and Write disagree: {Remaining} bytes were not written.");
    }

    private Span<byte> Take(int length)
    {
        var bytes = _buffer.Slice(Position, length);
        Position += length;
        return bytes;
    }
}
