using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.8.1.1.2.1 Basic (TS_SECURITY_HEADER): <c>flags (2) | flagsHi (2)</c>.
/// Under TLS only Client Info, licensing and message-channel PDUs have one.
/// </summary>
/// <param name="Flags">See <see cref="SecurityFlags"/>; unknown bits are kept.</param>
/// <param name="FlagsHigh">Meaningless unless a flag says otherwise: xrdp 0.9 leaves junk in it. Kept.</param>
public sealed record SecurityHeader(SecurityFlags Flags, ushort FlagsHigh = 0) : IPdu<SecurityHeader>
{
    public const int Length = 4;

    public int Size => 2 /* flags */ + 2 /* flagsHi */;

    public static SecurityHeader Read(ref WireReader reader) =>
        new((SecurityFlags)reader.ReadUInt16LittleEndian("flags"), reader.ReadUInt16LittleEndian("flagsHi"));

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt16LittleEndian((ushort)Flags);
        writer.WriteUInt16LittleEndian(FlagsHigh);
    }
}

/// <summary>[MS-RDPBCGR] 2.2.8.1.1.2.1, flags.</summary>
[Flags]
public enum SecurityFlags
{
    None = 0,
    ExchangePacket = 0x0001,
    TransportRequest = 0x0002,
    TransportResponse = 0x0004,
    Encrypt = 0x0008,
    InfoPacket = 0x0040,
    LicensePacket = 0x0080,
    LicenseEncryptClientToServer = 0x0200,
    AutoDetectRequest = 0x1000,
    AutoDetectResponse = 0x2000,
    Heartbeat = 0x4000,
    FlagsHighValid = 0x8000,
}
