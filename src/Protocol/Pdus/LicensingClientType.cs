namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPELE] 2.2.2.5.1, wClientType.</summary>
public enum LicensingClientType
{
    /// <summary>Not on the wire: the client sent no response data structure.</summary>
    Unknown = 0,
    Win32 = 0x0100,
    Win16 = 0x0200,
    WinCE = 0x0300,
    Other = 0xFF00,
}
