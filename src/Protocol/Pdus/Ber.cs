using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>ITU-T X.690 tag and definite length, as far as the MCS connect PDUs need it. Written in the shortest form; read in any up to 4 length bytes.</summary>
internal static class Ber
{
    internal const byte Boolean = 0x01;
    internal const byte Integer = 0x02;
    internal const byte OctetString = 0x04;
    internal const byte Enumerated = 0x0A;
    internal const byte Sequence = 0x30;

    internal static WireReader ReadContent(ref WireReader reader, byte tag, string field)
    {
        reader.ExpectByte(tag, field);
        return reader.Slice(ReadLength(ref reader, field), field);
    }

    internal static int ReadLength(ref WireReader reader, string field)
    {
        int first = reader.ReadByte(field);
        if (first < 0x80)
            return first;
        var count = first & 0x7F;
        if (count is 0 or > 4)
            throw reader.Malformed(field, "length form not allowed", 1);
        long length = 0;
        for (var i = 0; i < count; i++)
            length = (length << 8) | reader.ReadByte(field);
        return length <= Limits.TpktFrame ? (int)length : throw reader.Malformed(field, $"{length} is over the limit of {Limits.TpktFrame}", count);
    }

    internal static uint ReadInteger(ref WireReader reader, string field, byte tag = Integer)
    {
        var content = ReadContent(ref reader, tag, field);
        if (content.Remaining is 0 or > 5)
            throw content.Malformed(field, "an integer has 1 to 5 bytes here");
        ulong value = 0;
        while (content.Remaining > 0)
            value = (value << 8) | content.ReadByte(field);
        return value <= uint.MaxValue ? (uint)value : throw content.Malformed(field, "over 32 bits");
    }

    internal static int Size(int content) => 1 /* tag */ + LengthSize(content) + content;

    internal static int IntegerSize(uint value) => Size(IntegerLength(value));

    internal static int LengthSize(int length) => length < 0x80 ? 1 : length < 0x100 ? 2 : 3;

    internal static void WriteHeader(ref WireWriter writer, byte tag, int length)
    {
        writer.WriteByte(tag);
        WriteLength(ref writer, length);
    }

    internal static void WriteLength(ref WireWriter writer, int length)
    {
        switch (LengthSize(length))
        {
            case 1:
                writer.WriteByte((byte)length);
                break;
            case 2:
                writer.WriteByte(0x81);
                writer.WriteByte((byte)length);
                break;
            default:
                writer.WriteByte(0x82);
                writer.WriteUInt16BigEndian(checked((ushort)length));
                break;
        }
    }

    internal static void WriteInteger(ref WireWriter writer, uint value, byte tag = Integer)
    {
        var length = IntegerLength(value);
        WriteHeader(ref writer, tag, length);
        for (var shift = 8 * (length - 1); shift >= 0; shift -= 8)
            writer.WriteByte((byte)((ulong)value >> shift));
    }

    // A leading zero keeps the number from being negative.
    private static int IntegerLength(uint value) =>
        value < 0x80 ? 1 : value < 0x8000 ? 2 : value < 0x80_0000 ? 3 : value < 0x8000_0000 ? 4 : 5;
}
