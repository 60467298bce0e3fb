using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.5.1.1 Set Error Info PDU (TS_SET_ERROR_INFO_PDU), with Share Control and Share Data Header, without security header.
/// <code>totalLength (2) | 17 00 | pduSource (2) | shareId (4) | pad | streamId | uncompressedLength (2) | 2F | 00 | 00 00 | errorInfo (4)</code>
/// </summary>
/// <param name="PduSource">Channel id of the sender: 1002 is the server's.</param>
/// <param name="ShareId">Zero before Demand Active.</param>
/// <param name="Code">What the client shows.</param>
public sealed record SetErrorInfo(ushort PduSource, uint ShareId, ErrorInfoCode Code) : IPdu<SetErrorInfo>
{
    /// <summary>The MCS server channel.</summary>
    public const ushort ServerChannel = 0x03EA;

    private const ushort TotalLength = 22;
    private const ushort DataPduVersion1 = 0x0017;
    private const byte StreamLow = 1;
    private const byte PduType2 = 0x2F;
    private const ushort ErrorInfoLength = 4;

    public int Size =>
        2 /* totalLength */ + 2 /* pduType */ + 2 /* pduSource */
        + 4 /* shareId */ + 1 /* pad1 */ + 1 /* streamId */ + 2 /* uncompressedLength */
        + 1 /* pduType2 */ + 1 /* compressedType */ + 2 /* compressedLength */
        + 4 /* errorInfo */;

    public static SetErrorInfo Read(ref WireReader reader)
    {
        reader.ExpectUInt16LittleEndian(TotalLength, "totalLength");
        reader.ExpectUInt16LittleEndian(DataPduVersion1, "pduType");
        var source = reader.ReadUInt16LittleEndian("pduSource");
        var share = reader.ReadUInt32LittleEndian("shareId");
        _ = reader.ReadByte("pad1");
        _ = reader.ReadByte("streamId");
        _ = reader.ReadUInt16LittleEndian("uncompressedLength");
        reader.ExpectByte(PduType2, "pduType2");
        reader.ExpectByte(0, "compressedType");
        _ = reader.ReadUInt16LittleEndian("compressedLength");
        return new(source, share, (ErrorInfoCode)reader.ReadUInt32LittleEndian("errorInfo"));
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt16LittleEndian(TotalLength);
        writer.WriteUInt16LittleEndian(DataPduVersion1);
        writer.WriteUInt16LittleEndian(PduSource);
        writer.WriteUInt32LittleEndian(ShareId);
        writer.WriteByte(0);
        writer.WriteByte(StreamLow);
        writer.WriteUInt16LittleEndian(ErrorInfoLength);
        writer.WriteByte(PduType2);
        writer.WriteByte(0);
        writer.WriteUInt16LittleEndian(0);
        writer.WriteUInt32LittleEndian((uint)Code);
    }
}
