using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Sequences;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Tests.Clients;

/// <summary>How a scripted back end does licensing.</summary>
public enum BackEndForm
{
    /// <summary>Sends LICENSE_REQUEST, waits for anything with a licensing flag, then STATUS_VALID_CLIENT and Demand Active.</summary>
    Xrdp09,

    /// <summary>Sends STATUS_VALID_CLIENT and Demand Active right behind it.</summary>
    Xrdp010,

    /// <summary>Sends LICENSE_REQUEST, then PLATFORM_CHALLENGE: licenses for itself, as Windows does.</summary>
    Licensing,

    /// <summary>Sends an alert that aborts.</summary>
    Refusing,

    /// <summary>Sends Demand Active and no licensing at all.</summary>
    Skipping,
}

/// <summary>
/// Plays a back end from the X.224 Connection Request to Demand Active, without I/O: one frame in, frames out.
/// After the Connection Confirm do TLS as server if the script was made for <see cref="BackEndSecurity.Tls"/>.
/// </summary>
public sealed class BackEndScript(BackEndForm form, BackEndSecurity security = BackEndSecurity.Clear, ushort? messageChannel = null)
{
    public const ushort IoChannel = 1003;
    public const ushort User = 1007;
    private SecurityProtocols _requested;

    public static McsEnvelope Envelope { get; } = new(User, IoChannel);

    /// <summary>totalLength, pduType 0x11, pduSource, shareId, and zeros. 0x019A is a length with the licensing bit set.</summary>
    public static byte[] DemandActive { get; } = Envelope.Indication([0x9A, 0x01, 0x11, .. new byte[0x019A - 3]]);

    /// <summary>With the junk that xrdp 0.9 leaves in flagsHi and the blob type.</summary>
    public static byte[] ValidClientAlert { get; } = Envelope.Indication(Pdu.Encode(new LicensingPdu(
        new(SecurityFlags.LicensePacket | SecurityFlags.LicenseEncryptClientToServer, 0x013E),
        LicensingPreamble.Version3,
        new ErrorAlert(LicensingErrorCode.ValidClient, LicensingStateTransition.NoTransition, new((LicensingBlobType)0x1428, [])))));

    /// <summary>As xrdp 0.9: preamble version 2, product 236.</summary>
    public static byte[] LicenseRequest { get; } = Envelope.Indication(Pdu.Encode(new LicensingPdu(
        new(SecurityFlags.LicensePacket, 0x013E),
        2,
        Pdus.LicenseRequest.Create(new byte[32], new(0x0006_0000, "Company", "236"), new byte[184], "scope"))));

    public static byte[] PlatformChallenge { get; } = Envelope.Indication(Pdu.Encode(new LicensingPdu(
        new PlatformChallenge(new(LicensingBlobType.EncryptedData, new byte[10]), new byte[16]))));

    public static byte[] Abort { get; } = Envelope.Indication(Pdu.Encode(new LicensingPdu(ErrorAlert.Abort(LicensingErrorCode.NoLicenseServer))));

    /// <summary>What reached the back end, in order: X.224 code or first MCS byte, and on the I/O channel the low byte of the security flags.</summary>
    public List<string> Received { get; } = [];

    /// <summary>Demand Active was sent.</summary>
    public bool IsActive { get; private set; }

    /// <summary>One whole frame from the client's side.</summary>
    public IReadOnlyList<byte[]> Answer(ReadOnlySpan<byte> frame)
    {
        if (frame[5] == 0xE0)
        {
            Received.Add("E0");
            _requested = Pdu.Decode<ConnectionRequest>(frame[Framing.TpktHeaderLength..]).Negotiation?.RequestedProtocols ?? SecurityProtocols.Rdp;
            return [Confirm(security == BackEndSecurity.Clear ? SecurityProtocols.Rdp : SecurityProtocols.Ssl)];
        }

        var mcs = frame[7..];
        Received.Add($"{mcs[0]:X2}");
        switch (mcs[0])
        {
            case 0x7F:
                return [ConnectResponse(_requested, messageChannel)];
            case 0x28:
                return [McsEnvelope.Data(new AttachUserConfirm(0, User))];
            case 0x38:
                var join = Pdu.Decode<ChannelJoinRequest>(mcs);
                return [McsEnvelope.Data(new ChannelJoinConfirm(0, join.Initiator, join.ChannelId, join.ChannelId))];
            case 0x64:
                return OnData(Pdu.Decode<SendDataRequest>(mcs));
            default:
                return [];
        }
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

    private IReadOnlyList<byte[]> OnData(SendDataRequest data)
    {
        var flags = Pdu.Decode<SecurityHeader>(data.UserData.AsSpan(0, SecurityHeader.Length)).Flags;
        Received[^1] += $" {data.ChannelId} {(int)flags & 0xFF:X2}";
        if (data.ChannelId != IoChannel)
            return [];
        var isInfo = flags.HasFlag(SecurityFlags.InfoPacket);
        switch (form)
        {
            case BackEndForm.Xrdp09 or BackEndForm.Licensing when isInfo:
                return [LicenseRequest];
            case BackEndForm.Licensing when flags.HasFlag(SecurityFlags.LicensePacket):
                return [PlatformChallenge];
            case BackEndForm.Refusing when isInfo:
                return [Abort];
            case BackEndForm.Skipping when isInfo:
                IsActive = true;
                return [DemandActive];
            case BackEndForm.Xrdp010 when isInfo:
            case BackEndForm.Xrdp09 when flags.HasFlag(SecurityFlags.LicensePacket):
                IsActive = true;
                return [ValidClientAlert, DemandActive];
            default:
                return [];
        }
    }
}
