using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Tests.Clients;

/// <summary>
/// A whole RDP client from the X.224 Connection Request to Demand Active, without I/O.
/// <code>
/// var client = new RdpClientScript(options);
/// write(client.Start());
/// while (client.End is null)
///     foreach (var output in client.Received(readFrame()))   // Framing.TryReadFrame
///         switch (output) { case Send send: write(send.Frame); break; case StartTls: tls(); break; case Finish: return; }
/// </code>
/// </summary>
public sealed class RdpClientScript(RdpClientOptions options)
{
    private readonly Queue<ushort> _channelsToJoin = new();
    private Phase _phase = Phase.Negotiation;
    private ushort _user;
    private ushort _ioChannel;

    private enum Phase
    {
        Negotiation,
        ConnectResponse,
        AttachUser,
        ChannelJoin,
        Licensing,
        Over,
    }

    public LicensingClientScript Licensing { get; } = new(options.Licensing);

    /// <summary><c>null</c> while the script goes on.</summary>
    public RdpClientEnd? End { get; private set; }

    /// <summary>Set Error Info that came, if any.</summary>
    public ErrorInfoCode? ErrorInfo { get; private set; }

    public NegotiationFailureCode? NegotiationFailure { get; private set; }

    /// <summary>The MCS user channel that the server gave.</summary>
    public ushort UserChannelId => _user;

    /// <summary>The first frame: X.224 Connection Request.</summary>
    public byte[] Start() => McsEnvelope.Negotiation(new ConnectionRequest
    {
        RoutingData = System.Text.Encoding.Latin1.GetBytes($"Cookie: mstshash={options.Licensing.UserName}"),
        Negotiation = options.RequestedProtocols is { } protocols ? new(NegotiationRequestFlags.None, protocols) : null,
    });

    /// <summary>One whole frame from the server.</summary>
    public IReadOnlyList<RdpClientOutput> Received(ReadOnlySpan<byte> frame)
    {
        if (_phase == Phase.Negotiation)
            return OnConfirm(Pdu.Decode<ConnectionConfirm>(frame[Framing.TpktHeaderLength..]));

        var mcs = frame[(Framing.TpktHeaderLength + new X224Data().Size)..];
        if ((mcs[0] & 0xFC) == 0x20)
            return Finish(RdpClientEnd.Disconnected);
        return _phase switch
        {
            Phase.ConnectResponse => OnConnectResponse(Pdu.Decode<McsConnectResponse>(mcs)),
            Phase.AttachUser => OnAttached(Pdu.Decode<AttachUserConfirm>(mcs)),
            Phase.ChannelJoin => OnJoined(Pdu.Decode<ChannelJoinConfirm>(mcs)),
            Phase.Licensing => OnData(Pdu.Decode<SendDataIndication>(mcs)),
            _ => throw new InvalidOperationException("A frame after the end."),
        };
    }

    private IReadOnlyList<RdpClientOutput> OnConfirm(ConnectionConfirm confirm)
    {
        NegotiationFailure = (confirm.Result as ConnectionConfirm.Negotiation.Failure)?.Code;
        if (confirm.Result is not ConnectionConfirm.Negotiation.Response { SelectedProtocol: SecurityProtocols.Ssl })
            return Finish(RdpClientEnd.NotNegotiated);
        _phase = Phase.ConnectResponse;
        return [new RdpClientOutput.StartTls(), new RdpClientOutput.Send(McsEnvelope.Data(new McsConnectInitial(Blocks())))];
    }

    private IReadOnlyList<GccBlock> Blocks() =>
    [
        GccBlock.Of(GccBlockType.ClientCore, new ClientCoreData
        {
            DesktopWidth = 1024,
            DesktopHeight = 768,
            KeyboardLayout = 0x409,
            ClientBuild = options.Licensing.Form == ClientForm.Rdesktop ? 2600u : 18363u,
            ClientName = options.Licensing.MachineName,
            KeyboardType = 4,
            KeyboardFunctionKey = 12,
            PostBeta2ColorDepth = 0xCA01,
            ClientProductId = 1,
            SerialNumber = 0,
            HighColorDepth = 24,
            SupportedColorDepths = 7,
            EarlyCapabilityFlags = options.SupportsErrorInfo ? EarlyCapabilityFlags.SupportErrorInfoPdu : EarlyCapabilityFlags.None,
            ClientDigProductId = "",
            ConnectionType = 0,
            ServerSelectedProtocol = SecurityProtocols.Ssl,
        }),
        GccBlock.Of(GccBlockType.ClientCluster, new ClientClusterData(options.Administrative ? 0x0Fu : 0x0Du, 0)),
        GccBlock.Of(GccBlockType.ClientSecurity, new ClientSecurityData(0, 0)),
        GccBlock.Of(GccBlockType.ClientNetwork, new ClientNetworkData(
            [.. options.Channels.Select(name => new ClientNetworkData.Channel(name, 0x8080_0000))])),
    ];

    private IReadOnlyList<RdpClientOutput> OnConnectResponse(McsConnectResponse response)
    {
        var network = response.Network ?? throw new InvalidOperationException("No SC_NET.");
        if (response.Core?.ClientRequestedProtocols is { } echoed && echoed != options.RequestedProtocols)
            throw new InvalidOperationException("clientRequestedProtocols is not what was asked: a strict client would end here.");
        _ioChannel = network.IoChannelId;
        _channelsToJoin.Enqueue(_ioChannel);
        foreach (var channel in network.ChannelIds)
            _channelsToJoin.Enqueue(channel);
        _phase = Phase.AttachUser;
        byte[] heights = options.Licensing.Form == ClientForm.Rdesktop ? [0, 1, 0, 1] : [1, 0, 1, 0];
        return [Send(new ErectDomainRequest(heights)), Send(new AttachUserRequest())];
    }

    private IReadOnlyList<RdpClientOutput> OnAttached(AttachUserConfirm confirm)
    {
        _user = confirm.UserChannelId ?? throw new InvalidOperationException("No user channel.");
        _phase = Phase.ChannelJoin;
        return [Send(new ChannelJoinRequest(_user, _user))];
    }

    private IReadOnlyList<RdpClientOutput> OnJoined(ChannelJoinConfirm confirm)
    {
        if (confirm.Result != 0)
            throw new InvalidOperationException($"Channel {confirm.Requested} was not joined.");
        if (_channelsToJoin.TryDequeue(out var next))
            return [Send(new ChannelJoinRequest(_user, next))];

        var info = new ClientInfo
        {
            // xrdp ends the connection unless the first four are set.
            Flags = ClientInfoFlags.Mouse | ClientInfoFlags.DisableCtrlAltDel | ClientInfoFlags.Unicode | ClientInfoFlags.MaximizeShell
                | ClientInfoFlags.LogonNotify
                | (options.Password.Length > 0 ? ClientInfoFlags.AutoLogon : ClientInfoFlags.None),
            UserName = options.Licensing.UserName,
            Domain = options.Domain,
            Extended = new() { AddressFamily = 2, Address = "192.0.2.1", Directory = @"C:\", Trailing = new byte[172 + 4 + 4 + 2] },
        };
        _phase = Phase.Licensing;
        return [SendData([.. Pdu.Encode(new SecurityHeader(SecurityFlags.InfoPacket)), .. info.EncodeWithPassword(options.Password)])];
    }

    private IReadOnlyList<RdpClientOutput> OnData(SendDataIndication data)
    {
        if (data.ChannelId != _ioChannel)
            return [];
        if (LicensingPdu.IsLicensing(data.UserData))
        {
            var answer = Licensing.Answer(Pdu.Decode<LicensingPdu>(data.UserData));
            if (Licensing.End == LicensingClientEnd.Refused)
                return Finish(RdpClientEnd.LicenseRefused);
            return answer is null ? [] : [SendData(Pdu.Encode(answer))];
        }

        var reader = new WireReader(data.UserData);
        _ = reader.ReadUInt16LittleEndian("totalLength");
        if ((reader.ReadUInt16LittleEndian("pduType") & 0x0F) == 1)
        {
            return Licensing.End is null
                ? throw new InvalidOperationException("Demand Active before licensing had ended.")
                : Finish(RdpClientEnd.DemandActive);
        }

        ErrorInfo = Pdu.Decode<SetErrorInfo>(data.UserData).Code;
        return [];
    }

    private IReadOnlyList<RdpClientOutput> Finish(RdpClientEnd end)
    {
        (_phase, End) = (Phase.Over, end);
        return [new RdpClientOutput.Finish(end)];
    }

    private static RdpClientOutput.Send Send<T>(T pdu) where T : IPdu<T> => new(McsEnvelope.Data(pdu));

    private RdpClientOutput.Send SendData(byte[] userData) => new(new McsEnvelope(_user, _ioChannel).Request(userData));
}
