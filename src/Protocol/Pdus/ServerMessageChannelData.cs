using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPBCGR] 2.2.1.4.5 Server Message Channel Data (TS_UD_SC_MCS_MSGCHANNEL), without its header: <c>MCSChannelID (2)</c>.</summary>
public sealed record ServerMessageChannelData(ushort ChannelId) : IPdu<ServerMessageChannelData>
{
    public int Size => 2 /* MCSChannelID */;

    public static ServerMessageChannelData Read(ref WireReader reader) => new(reader.ReadUInt16LittleEndian("MCSChannelID"));

    public void Write(ref WireWriter writer) => writer.WriteUInt16LittleEndian(ChannelId);
}
