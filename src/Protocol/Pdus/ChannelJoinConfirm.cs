using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// ITU-T T.125 ChannelJoinConfirm: <c>3E | result | initiator - 1001 (2, big-endian) | requested (2, big-endian) | channelId (2, big-endian)</c>;
/// <c>3C</c> without channelId.
/// </summary>
/// <param name="Result">0 is rt-successful.</param>
/// <param name="Initiator">User channel of the client.</param>
/// <param name="Requested">The channel asked for.</param>
/// <param name="ChannelId">The channel joined.</param>
public sealed record ChannelJoinConfirm(byte Result, ushort Initiator, ushort Requested, ushort? ChannelId) : IPdu<ChannelJoinConfirm>
{
    internal const byte Choice = 0x3C;
    private const byte ChannelPresent = 0x02;

    public int Size =>
        1 /* choice */ + 1 /* result */ + 2 /* initiator */ + 2 /* requested */ + (ChannelId is null ? 0 : 2) /* channelId */;

    public static ChannelJoinConfirm Read(ref WireReader reader)
    {
        var choice = reader.ReadByte("ChannelJoinConfirm");
        if ((choice & ~ChannelPresent) != Choice)
            throw reader.Malformed("ChannelJoinConfirm", "0x3C or 0x3E expected", 1);
        return new(
            reader.ReadByte("result"),
            McsUserId.Read(ref reader, "initiator"),
            reader.ReadUInt16BigEndian("requested"),
            (choice & ChannelPresent) != 0 ? reader.ReadUInt16BigEndian("channelId") : null);
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte(ChannelId is null ? Choice : (byte)(Choice | ChannelPresent));
        writer.WriteByte(Result);
        McsUserId.Write(ref writer, Initiator);
        writer.WriteUInt16BigEndian(Requested);
        if (ChannelId is { } channel)
            writer.WriteUInt16BigEndian(channel);
    }
}
