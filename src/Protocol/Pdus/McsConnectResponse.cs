using System.Buffers.Binary;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.4 Server MCS Connect Response PDU with GCC Conference Create Response, behind the X.224 header.
/// <code>
/// 7F 66 | length | result | calledConnectId | domain parameters | 04 | length |
///   00 05 00 14 7C 00 01 | length | 14 | nodeID (2) | tag | result | 01 C0 00 "McDn" | length | blocks
/// </code>
/// The length behind the key is ignored on receipt: Windows and xrdp write 2A whatever follows.
/// </summary>
public sealed record McsConnectResponse(IReadOnlyList<GccBlock> Blocks) : IPdu<McsConnectResponse>
{
    internal const byte Choice = 0x66;
    private const byte CreateResponseChoice = 0x14;
    private const int CreateResponseLength = 13;

    // One set of user data, under the H.221 key "McDn".
    private static ReadOnlySpan<byte> UserDataKey => [0x01, 0xC0, 0x00, (byte)'M', (byte)'c', (byte)'D', (byte)'n'];

    /// <summary>0 is rt-successful.</summary>
    public byte Result { get; init; }

    public uint CalledConnectId { get; init; }

    public DomainParameters Parameters { get; init; } = new(34, 3, 0, 1, 0, 1, 65528, 2);

    public ushort NodeId { get; init; } = 0x760A;

    public ServerCoreData? Core => GccBlock.Find<ServerCoreData>(Blocks, GccBlockType.ServerCore);

    public ServerSecurityData? Security => GccBlock.Find<ServerSecurityData>(Blocks, GccBlockType.ServerSecurity);

    public ServerNetworkData? Network => GccBlock.Find<ServerNetworkData>(Blocks, GccBlockType.ServerNetwork);

    public ServerMessageChannelData? MessageChannel => GccBlock.Find<ServerMessageChannelData>(Blocks, GccBlockType.ServerMessageChannel);

    public int Size => 2 /* tag */ + Ber.LengthSize(ContentLength) + ContentLength;

    private int ContentLength =>
        Ber.Size(1) /* result */ + Ber.IntegerSize(CalledConnectId) + Parameters.Size + Ber.Size(GccLength);

    private int GccLength => GccUserData.KeyLength + PerLength.Size + CreateResponseLength + PerLength.Size + GccUserData.Length(Blocks);

    public static McsConnectResponse Read(ref WireReader reader)
    {
        reader.ExpectByte(0x7F, "Connect-Response");
        reader.ExpectByte(Choice, "Connect-Response");
        var body = reader.Slice(Ber.ReadLength(ref reader, "Connect-Response"), "Connect-Response");
        var result = Ber.ReadInteger(ref body, "result", Ber.Enumerated);
        var id = Ber.ReadInteger(ref body, "calledConnectId");
        var parameters = DomainParameters.Read(ref body);
        var gcc = Ber.ReadContent(ref body, Ber.OctetString, "userData");
        body.ExpectEnd("Connect-Response");

        GccUserData.ReadKey(ref gcc);
        _ = PerLength.Read(ref gcc, "connectPDU length");
        gcc.ExpectByte(CreateResponseChoice, "ConferenceCreateResponse");
        var node = gcc.ReadUInt16BigEndian("nodeID");
        _ = gcc.ReadBytes(gcc.ReadByte("tag length"), "tag");
        _ = gcc.ReadByte("ConferenceCreateResponse result");
        if (!gcc.ReadBytes(UserDataKey.Length, "H.221 key").SequenceEqual(UserDataKey))
            throw gcc.Malformed("H.221 key", "not McDn", UserDataKey.Length);
        var data = gcc.Slice(PerLength.Read(ref gcc, "user data length"), "user data");
        gcc.ExpectEnd("connectPDU");
        return new(GccBlock.ReadAll(ref data)) { Result = (byte)result, CalledConnectId = id, Parameters = parameters, NodeId = node };
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte(0x7F);
        writer.WriteByte(Choice);
        Ber.WriteLength(ref writer, ContentLength);
        Ber.WriteHeader(ref writer, Ber.Enumerated, 1);
        writer.WriteByte(Result);
        Ber.WriteInteger(ref writer, CalledConnectId);
        Parameters.Write(ref writer);
        Ber.WriteHeader(ref writer, Ber.OctetString, GccLength);

        GccUserData.WriteKey(ref writer);
        PerLength.Write(ref writer, CreateResponseLength + PerLength.Size + GccUserData.Length(Blocks));
        writer.WriteByte(CreateResponseChoice);
        writer.WriteUInt16BigEndian(NodeId);
        writer.WriteByte(1); // tag length
        writer.WriteByte(1); // tag
        writer.WriteByte(0); // result: success
        writer.WriteBytes(UserDataKey);
        GccUserData.WriteBlocks(ref writer, Blocks);
    }

    /// <summary>
    /// Overwrites clientRequestedProtocols in a Connect Response as it stands in a frame; nothing else changes, no length either.
    /// </summary>
    /// <param name="response">The bytes of this PDU, which <see cref="Read"/> accepted.</param>
    /// <param name="protocols">What the client asked for; some clients end the connection if it is not that.</param>
    /// <returns><c>false</c>: the field is absent, there is nothing to overwrite.</returns>
    public static bool PatchRequestedProtocols(Span<byte> response, SecurityProtocols protocols)
    {
        // The user data is last, so the blocks can be counted back from the end.
        var blocks = Pdu.Decode<McsConnectResponse>(response).Blocks;
        var start = response.Length - GccUserData.Length(blocks);
        foreach (var block in blocks)
        {
            var field = start + GccBlock.HeaderLength + ServerCoreData.ClientRequestedProtocolsOffset;
            if (block.Type == GccBlockType.ServerCore && block.Data.Length >= ServerCoreData.ClientRequestedProtocolsOffset + 4)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(response[field..], (uint)protocols);
                return true;
            }

            start += block.Size;
        }

        return false;
    }
}
