using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Tests;

/// <summary>One PDU with the bytes that it must read and write.</summary>
public abstract class PduSample(string name, byte[] bytes, Func<int, bool>? shorterFormAt)
{
    public string Name { get; } = name;

    public byte[] Bytes { get; } = bytes;

    public abstract Type Type { get; }

    /// <summary>Trailing fields are optional: a prefix of this length is another valid PDU.</summary>
    public bool IsShorterForm(int length) => shorterFormAt?.Invoke(length) ?? false;

    /// <summary>Reads the whole of the bytes and writes what was read.</summary>
    public abstract (byte[] Written, int Size) ReadAndWrite(ReadOnlySpan<byte> bytes);

    public abstract object Read(ReadOnlySpan<byte> bytes);

    public override string ToString() => Name;
}

/// <inheritdoc/>
public sealed class PduSample<T>(string name, byte[] bytes, Func<int, bool>? shorterFormAt = null)
    : PduSample(name, bytes, shorterFormAt) where T : class, IPdu<T>
{
    public override Type Type => typeof(T);

    public override (byte[] Written, int Size) ReadAndWrite(ReadOnlySpan<byte> bytes)
    {
        var pdu = Pdu.Decode<T>(bytes);
        return (Pdu.Encode(pdu), pdu.Size);
    }

    public override object Read(ReadOnlySpan<byte> bytes) => Pdu.Decode<T>(bytes);
}
