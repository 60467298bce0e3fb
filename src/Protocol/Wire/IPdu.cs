namespace Ostiary.Protocol.Wire;

/// <summary>
/// A protocol data unit: reads itself, knows its size, writes itself, and does nothing else.
/// </summary>
/// <remarks>
/// Reserved fields are ignored on receipt and zero when written; unknown values are kept.
/// A PDU whose end is given only by the frame around it (its trailing fields are optional) takes everything that remains.
/// </remarks>
public interface IPdu<TSelf> where TSelf : IPdu<TSelf>
{
    /// <exception cref="WireFormatException">The bytes can never be this PDU.</exception>
    static abstract TSelf Read(ref WireReader reader);

    /// <summary>How many bytes <see cref="Write"/> writes.</summary>
    int Size { get; }

    void Write(ref WireWriter writer);
}

/// <summary>Whole PDUs from and to byte arrays.</summary>
public static class Pdu
{
    /// <summary>Reads a PDU that fills <paramref name="bytes"/> to the last byte.</summary>
    /// <exception cref="WireFormatException">Malformed, or bytes are left over.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> bytes) where T : IPdu<T>
    {
        var reader = new WireReader(bytes);
        var pdu = T.Read(ref reader);
        reader.ExpectEnd(typeof(T).Name);
        return pdu;
    }

    /// <summary>The PDU's bytes, exactly <see cref="IPdu{TSelf}.Size"/> of them.</summary>
    public static byte[] Encode<T>(T pdu) where T : IPdu<T>
    {
        var bytes = new byte[pdu.Size];
        var writer = new WireWriter(bytes);
        pdu.Write(ref writer);
        writer.ExpectFull();
        return bytes;
    }
}
