using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Sequences;

/// <summary>What a back end's frame may be between the Connect Response and the end of licensing.</summary>
internal static class ServerFrame
{
    /// <summary>Confirmations, and what the message channel is for. Always relayed.</summary>
    internal static ConnectionFacts OnJoining(ConnectionFacts facts, ReadOnlySpan<byte> frame)
    {
        var mcs = DataFrame.Open(frame);
        switch (DataFrame.Choice(mcs))
        {
            case AttachUserConfirm.Choice:
                return facts with { UserChannelId = Pdu.Decode<AttachUserConfirm>(mcs).UserChannelId };
            case ChannelJoinConfirm.Choice:
                _ = Pdu.Decode<ChannelJoinConfirm>(mcs);
                return facts;
            case DisconnectProviderUltimatum.Choice:
                _ = Pdu.Decode<DisconnectProviderUltimatum>(mcs);
                return facts;
            case SendDataIndication.Choice:
                var data = Pdu.Decode<SendDataIndication>(mcs);
                return data.ChannelId == facts.MessageChannelId && DataFrame.IsMessageChannelTraffic(data.UserData)
                    ? facts
                    : throw new ProtocolViolationException("Joining", $"data on channel {data.ChannelId}");
            default:
                throw new ProtocolViolationException("Joining", $"MCS PDU 0x{mcs[0]:X2} from the back end");
        }
    }

    /// <summary>As before, and licensing PDUs, which are withheld. Anything else on the I/O channel would skip licensing.</summary>
    internal static FrameAction OnLicensing(ConnectionFacts facts, ReadOnlySpan<byte> frame)
    {
        var mcs = DataFrame.Open(frame);
        if (DataFrame.Choice(mcs) == SendDataIndication.Choice)
        {
            var data = Pdu.Decode<SendDataIndication>(mcs);
            if (data.ChannelId == facts.IoChannelId)
            {
                return LicensingPdu.IsLicensing(data.UserData)
                    ? new FrameAction.WithholdBackEnd(
                        data.UserData,
                        ToClient: new(data.Initiator, data.ChannelId),
                        ToBackEnd: new(facts.UserChannelId ?? data.Initiator, data.ChannelId))
                    : throw new ProtocolViolationException("Licensing", "a PDU on the I/O channel that is not licensing");
            }
        }

        _ = OnJoining(facts, frame);
        return new FrameAction.Relay();
    }
}
