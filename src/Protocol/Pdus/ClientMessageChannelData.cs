using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPBCGR] 2.2.1.3.7 Client Message Channel Data (TS_UD_CS_MCS_MSGCHANNEL), without its header: <c>flags (4)</c>, unused.</summary>
public sealed record ClientMessageChannelData(uint Flags) : IPdu<ClientMessageChannelData>
{
    public int Size => 4 /* flags */;

    public static ClientMessageChannelData Read(ref WireReader reader) => new(reader.ReadUInt32LittleEndian("flags"));

    public void Write(ref WireWriter writer) => writer.WriteUInt32LittleEndian(Flags);
}
