using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>ITU-T T.125 UserId: 1001 to 65535, written as the difference to 1001, big-endian.</summary>
internal static class McsUserId
{
    private const int Base = 1001;

    internal static ushort Read(ref WireReader reader, string field)
    {
        var value = Base + reader.ReadUInt16BigEndian(field);
        return value <= ushort.MaxValue ? (ushort)value : throw reader.Malformed(field, $"{value} is over the limit of {ushort.MaxValue}", 2);
    }

    internal static void Write(ref WireWriter writer, ushort user) =>
        writer.WriteUInt16BigEndian(checked((ushort)(user - Base)));
}
