using Ostiary.Protocol.Pdus;

namespace Ostiary.Protocol.Sequences;

/// <summary>Who an injected PDU comes from and which channel it is on: all that its TPKT, X.224 and MCS headers need.</summary>
/// <param name="Initiator">Towards the client what the back end itself uses; towards the back end the client's user channel.</param>
/// <param name="ChannelId">The I/O channel.</param>
public readonly record struct McsEnvelope(ushort Initiator, ushort ChannelId)
{
    /// <summary>Whole frame, server to client.</summary>
    public byte[] Indication(ReadOnlySpan<byte> userData) => throw new NotSupportedException();

    /// <summary>Whole frame, client to server.</summary>
    public byte[] Request(ReadOnlySpan<byte> userData) => throw new NotSupportedException();

    /// <summary>
    /// Whole frame: Set Error Info. Only for a client that <see cref="ConnectionFacts.SupportsErrorInfo"/>: FreeRDP 3 ends the connection
    /// on it otherwise. Between two server-to-client frames, before or after licensing.
    /// </summary>
    public byte[] SetErrorInfo(ErrorInfoCode code) => throw new NotSupportedException();

    /// <summary>Whole frame: MCS Disconnect Provider Ultimatum, reason rn-user-requested.</summary>
    public static byte[] Disconnect() => throw new NotSupportedException();
}
