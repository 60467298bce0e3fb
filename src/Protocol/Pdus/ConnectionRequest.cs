using System.Text;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.1 Client X.224 Connection Request PDU, behind the TPKT header.
/// <code>li | E0 | dst-ref (2) | src-ref (2) | class | cookie or routing token, CR LF | RDP_NEG_REQ (8) | RDP_NEG_CORRELATION_INFO (36)</code>
/// The last three are optional.
/// </summary>
public sealed record ConnectionRequest : IPdu<ConnectionRequest>
{
    private const byte Code = 0xE0;
    private const int FixedLength = 6;
    private const int LongestIndicator = 0xFE;

    /// <summary>srcRef: zero from today's clients.</summary>
    public ushort SourceReference { get; init; }

    /// <summary>Cookie or routing token as it stands, without CR LF; <c>null</c> if there is none.</summary>
    public byte[]? RoutingData { get; init; }

    public NegotiationRequest? Negotiation { get; init; }

    /// <summary>Present if and only if the negotiation's flags say so.</summary>
    public CorrelationInfo? Correlation { get; init; }

    /// <summary>The text of a <c>Cookie: mstshash=</c>; a hint of the user's name.</summary>
    public string? Cookie =>
        RoutingData is { } data && data.AsSpan().StartsWith("Cookie: mstshash="u8)
            ? Encoding.Latin1.GetString(data.AsSpan("Cookie: mstshash="u8.Length))
            : null;

    public int Size =>
        1 /* li */ + FixedLength /* code, references, class */
        + (RoutingData is { } data ? data.Length + 2 : 0) /* with CR LF */
        + (Negotiation?.Size ?? 0) + (Correlation?.Size ?? 0);

    public static ConnectionRequest Read(ref WireReader reader)
    {
        var length = reader.ReadByte("X.224 length indicator");
        if (length is < FixedLength or > LongestIndicator)
            throw reader.Malformed("X.224 length indicator", $"{length} is not {FixedLength} to {LongestIndicator}", 1);
        var body = reader.Slice(length, "X.224 Connection Request");
        body.ExpectByte(Code, "X.224 code");
        _ = body.ReadUInt16BigEndian("dstRef"); // Zero: the server has no reference yet.
        var source = body.ReadUInt16BigEndian("srcRef");
        _ = body.ReadByte("classOption"); // Class 0 is all there is.

        var routing = ReadRoutingData(ref body);
        var negotiation = body.Remaining > 0 ? NegotiationRequest.Read(ref body) : null;
        var correlation = negotiation is not null && negotiation.Flags.HasFlag(NegotiationRequestFlags.CorrelationInfoPresent)
            ? CorrelationInfo.Read(ref body)
            : null;
        body.ExpectEnd("X.224 Connection Request");
        return new() { SourceReference = source, RoutingData = routing, Negotiation = negotiation, Correlation = correlation };
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte(checked((byte)(Size - 1)));
        writer.WriteByte(Code);
        writer.WriteUInt16BigEndian(0);
        writer.WriteUInt16BigEndian(SourceReference);
        writer.WriteByte(0);
        if (RoutingData is { } data)
        {
            writer.WriteBytes(data);
            writer.WriteBytes("\r\n"u8);
        }

        Negotiation?.Write(ref writer);
        Correlation?.Write(ref writer);
    }

    /// <summary>Says nothing: the cookie may be a person's name.</summary>
    public override string ToString() => nameof(ConnectionRequest);

    private static byte[]? ReadRoutingData(ref WireReader body)
    {
        if (body.Remaining == 0 || body.PeekByte("cookie") == NegotiationRequest.Type)
            return null;
        var rest = body; // A copy: looks ahead.
        var end = rest.ReadToEnd("cookie").IndexOf("\r\n"u8);
        if (end < 0)
            throw body.Malformed("cookie", "neither a negotiation request nor ended by CR LF");
        var data = body.ReadBytes(end, "cookie").ToArray();
        _ = body.ReadUInt16BigEndian("CR LF");
        return data;
    }
}
