using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

/// <summary>Frames of a back end, and sequences brought to a state.</summary>
public static class ConnectionScripts
{
    public const ushort User = 1007;
    public const ushort IoChannel = 1003;
    public const ushort MessageChannel = 1008;

    public static McsEnvelope Envelope { get; } = new(User, IoChannel);

    /// <summary>xrdp 0.9 and 0.10 send the same; xrdp 0.9 with a junk high word and blob type.</summary>
    public static byte[] ValidClientAlert { get; } =
        Envelope.Indication(Samples.Hex("80 02 3E 01 FF 03 10 00 07 00 00 00 02 00 00 00 28 14 00 00"));

    public static byte[] DemandActive { get; } = Envelope.Indication(DemandActiveOf(0x019A));

    public static byte[] LicenseRequest { get; } = Envelope.Indication(Pdu.Encode(new LicensingPdu(new(SecurityFlags.LicensePacket, 0x013E), 2,
        Pdus.LicenseRequest.Create(new byte[32], new(0x0006_0000, "Company", "236"), new byte[184], "scope"))));

    /// <summary>totalLength, pduType 0x11, pduSource, shareId, and whatever: of the given length.</summary>
    public static byte[] DemandActiveOf(int length)
    {
        var bytes = new byte[length];
        (bytes[0], bytes[1], bytes[2]) = ((byte)length, (byte)(length >> 8), 0x11);
        return bytes;
    }

    public static byte[] Confirm(SecurityProtocols selected) => McsEnvelope.Negotiation(
        new ConnectionConfirm(new ConnectionConfirm.Negotiation.Response(1, selected)));

    public static byte[] ConnectResponse(SecurityProtocols echoed, ushort? messageChannel = null) => McsEnvelope.Data(new McsConnectResponse(
    [
        GccBlock.Of(GccBlockType.ServerCore, new ServerCoreData(0x0008_0004, echoed, 0)),
        GccBlock.Of(GccBlockType.ServerSecurity, new ServerSecurityData(0, 0, [])),
        GccBlock.Of(GccBlockType.ServerNetwork, new ServerNetworkData(IoChannel, [1004, 1005, 1006])),
        .. messageChannel is { } channel
            ? [GccBlock.Of(GccBlockType.ServerMessageChannel, new ServerMessageChannelData(channel))]
            : Array.Empty<GccBlock>(),
    ]));

    /// <summary>The back end's answer to a client frame, as xrdp gives it; <c>null</c> if it only listens.</summary>
    public static byte[]? Answer(BackEndSecurity security, byte[] frame, ushort? messageChannel = null)
    {
        if ((frame[5] & 0xF0) == 0xE0)
            return Confirm(security == BackEndSecurity.Clear ? SecurityProtocols.Rdp : SecurityProtocols.Ssl);
        return frame[7] switch
        {
            0x7F => ConnectResponse(security == BackEndSecurity.Clear ? SecurityProtocols.Ssl | SecurityProtocols.Hybrid : SecurityProtocols.Ssl, messageChannel),
            0x28 => McsEnvelope.Data(new AttachUserConfirm(0, User)),
            0x38 when Pdu.Decode<ChannelJoinRequest>(frame.AsSpan(7)) is { } join
                => McsEnvelope.Data(new ChannelJoinConfirm(0, join.Initiator, join.ChannelId, join.ChannelId)),
            _ => null,
        };
    }

    /// <summary>A sequence that has seen the first <paramref name="steps"/> frames of an ordinary connection (8 and more: up to licensing).</summary>
    public static ConnectionSequence Advanced(
        BackEndSecurity security, int steps, RdpClientOptions? options = null, ushort? messageChannel = null)
    {
        var sequence = new ConnectionSequence(security);
        var client = new RdpClientScript(options ?? new());
        var toServer = new Queue<byte[]>([client.Start()]);
        while (steps-- > 0 && toServer.TryDequeue(out var frame))
        {
            frame = sequence.FromClient(frame) is FrameAction.RelayPatched patched ? patched.Frame : frame;
            if (Answer(security, frame, messageChannel) is not { } answer)
                continue;
            answer = sequence.FromServer(answer) switch
            {
                FrameAction.StartTls tls => tls.Confirm,
                FrameAction.RelayPatched other => other.Frame,
                _ => answer,
            };
            foreach (var output in client.Received(answer).OfType<RdpClientOutput.Send>())
                toServer.Enqueue(output.Frame);
        }

        return sequence;
    }

    public static ConnectionSequence InLicensing(RdpClientOptions? options = null, ushort? messageChannel = null)
    {
        var sequence = Advanced(BackEndSecurity.Clear, int.MaxValue, options, messageChannel);
        Assert.Equal("Licensing", sequence.StateName);
        return sequence;
    }
}
