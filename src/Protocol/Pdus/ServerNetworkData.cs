using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.4.4 Server Network Data (TS_UD_SC_NET), without its header:
/// <c>MCSChannelId (2) | channelCount (2) | channelIdArray (2 each) | pad to 4 bytes</c>.
/// </summary>
/// <param name="IoChannelId">1003 in practice.</param>
/// <param name="ChannelIds">Of the static channels, in the order that the client asked for them.</param>
public sealed record ServerNetworkData(ushort IoChannelId, IReadOnlyList<ushort> ChannelIds) : IPdu<ServerNetworkData>
{
    public int Size => 2 /* MCSChannelId */ + 2 /* channelCount */ + 2 * ChannelIds.Count + PadLength(ChannelIds.Count);

    public static ServerNetworkData Read(ref WireReader reader)
    {
        var io = reader.ReadUInt16LittleEndian("MCSChannelId");
        var count = reader.ReadLengthUInt16LittleEndian("channelCount", Limits.StaticChannels);
        var ids = new ushort[count];
        for (var i = 0; i < count; i++)
            ids[i] = reader.ReadUInt16LittleEndian("channelIdArray");
        _ = reader.ReadBytes(PadLength(count), "Pad");
        return new(io, ids);
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt16LittleEndian(IoChannelId);
        writer.WriteUInt16LittleEndian((ushort)ChannelIds.Count);
        foreach (var id in ChannelIds)
            writer.WriteUInt16LittleEndian(id);
        writer.WriteZeros(PadLength(ChannelIds.Count));
    }

    private static int PadLength(int count) => 2 * (count & 1);
}
