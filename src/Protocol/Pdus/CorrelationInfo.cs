using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPBCGR] 2.2.1.1.2 RDP Correlation Info (RDP_NEG_CORRELATION_INFO): <c>06 | flags | 24 00 | correlationId (16) | reserved (16)</c>.</summary>
public sealed record CorrelationInfo(byte[] CorrelationId) : IPdu<CorrelationInfo>
{
    private const byte Type = 6;
    private const ushort Length = 36;
    private const int IdLength = 16;
    private const int ReservedLength = 16;

    public int Size => 1 /* type */ + 1 /* flags */ + 2 /* length */ + IdLength + ReservedLength;

    public static CorrelationInfo Read(ref WireReader reader)
    {
        reader.ExpectByte(Type, "RDP_NEG_CORRELATION_INFO type");
        _ = reader.ReadByte("RDP_NEG_CORRELATION_INFO flags");
        reader.ExpectUInt16LittleEndian(Length, "RDP_NEG_CORRELATION_INFO length");
        var id = reader.ReadBytes(IdLength, "correlationId").ToArray();
        _ = reader.ReadBytes(ReservedLength, "reserved");
        return new(id);
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte(Type);
        writer.WriteByte(0);
        writer.WriteUInt16LittleEndian(Length);
        writer.WriteBytes(CorrelationId);
        writer.WriteZeros(ReservedLength);
    }
}
