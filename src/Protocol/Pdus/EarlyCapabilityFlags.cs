namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPBCGR] 2.2.1.3.2, earlyCapabilityFlags of TS_UD_CS_CORE.</summary>
[Flags]
public enum EarlyCapabilityFlags
{
    None = 0,
    SupportErrorInfoPdu = 0x0001,
    Want32BppSession = 0x0002,
    SupportStatusInfoPdu = 0x0004,
    StrongAsymmetricKeys = 0x0008,
    ValidConnectionType = 0x0020,
    SupportMonitorLayoutPdu = 0x0040,
    SupportNetworkCharacteristicsAutoDetect = 0x0080,
    SupportDynamicVirtualChannelGraphics = 0x0100,
    SupportDynamicTimeZone = 0x0200,
    SupportHeartbeatPdu = 0x0400,
    SupportSkipChannelJoin = 0x0800,
}
