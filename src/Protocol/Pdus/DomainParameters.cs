using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>ITU-T T.125 DomainParameters: a SEQUENCE of eight INTEGERs.</summary>
public sealed record DomainParameters(
    uint MaxChannelIds,
    uint MaxUserIds,
    uint MaxTokenIds,
    uint NumberOfPriorities,
    uint MinThroughput,
    uint MaxHeight,
    uint MaxPduSize,
    uint ProtocolVersion) : IPdu<DomainParameters>
{
    public int Size => Ber.Size(ContentLength);

    private int ContentLength =>
        Ber.IntegerSize(MaxChannelIds) + Ber.IntegerSize(MaxUserIds) + Ber.IntegerSize(MaxTokenIds) + Ber.IntegerSize(NumberOfPriorities)
        + Ber.IntegerSize(MinThroughput) + Ber.IntegerSize(MaxHeight) + Ber.IntegerSize(MaxPduSize) + Ber.IntegerSize(ProtocolVersion);

    public static DomainParameters Read(ref WireReader reader)
    {
        var content = Ber.ReadContent(ref reader, Ber.Sequence, "DomainParameters");
        DomainParameters parameters = new(
            Ber.ReadInteger(ref content, "maxChannelIds"),
            Ber.ReadInteger(ref content, "maxUserIds"),
            Ber.ReadInteger(ref content, "maxTokenIds"),
            Ber.ReadInteger(ref content, "numPriorities"),
            Ber.ReadInteger(ref content, "minThroughput"),
            Ber.ReadInteger(ref content, "maxHeight"),
            Ber.ReadInteger(ref content, "maxMCSPDUsize"),
            Ber.ReadInteger(ref content, "protocolVersion"));
        content.ExpectEnd("DomainParameters");
        return parameters;
    }

    public void Write(ref WireWriter writer)
    {
        Ber.WriteHeader(ref writer, Ber.Sequence, ContentLength);
        Ber.WriteInteger(ref writer, MaxChannelIds);
        Ber.WriteInteger(ref writer, MaxUserIds);
        Ber.WriteInteger(ref writer, MaxTokenIds);
        Ber.WriteInteger(ref writer, NumberOfPriorities);
        Ber.WriteInteger(ref writer, MinThroughput);
        Ber.WriteInteger(ref writer, MaxHeight);
        Ber.WriteInteger(ref writer, MaxPduSize);
        Ber.WriteInteger(ref writer, ProtocolVersion);
    }
}
