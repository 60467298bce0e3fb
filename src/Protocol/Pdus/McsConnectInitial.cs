using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.3 Client MCS Connect Initial PDU with GCC Conference Create Request, behind the X.224 header.
/// <code>
/// 7F 65 | length | calling selector | called selector | upward flag | target, minimum, maximum parameters | 04 | length |
///   00 05 00 14 7C 00 01 | length | 00 08 00 10 00 01 C0 00 "Duca" | length | blocks
/// </code>
/// BER outside (ITU-T T.125), PER inside (ITU-T T.124).
/// </summary>
public sealed record McsConnectInitial(IReadOnlyList<GccBlock> Blocks) : IPdu<McsConnectInitial>
{
    internal const byte Choice = 0x65;

    // ConferenceCreateRequest: numeric name "1", one set of user data, under the H.221 key "Duca".
    private static ReadOnlySpan<byte> CreateRequest => [0x00, 0x08, 0x00, 0x10, 0x00, 0x01, 0xC0, 0x00, (byte)'D', (byte)'u', (byte)'c', (byte)'a'];

    public byte[] CallingSelector { get; init; } = [1];

    public byte[] CalledSelector { get; init; } = [1];

    public DomainParameters Target { get; init; } = new(34, 2, 0, 1, 0, 1, 65535, 2);

    public DomainParameters Minimum { get; init; } = new(1, 1, 1, 1, 0, 1, 1056, 2);

    public DomainParameters Maximum { get; init; } = new(65535, 65535, 65535, 1, 0, 1, 65535, 2);

    public ClientCoreData? Core => GccBlock.Find<ClientCoreData>(Blocks, GccBlockType.ClientCore);

    public ClientSecurityData? Security => GccBlock.Find<ClientSecurityData>(Blocks, GccBlockType.ClientSecurity);

    public ClientNetworkData? Network => GccBlock.Find<ClientNetworkData>(Blocks, GccBlockType.ClientNetwork);

    public ClientClusterData? Cluster => GccBlock.Find<ClientClusterData>(Blocks, GccBlockType.ClientCluster);

    public ClientMessageChannelData? MessageChannel => GccBlock.Find<ClientMessageChannelData>(Blocks, GccBlockType.ClientMessageChannel);

    public int Size => 2 /* tag */ + Ber.LengthSize(ContentLength) + ContentLength;

    private int ContentLength =>
        Ber.Size(CallingSelector.Length) + Ber.Size(CalledSelector.Length) + Ber.Size(1) /* upwardFlag */
        + Target.Size + Minimum.Size + Maximum.Size + Ber.Size(GccLength);

    private int GccLength => GccUserData.KeyLength + PerLength.Size + CreateRequest.Length + PerLength.Size + GccUserData.Length(Blocks);

    public static McsConnectInitial Read(ref WireReader reader)
    {
        reader.ExpectByte(0x7F, "Connect-Initial");
        reader.ExpectByte(Choice, "Connect-Initial");
        var body = reader.Slice(Ber.ReadLength(ref reader, "Connect-Initial"), "Connect-Initial");
        var calling = ReadSelector(ref body, "callingDomainSelector");
        var called = ReadSelector(ref body, "calledDomainSelector");
        var upward = Ber.ReadContent(ref body, Ber.Boolean, "upwardFlag");
        _ = upward.ReadByte("upwardFlag");
        upward.ExpectEnd("upwardFlag");
        var target = DomainParameters.Read(ref body);
        var minimum = DomainParameters.Read(ref body);
        var maximum = DomainParameters.Read(ref body);
        var gcc = Ber.ReadContent(ref body, Ber.OctetString, "userData");
        body.ExpectEnd("Connect-Initial");

        GccUserData.ReadKey(ref gcc);
        var create = gcc.Slice(PerLength.Read(ref gcc, "connectPDU length"), "connectPDU");
        if (!create.ReadBytes(CreateRequest.Length, "ConferenceCreateRequest").SequenceEqual(CreateRequest))
            throw create.Malformed("ConferenceCreateRequest", "not the one that [MS-RDPBCGR] 2.2.1.3 fixes", CreateRequest.Length);
        var data = create.Slice(PerLength.Read(ref create, "user data length"), "user data");
        create.ExpectEnd("ConferenceCreateRequest");
        gcc.ExpectEnd("connectPDU");
        return new(GccBlock.ReadAll(ref data))
        {
            CallingSelector = calling,
            CalledSelector = called,
            Target = target,
            Minimum = minimum,
            Maximum = maximum,
        };
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte(0x7F);
        writer.WriteByte(Choice);
        Ber.WriteLength(ref writer, ContentLength);
        Ber.WriteHeader(ref writer, Ber.OctetString, CallingSelector.Length);
        writer.WriteBytes(CallingSelector);
        Ber.WriteHeader(ref writer, Ber.OctetString, CalledSelector.Length);
        writer.WriteBytes(CalledSelector);
        Ber.WriteHeader(ref writer, Ber.Boolean, 1);
        writer.WriteByte(0xFF);
        Target.Write(ref writer);
        Minimum.Write(ref writer);
        Maximum.Write(ref writer);
        Ber.WriteHeader(ref writer, Ber.OctetString, GccLength);

        GccUserData.WriteKey(ref writer);
        PerLength.Write(ref writer, CreateRequest.Length + PerLength.Size + GccUserData.Length(Blocks));
        writer.WriteBytes(CreateRequest);
        GccUserData.WriteBlocks(ref writer, Blocks);
    }

    private static byte[] ReadSelector(ref WireReader body, string field)
    {
        var content = Ber.ReadContent(ref body, Ber.OctetString, field);
        return content.Remaining <= Limits.McsConnectField
            ? content.ReadToEnd(field).ToArray()
            : throw content.Malformed(field, $"{content.Remaining} is over the limit of {Limits.McsConnectField}");
    }
}
