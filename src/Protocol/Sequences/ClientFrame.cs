using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Sequences;

/// <summary>What a client's frame may be between the Connect Response and the end of licensing.</summary>
internal static class ClientFrame
{
    /// <summary>Domain, user, channels, and at last Client Info, which ends this phase.</summary>
    internal static (ConnectionFacts Facts, bool EndsJoining) OnJoining(ConnectionFacts facts, ReadOnlySpan<byte> frame)
    {
        var mcs = DataFrame.Open(frame);
        switch (DataFrame.Choice(mcs))
        {
            case ErectDomainRequest.Choice:
                _ = Pdu.Decode<ErectDomainRequest>(mcs);
                return (facts, false);
            case AttachUserRequest.Choice:
                _ = Pdu.Decode<AttachUserRequest>(mcs);
                return (facts, false);
            case ChannelJoinRequest.Choice:
                _ = Pdu.Decode<ChannelJoinRequest>(mcs);
                return (facts, false);
            case DisconnectProviderUltimatum.Choice:
                _ = Pdu.Decode<DisconnectProviderUltimatum>(mcs);
                return (facts, false);
            case SendDataRequest.Choice:
                return OnData(facts, Pdu.Decode<SendDataRequest>(mcs));
            default:
                throw Violation("Joining", mcs);
        }
    }

    /// <summary>Licensing PDUs, and what the message channel is for.</summary>
    internal static FrameAction OnLicensing(ConnectionFacts facts, ReadOnlySpan<byte> frame)
    {
        var mcs = DataFrame.Open(frame);
        switch (DataFrame.Choice(mcs))
        {
            case DisconnectProviderUltimatum.Choice:
                _ = Pdu.Decode<DisconnectProviderUltimatum>(mcs);
                return new FrameAction.Relay();
            case SendDataRequest.Choice:
                var data = Pdu.Decode<SendDataRequest>(mcs);
                if (data.ChannelId == facts.IoChannelId)
                    return OnIoChannel(data.UserData);
                if (data.ChannelId == facts.MessageChannelId && DataFrame.IsMessageChannelTraffic(data.UserData))
                    return new FrameAction.Relay();
                throw new ProtocolViolationException("Licensing", $"data on channel {data.ChannelId}");
            default:
                throw Violation("Licensing", mcs);
        }
    }

    private static (ConnectionFacts, bool) OnData(ConnectionFacts facts, SendDataRequest data)
    {
        if (data.ChannelId == facts.MessageChannelId && DataFrame.IsMessageChannelTraffic(data.UserData))
            return (facts, false);
        if (data.ChannelId != facts.IoChannelId)
            throw new ProtocolViolationException("Joining", $"data on channel {data.ChannelId}");

        var reader = new WireReader(data.UserData);
        var flags = SecurityHeader.Read(ref reader).Flags;
        const SecurityFlags OtherKinds = SecurityFlags.ExchangePacket | SecurityFlags.Encrypt | SecurityFlags.LicensePacket;
        if (!flags.HasFlag(SecurityFlags.InfoPacket) || (flags & OtherKinds) != 0)
            throw new ProtocolViolationException("Joining", $"security flags 0x{(int)flags:X4}");
        var info = ClientInfo.Read(ref reader);
        return (
            facts with
            {
                UserChannelId = facts.UserChannelId ?? data.Initiator,
                UserName = info.UserName,
                Domain = info.Domain,
                ClientInfoFlags = info.Flags,
            },
            true);
    }

    // Whatever else is wrong with a licensing PDU is the exchange's to say, for the client gets an alert for it.
    private static FrameAction.ClientLicensing OnIoChannel(byte[] userData)
    {
        var reader = new WireReader(userData);
        return SecurityHeader.Read(ref reader).Flags.HasFlag(SecurityFlags.LicensePacket)
            ? new FrameAction.ClientLicensing(userData)
            : throw new ProtocolViolationException("Licensing", "a PDU on the I/O channel that is not licensing");
    }

    private static ProtocolViolationException Violation(string state, ReadOnlySpan<byte> mcs) =>
        new(state, $"MCS PDU 0x{mcs[0]:X2} from the client");
}
