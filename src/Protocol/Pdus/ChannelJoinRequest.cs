using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>ITU-T T.125 ChannelJoinRequest: <c>38 | initiator - 1001 (2, big-endian) | channelId (2, big-endian)</c>.</summary>
public sealed record ChannelJoinRequest(ushort Initiator, ushort ChannelId) : IPdu<ChannelJoinRequest>
{
    internal const byte Choice = 0x38;

    public int Size => 1 /* choice */ + 2 /* initiator */ + 2 /* channelId */;

    public static ChannelJoinRequest Read(ref WireReader reader)
    {
        reader.ExpectByte(Choice, "ChannelJoinRequest");
        return new(McsUserId.Read(ref reader, "initiator"), reader.ReadUInt16BigEndian("channelId"));
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte(Choice);
        McsUserId.Write(ref writer, Initiator);
        writer.WriteUInt16BigEndian(ChannelId);
    }
}
