namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.5.1.1, errorInfo: the codes that licensing uses (ERRINFO_LICENSE_…). xfreerdp 2 and mstsc show a text for each.
/// </summary>
public enum ErrorInfoCode : uint
{
    LicenseInternal = 0x0100,
    NoLicenseServer = 0x0101,
    NoLicense = 0x0102,
    BadClientMessage = 0x0103,
    HardwareIdDoesNotMatchLicense = 0x0104,
    BadClientLicense = 0x0105,
    CannotFinishProtocol = 0x0106,
    ClientEndedProtocol = 0x0107,
    BadClientEncryption = 0x0108,
    CannotUpgradeLicense = 0x0109,
    NoRemoteConnections = 0x010A,
}
