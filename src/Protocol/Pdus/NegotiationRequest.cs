using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPBCGR] 2.2.1.1.1 RDP Negotiation Request (RDP_NEG_REQ): <c>01 | flags | 08 00 | requestedProtocols (4)</c>.</summary>
public sealed record NegotiationRequest(NegotiationRequestFlags Flags, SecurityProtocols RequestedProtocols) : IPdu<NegotiationRequest>
{
    internal const byte Type = 1;
    private const ushort Length = 8;

    public int Size => 1 /* type */ + 1 /* flags */ + 2 /* length */ + 4 /* requestedProtocols */;

    public static NegotiationRequest Read(ref WireReader reader)
    {
        reader.ExpectByte(Type, "RDP_NEG_REQ type");
        var flags = (NegotiationRequestFlags)reader.ReadByte("RDP_NEG_REQ flags");
        reader.ExpectUInt16LittleEndian(Length, "RDP_NEG_REQ length");
        return new(flags, (SecurityProtocols)reader.ReadUInt32LittleEndian("requestedProtocols"));
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte(Type);
        writer.WriteByte((byte)Flags);
        writer.WriteUInt16LittleEndian(Length);
        writer.WriteUInt32LittleEndian((uint)RequestedProtocols);
    }
}
