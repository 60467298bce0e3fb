using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.2 Server X.224 Connection Confirm PDU, behind the TPKT header.
/// <code>li | D0 | dst-ref (2) | src-ref (2) | class | RDP_NEG_RSP or RDP_NEG_FAILURE (8, optional)</code>
/// Without the last, the server means standard RDP security.
/// </summary>
public sealed record ConnectionConfirm(ConnectionConfirm.Negotiation? Result) : IPdu<ConnectionConfirm>
{
    private const byte Code = 0xD0;
    private const int FixedLength = 6;
    private const byte ResponseType = 2;
    private const byte FailureType = 3;
    private const ushort NegotiationLength = 8;

    /// <summary>What the server decided.</summary>
    public abstract record Negotiation
    {
        private Negotiation()
        {
        }

        /// <summary>[MS-RDPBCGR] 2.2.1.2.1 RDP Negotiation Response (RDP_NEG_RSP).</summary>
        public sealed record Response(byte Flags, SecurityProtocols SelectedProtocol) : Negotiation;

        /// <summary>[MS-RDPBCGR] 2.2.1.2.2 RDP Negotiation Failure (RDP_NEG_FAILURE).</summary>
        public sealed record Failure(NegotiationFailureCode Code) : Negotiation;
    }

    /// <summary>dstRef and srcRef, kept; 0 and 0x1234 from Windows and xrdp.</summary>
    public ushort DestinationReference { get; init; }

    public ushort SourceReference { get; init; } = 0x1234;

    public int Size => 1 /* li */ + FixedLength /* code, references, class */ + (Result is null ? 0 : NegotiationLength);

    public static ConnectionConfirm Read(ref WireReader reader)
    {
        var length = reader.ReadByte("X.224 length indicator");
        if (length is not (FixedLength or FixedLength + NegotiationLength))
            throw reader.Malformed("X.224 length indicator", $"{length} is neither {FixedLength} nor {FixedLength + NegotiationLength}", 1);
        var body = reader.Slice(length, "X.224 Connection Confirm");
        body.ExpectByte(Code, "X.224 code");
        var destination = body.ReadUInt16BigEndian("dstRef");
        var source = body.ReadUInt16BigEndian("srcRef");
        _ = body.ReadByte("classOption");
        var result = body.Remaining > 0 ? ReadNegotiation(ref body) : null;
        return new(result) { DestinationReference = destination, SourceReference = source };
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)(Size - 1));
        writer.WriteByte(Code);
        writer.WriteUInt16BigEndian(DestinationReference);
        writer.WriteUInt16BigEndian(SourceReference);
        writer.WriteByte(0);
        switch (Result)
        {
            case Negotiation.Response(var flags, var protocol):
                WriteNegotiation(ref writer, ResponseType, flags, (uint)protocol);
                break;
            case Negotiation.Failure(var code):
                WriteNegotiation(ref writer, FailureType, 0, (uint)code);
                break;
        }
    }

    private static Negotiation ReadNegotiation(ref WireReader body)
    {
        var type = body.ReadByte("negotiation type");
        var flags = body.ReadByte("negotiation flags");
        body.ExpectUInt16LittleEndian(NegotiationLength, "negotiation length");
        var value = body.ReadUInt32LittleEndian("selectedProtocol or failureCode");
        return type switch
        {
            ResponseType => new Negotiation.Response(flags, (SecurityProtocols)value),
            FailureType => new Negotiation.Failure((NegotiationFailureCode)value),
            _ => throw body.Malformed("negotiation type", "neither response nor failure", NegotiationLength),
        };
    }

    private static void WriteNegotiation(ref WireWriter writer, byte type, byte flags, uint value)
    {
        writer.WriteByte(type);
        writer.WriteByte(flags);
        writer.WriteUInt16LittleEndian(NegotiationLength);
        writer.WriteUInt32LittleEndian(value);
    }
}

/// <summary>[MS-RDPBCGR] 2.2.1.2.2, failureCode.</summary>
public enum NegotiationFailureCode : uint
{
    SslRequiredByServer = 1,
    SslNotAllowedByServer = 2,
    SslCertNotOnServer = 3,
    InconsistentFlags = 4,
    HybridRequiredByServer = 5,
    SslWithUserAuthRequiredByServer = 6,
}
