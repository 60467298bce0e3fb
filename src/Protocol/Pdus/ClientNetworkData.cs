using System.Text;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.3.4 Client Network Data (TS_UD_CS_NET), without its header: <c>channelCount (4) | { name (8) | options (4) }</c>.
/// </summary>
public sealed record ClientNetworkData(IReadOnlyList<ClientNetworkData.Channel> Channels) : IPdu<ClientNetworkData>
{
    private const int NameLength = 8;

    /// <summary>[MS-RDPBCGR] 2.2.1.3.4.1 Channel Definition Structure (CHANNEL_DEF).</summary>
    /// <param name="Name">At most 7 ASCII characters.</param>
    /// <param name="Options">Kept.</param>
    public sealed record Channel(string Name, uint Options);

    public int Size => 4 /* channelCount */ + Channels.Count * (NameLength + 4 /* options */);

    public static ClientNetworkData Read(ref WireReader reader)
    {
        var count = reader.ReadLengthUInt32LittleEndian("channelCount", Limits.StaticChannels);
        var channels = new Channel[count];
        for (var i = 0; i < count; i++)
        {
            var name = reader.ReadBytes(NameLength, "name");
            var end = name.IndexOf((byte)0);
            channels[i] = new(Encoding.Latin1.GetString(end < 0 ? name : name[..end]), reader.ReadUInt32LittleEndian("options"));
        }

        return new(channels);
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian((uint)Channels.Count);
        foreach (var channel in Channels)
        {
            var name = Encoding.Latin1.GetBytes(channel.Name);
            writer.WriteBytes(name);
            writer.WriteZeros(NameLength - name.Length);
            writer.WriteUInt32LittleEndian(channel.Options);
        }
    }
}
