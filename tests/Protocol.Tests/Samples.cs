using System.Text;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Tests;

/// <summary>Every PDU at least once. Hexadecimal where the bytes can be checked against the specification by eye.</summary>
public static class Samples
{
    public static IReadOnlyList<PduSample> All { get; } = [.. Negotiation(), .. Mcs(), .. Gcc(), .. Session(), .. Licensing(), .. Certificates()];

    public static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));

    private static string Ascii(string text) => Convert.ToHexString(Encoding.ASCII.GetBytes(text));

    private static string Unicode(string text) => Convert.ToHexString(Encoding.Unicode.GetBytes(text));

    private static byte[] Count(int length, int first = 0) => [.. Enumerable.Range(first, length).Select(i => (byte)i)];

    private static IEnumerable<PduSample> Negotiation() =>
    [
        new PduSample<TpktHeader>("TPKT header", Hex("03 00 00 13")),
        new PduSample<X224Data>("X.224 data", Hex("02 F0 80")),
        new PduSample<NegotiationRequest>("negotiation request", Hex("01 08 08 00 03 00 00 00")),
        new PduSample<CorrelationInfo>("correlation info", Hex("06 00 24 00 0102030405060708090A0B0C0D0E0F10" + new string('0', 32))),
        new PduSample<ConnectionRequest>("connection request without anything", Hex("06 E0 0000 0000 00")),
        new PduSample<ConnectionRequest>("connection request with cookie and negotiation",
            Fix(Hex("00 E0 0000 0000 00" + Ascii("Cookie: mstshash=alice\r\n") + "01 00 08 00 03 00 00 00"))),
        new PduSample<ConnectionRequest>("connection request with routing token and correlation",
            Fix(Hex("00 E0 0000 0000 00" + Ascii("Cookie: msts=3640205228.15629.0000\r\n") + "01 08 08 00 0B 00 00 00"
                + "06 00 24 00 0102030405060708090A0B0C0D0E0F10" + new string('0', 32)))),
        new PduSample<ConnectionConfirm>("connection confirm without negotiation", Hex("06 D0 0000 1234 00")),
        new PduSample<ConnectionConfirm>("connection confirm with response", Hex("0E D0 0000 1234 00 02 01 08 00 01 00 00 00")),
        new PduSample<ConnectionConfirm>("connection confirm with failure", Hex("0E D0 0000 1234 00 03 00 08 00 01 00 00 00")),
    ];

    // Puts the right length indicator in front.
    private static byte[] Fix(byte[] request)
    {
        request[0] = (byte)(request.Length - 1);
        return request;
    }

    private static IEnumerable<PduSample> Mcs() =>
    [
        new PduSample<DomainParameters>("domain parameters",
            Hex("30 19 02 01 22 02 01 02 02 01 00 02 01 01 02 01 00 02 01 01 02 02 7F FF 02 01 02")),
        new PduSample<McsConnectInitial>("connect initial", Pdu.Encode(new McsConnectInitial(ClientBlocks()))),
        new PduSample<McsConnectResponse>("connect response", Pdu.Encode(new McsConnectResponse(ServerBlocks()))),
        new PduSample<ErectDomainRequest>("erect domain request", Hex("04 01 00 01 00")),
        new PduSample<ErectDomainRequest>("erect domain request of rdesktop", Hex("04 00 01 00 01")),
        new PduSample<AttachUserRequest>("attach user request", Hex("28")),
        new PduSample<AttachUserConfirm>("attach user confirm", Hex("2E 00 00 06")),
        new PduSample<AttachUserConfirm>("attach user confirm without initiator", Hex("2C 03")),
        new PduSample<ChannelJoinRequest>("channel join request", Hex("38 00 06 03 EB")),
        new PduSample<ChannelJoinConfirm>("channel join confirm", Hex("3E 00 00 06 03 EB 03 EB")),
        new PduSample<ChannelJoinConfirm>("channel join confirm without channel", Hex("3C 01 00 06 03 EB")),
        new PduSample<SendDataRequest>("send data request", Hex("64 00 06 03 EB 70 80 04 01 02 03 04")),
        new PduSample<SendDataIndication>("send data indication", Hex("68 00 06 03 EB 70 80 04 01 02 03 04")),
        new PduSample<DisconnectProviderUltimatum>("disconnect provider ultimatum", Hex("21 80")),
    ];

    private static GccBlock[] ClientBlocks() =>
    [
        GccBlock.Of(GccBlockType.ClientCore, Core()),
        GccBlock.Of(GccBlockType.ClientCluster, new ClientClusterData(0x0D, 0)),
        GccBlock.Of(GccBlockType.ClientSecurity, new ClientSecurityData(0, 0)),
        GccBlock.Of(GccBlockType.ClientNetwork, new ClientNetworkData([new("rdpdr", 0x8080_0000), new("cliprdr", 0xC0A0_0000)])),
        GccBlock.Of(GccBlockType.ClientMessageChannel, new ClientMessageChannelData(0)),
        new(GccBlockType.ClientMultitransport, [1, 3, 0, 0]),
    ];

    private static GccBlock[] ServerBlocks() =>
    [
        GccBlock.Of(GccBlockType.ServerCore, new ServerCoreData(0x0008_0004, SecurityProtocols.Ssl, 1)),
        GccBlock.Of(GccBlockType.ServerSecurity, new ServerSecurityData(0, 0, [])),
        GccBlock.Of(GccBlockType.ServerNetwork, new ServerNetworkData(1003, [1004, 1005, 1006])),
        GccBlock.Of(GccBlockType.ServerMessageChannel, new ServerMessageChannelData(1007)),
    ];

    private static ClientCoreData Core() => new()
    {
        DesktopWidth = 1024,
        DesktopHeight = 768,
        KeyboardLayout = 0x409,
        ClientBuild = 18363,
        ClientName = "KIOSK-01",
        KeyboardType = 4,
        KeyboardFunctionKey = 12,
        PostBeta2ColorDepth = 0xCA01,
        ClientProductId = 1,
        SerialNumber = 0,
        HighColorDepth = 24,
        SupportedColorDepths = 15,
        EarlyCapabilityFlags = EarlyCapabilityFlags.SupportErrorInfoPdu,
        ClientDigProductId = "00371-OEM-8992671-00524",
        ConnectionType = 6,
        ServerSelectedProtocol = SecurityProtocols.Ssl,
    };

    private static IEnumerable<PduSample> Gcc()
    {
        int[] coreBoundaries = [128, 130, 132, 136, 138, 140, 142, 206, 208];
        return
        [
            new PduSample<GccBlock>("GCC block", Hex("0A C0 08 00 01 03 00 00")),
            new PduSample<ClientCoreData>("client core data", Pdu.Encode(Core()), coreBoundaries.Contains),
            new PduSample<ClientCoreData>("client core data with physical size",
                Pdu.Encode(Core() with { Trailing = Count(18) }), length => coreBoundaries.Contains(length) || length >= 212),
            new PduSample<ClientSecurityData>("client security data", Hex("1B 00 00 00 00 00 00 00")),
            new PduSample<ClientNetworkData>("client network data",
                Hex("02 00 00 00" + Ascii("rdpdr") + "000000 00008080" + Ascii("cliprdr") + "00 0000A0C0")),
            new PduSample<ClientClusterData>("client cluster data", Hex("0F 00 00 00 00 00 00 00")),
            new PduSample<ClientMessageChannelData>("client message channel data", Hex("00 00 00 00")),
            new PduSample<ServerCoreData>("server core data", Hex("04 00 08 00 03 00 00 00 01 00 00 00"), length => length is 4 or 8),
            new PduSample<ServerSecurityData>("server security data", Hex("00 00 00 00 00 00 00 00")),
            new PduSample<ServerSecurityData>("server security data with random",
                Hex("02 00 00 00 02 00 00 00 20 00 00 00"), length => length >= 8),
            new PduSample<ServerNetworkData>("server network data, odd", Hex("EB 03 03 00 EC 03 ED 03 EE 03 00 00")),
            new PduSample<ServerNetworkData>("server network data, even", Hex("EB 03 02 00 EC 03 ED 03")),
            new PduSample<ServerMessageChannelData>("server message channel data", Hex("EF 03")),
        ];
    }

    private static IEnumerable<PduSample> Session()
    {
        var info = Hex("09 04 00 00 5B 01 01 00 0600 0A00 0000 0000 0000"
            + Unicode("DOM") + "0000" + Unicode("alice") + "0000" + "0000" + "0000" + "0000");
        var extended = Hex("02 00 1400" + Unicode("192.0.2.1\0") + "0800" + Unicode(@"C:\" + "\0"));
        byte[] trailing = [.. extended, .. Count(180)];
        byte[] whole = [.. info, .. trailing];
        return
        [
            new PduSample<SecurityHeader>("security header", Hex("80 00 3E 01")),
            new PduSample<ClientInfo>("client info", info),
            new PduSample<ClientInfo>("client info in ANSI", Hex("E4 04 00 00 4B 00 00 00 0300 0500 0000 0000 0200"
                + Ascii("DOM") + "00" + Ascii("alice") + "00" + "00" + "00" + Ascii("/x") + "00")),
            new PduSample<ClientInfo>("client info, extended", whole, length => length == info.Length || length >= info.Length + extended.Length),
            new PduSample<ExtendedClientInfo>("extended client info", trailing, length => length >= extended.Length),
            new PduSample<SetErrorInfo>("set error info", Hex("16 00 17 00 EA 03 00 00 00 00 00 01 04 00 2F 00 00 00 02 01 00 00")),
        ];
    }

    private static IEnumerable<PduSample> Licensing()
    {
        var product = Hex("00 00 06 00 08000000" + Unicode("Abc\0") + "08000000" + Unicode("A02\0"));
        byte[] request = [.. Count(32), .. product, .. Hex("0D00 0400 01000000 0300 0400 AABBCCDD 01000000 0E00 0600" + Ascii("scope") + "00")];
        byte[] newRequest =
        [
            .. Hex("01000000 00000104"), .. Count(32), .. Hex("0200 0400 AABBCCDD"),
            .. Hex("0F00 0600" + Ascii("alice") + "00" + "1000 0900" + Ascii("KIOSK-01") + "00"),
        ];
        byte[] info =
        [
            .. Hex("01000000 00000104"), .. Count(32), .. Hex("0200 0400 AABBCCDD 0100 0300 112233 0900 1400"), .. Count(20), .. Count(16),
        ];
        byte[] newLicense = [.. Hex("0900 0500 0102030405"), .. Count(16)];
        byte[] licenseInfo = [.. Hex("00 00 06 00 06000000" + Ascii("scope") + "00"), .. product[4..], .. Hex("03000000 112233")];
        return
        [
            new PduSample<LicensingPreamble>("licensing preamble", Hex("13 83 40 00")),
            new PduSample<LicensingBlob>("licensing blob", Hex("03 00 02 00 AA BB")),
            new PduSample<LicensingBlob>("licensing blob with a junk type", Hex("28 14 00 00")),
            new PduSample<ProductInfo>("product info", product),
            new PduSample<LicenseRequest>("license request", request),
            new PduSample<NewLicenseRequest>("new license request", newRequest),
            new PduSample<LicenseInfo>("license info", info),
            new PduSample<PlatformChallenge>("platform challenge",
                Hex("00000000 0900 0A00 50a1d008ca29049efe07 a804ef3acd069c239fad055911e2ffa4")),
            new PduSample<PlatformChallengeResponse>("platform challenge response",
                Hex("0900 1200 04a095f79a295a9eaa0700d593dd318b8f68 0900 1400 04a1940cf145d2847e960f3a42f9003f0f715c85 8a776025cb7826750ac0627cf06e93ba")),
            new PduSample<PlatformChallengeResponseData>("platform challenge response data", Hex("0001 00FF 0300 0A00 54004500530054000000")),
            new PduSample<NewLicense>("new license", newLicense),
            new PduSample<UpgradeLicense>("upgrade license", newLicense),
            new PduSample<NewLicenseInfo>("new license info", licenseInfo),
            new PduSample<ErrorAlert>("valid client alert", Hex("07000000 02000000 0400 0000")),
            new PduSample<ErrorAlert>("valid client alert of xrdp 0.9", Hex("07000000 02000000 2814 0000")),
            new PduSample<HardwareId>("hardware id", Hex("00000104686c821a80914aef822465b48019cd34")),
            new PduSample<LicensingPdu>("licensing PDU: valid client", Hex("80 00 00 00 FF 03 10 00 07 00 00 00 02 00 00 00 04 00 00 00")),
            new PduSample<LicensingPdu>("licensing PDU: license request", InPdu(0x01, 0x03, request)),
            new PduSample<LicensingPdu>("licensing PDU: platform challenge",
                InPdu(0x02, 0x03, Hex("00000000 0900 0A00 50a1d008ca29049efe07 a804ef3acd069c239fad055911e2ffa4"))),
            new PduSample<LicensingPdu>("licensing PDU: new license", InPdu(0x03, 0x03, newLicense)),
            new PduSample<LicensingPdu>("licensing PDU: upgrade license", InPdu(0x04, 0x02, newLicense)),
            new PduSample<LicensingPdu>("licensing PDU: license info", InPdu(0x12, 0x83, info)),
            new PduSample<LicensingPdu>("licensing PDU: new license request", InPdu(0x13, 0x83, newRequest)),
            new PduSample<LicensingPdu>("licensing PDU: platform challenge response",
                InPdu(0x15, 0x83, [.. Hex("0900 0200 0102 0900 1400"), .. Count(20), .. Count(16)])),
        ];
    }

    private static byte[] InPdu(byte type, byte flags, byte[] body)
    {
        var size = body.Length + 4;
        return [0x80, 0x00, 0x00, 0x00, type, flags, (byte)size, (byte)(size >> 8), .. body];
    }

    private static IEnumerable<PduSample> Certificates() =>
    [
        new PduSample<ProprietaryCertificate>("proprietary certificate",
        [
            .. Hex("01000000 01000000 01000000 0600 5C00 52534131 48000000 00020000 3F000000 01000100"), .. Count(64, 1), .. new byte[8],
            .. Hex("0800 4800"), .. Count(64, 3), .. new byte[8],
        ]),
        new PduSample<X509CertificateChain>("X.509 certificate chain", Hex("02000080 02000000 03000000 010203 04000000 0A0B0C0D" + new string('0', 32))),
    ];
}
