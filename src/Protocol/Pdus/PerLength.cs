using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// ITU-T X.691 10.9 length determinant: one byte below 128, or <c>10xxxxxx xxxxxxxx</c>. The fragmented form (<c>11…</c>) does not occur in RDP.
/// Always written in two bytes, which every peer accepts.
/// </summary>
internal static class PerLength
{
    internal const int Size = 2;

    internal static int Read(ref WireReader reader, string field)
    {
        int first = reader.ReadByte(field);
        return (first & 0xC0) switch
        {
            0xC0 => throw reader.Malformed(field, "fragmented", 1),
            0x80 => ((first & 0x3F) << 8) | reader.ReadByte(field),
            _ => first,
        };
    }

    internal static void Write(ref WireWriter writer, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Limits.McsUserData);
        writer.WriteUInt16BigEndian((ushort)(0x8000 | length));
    }
}
