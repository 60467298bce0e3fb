using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Sequences;

/// <summary>Takes the outer headers off a frame.</summary>
internal static class DataFrame
{
    /// <summary>What is behind TPKT and X.224 Data: one MCS PDU, in place.</summary>
    internal static ReadOnlySpan<byte> Open(ReadOnlySpan<byte> frame)
    {
        var reader = OpenTpkt(frame);
        _ = X224Data.Read(ref reader);
        return reader.ReadToEnd("MCS PDU");
    }

    /// <summary>A Connection Request or Confirm behind TPKT.</summary>
    internal static T Negotiation<T>(ReadOnlySpan<byte> frame) where T : IPdu<T>
    {
        var reader = OpenTpkt(frame);
        var pdu = T.Read(ref reader);
        reader.ExpectEnd(typeof(T).Name);
        return pdu;
    }

    /// <summary>What the MCS PDU is; its last two bits are flags.</summary>
    internal static int Choice(ReadOnlySpan<byte> mcs) =>
        mcs.IsEmpty ? throw new WireFormatException("MCS PDU", 0, "empty") : mcs[0] & ~3;

    /// <summary>
    /// May this pass between client and back end on the message channel before licensing has ended? Auto-detection and multitransport may;
    /// nothing with a licensing flag may, on which xrdp 0.9 would go on.
    /// </summary>
    internal static bool IsMessageChannelTraffic(ReadOnlySpan<byte> userData)
    {
        const SecurityFlags Allowed = SecurityFlags.AutoDetectRequest | SecurityFlags.AutoDetectResponse
            | SecurityFlags.TransportRequest | SecurityFlags.TransportResponse | SecurityFlags.Heartbeat;
        var reader = new WireReader(userData);
        var flags = SecurityHeader.Read(ref reader).Flags;
        return flags != SecurityFlags.None && (flags & ~Allowed) == 0;
    }

    private static WireReader OpenTpkt(ReadOnlySpan<byte> frame)
    {
        var reader = new WireReader(frame);
        var header = TpktHeader.Read(ref reader);
        return header.Length == frame.Length
            ? reader
            : throw reader.Malformed("TPKT length", $"{header.Length} in a frame of {frame.Length}", 2);
    }
}
