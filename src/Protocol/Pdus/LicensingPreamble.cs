using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPBCGR] 2.2.1.12.1.1 Licensing Preamble (LICENSE_PREAMBLE): <c>bMsgType | flags | wMsgSize (2, this header and the body)</c>.</summary>
/// <param name="Type">See <see cref="LicensingMessageType"/>; unknown values are kept.</param>
/// <param name="Flags">Low 4 bits: version, 2 or 3. <see cref="ExtendedErrorSupported"/> is the client's alone.</param>
/// <param name="MessageSize">Preamble and body, in bytes.</param>
public sealed record LicensingPreamble(LicensingMessageType Type, byte Flags, ushort MessageSize) : IPdu<LicensingPreamble>
{
    public const int Length = 4;

    /// <summary>PREAMBLE_VERSION_3_0</summary>
    public const byte Version3 = 3;

    /// <summary>EXTENDED_ERROR_MSG_SUPPORTED. A server must not set it: mstsc is said to crash.</summary>
    public const byte ExtendedErrorSupported = 0x80;

    public int Size => 1 /* bMsgType */ + 1 /* flags */ + 2 /* wMsgSize */;

    public static LicensingPreamble Read(ref WireReader reader) => new(
        (LicensingMessageType)reader.ReadByte("bMsgType"),
        reader.ReadByte("flags"),
        reader.ReadUInt16LittleEndian("wMsgSize"));

    public void Write(ref WireWriter writer)
    {
        writer.WriteByte((byte)Type);
        writer.WriteByte(Flags);
        writer.WriteUInt16LittleEndian(MessageSize);
    }
}

/// <summary>[MS-RDPBCGR] 2.2.1.12.1.1, bMsgType.</summary>
public enum LicensingMessageType
{
    /// <summary>LICENSE_REQUEST, server to client.</summary>
    LicenseRequest = 0x01,

    /// <summary>PLATFORM_CHALLENGE, server to client.</summary>
    PlatformChallenge = 0x02,

    /// <summary>NEW_LICENSE, server to client.</summary>
    NewLicense = 0x03,

    /// <summary>UPGRADE_LICENSE, server to client.</summary>
    UpgradeLicense = 0x04,

    /// <summary>LICENSE_INFO, client to server.</summary>
    LicenseInfo = 0x12,

    /// <summary>NEW_LICENSE_REQUEST, client to server.</summary>
    NewLicenseRequest = 0x13,

    /// <summary>PLATFORM_CHALLENGE_RESPONSE, client to server.</summary>
    PlatformChallengeResponse = 0x15,

    /// <summary>ERROR_ALERT, both directions.</summary>
    ErrorAlert = 0xFF,
}
