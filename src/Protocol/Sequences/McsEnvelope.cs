using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Sequences;

/// <summary>Who an injected PDU comes from and which channel it is on: all that its TPKT, X.224 and MCS headers need.</summary>
/// <param name="Initiator">Towards the client what the back end itself uses; towards the back end the client's user channel.</param>
/// <param name="ChannelId">The I/O channel.</param>
public readonly record struct McsEnvelope(ushort Initiator, ushort ChannelId)
{
    /// <summary>Whole frame, server to client.</summary>
    public byte[] Indication(byte[] userData) => Data(new SendDataIndication(Initiator, ChannelId, userData));

    /// <summary>Whole frame, client to server.</summary>
    public byte[] Request(byte[] userData) => Data(new SendDataRequest(Initiator, ChannelId, userData));

    /// <summary>
    /// Whole frame: Set Error Info. Only for a client that <see cref="ConnectionFacts.SupportsErrorInfo"/>: FreeRDP 3 ends the connection
    /// on it otherwise. Between two server-to-client frames, before or after licensing.
    /// </summary>
    public byte[] SetErrorInfo(ErrorInfoCode code) => Indication(Pdu.Encode(new SetErrorInfo(Pdus.SetErrorInfo.ServerChannel, 0, code)));

    /// <summary>Whole frame: MCS Disconnect Provider Ultimatum, reason rn-user-requested.</summary>
    public static byte[] Disconnect() => Data(new DisconnectProviderUltimatum(DisconnectReason.UserRequested));

    /// <summary>TPKT and an X.224 Connection Request or Confirm.</summary>
    public static byte[] Negotiation<T>(T pdu) where T : IPdu<T>
    {
        var header = new TpktHeader((ushort)(Framing.TpktHeaderLength + pdu.Size));
        var frame = new byte[header.Length];
        var writer = new WireWriter(frame);
        header.Write(ref writer);
        pdu.Write(ref writer);
        writer.ExpectFull();
        return frame;
    }

    /// <summary>TPKT, X.224 Data and an MCS PDU.</summary>
    public static byte[] Data<T>(T pdu) where T : IPdu<T>
    {
        var data = new X224Data();
        var header = new TpktHeader(checked((ushort)(Framing.TpktHeaderLength + data.Size + pdu.Size)));
        var frame = new byte[header.Length];
        var writer = new WireWriter(frame);
        header.Write(ref writer);
        data.Write(ref writer);
        pdu.Write(ref writer);
        writer.ExpectFull();
        return frame;
    }
}
