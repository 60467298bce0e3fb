namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPBCGR] 2.2.1.11.1.1, flags of TS_INFO_PACKET: those that we name. Others are kept.</summary>
[Flags]
public enum ClientInfoFlags : uint
{
    None = 0,
    Mouse = 0x0001,
    DisableCtrlAltDel = 0x0002,
    AutoLogon = 0x0008,
    Unicode = 0x0010,
    MaximizeShell = 0x0020,
    LogonNotify = 0x0040,
    EnableWindowsKey = 0x0100,
    LogonErrors = 0x0001_0000,
}
