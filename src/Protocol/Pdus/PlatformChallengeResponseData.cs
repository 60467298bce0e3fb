using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPELE] 2.2.2.5.1 Platform Challenge Response Data (PLATFORM_CHALLENGE_RESPONSE_DATA):
/// <c>wVersion (2) | wClientType (2) | wLicenseDetailLevel (2) | cbChallenge (2) | pbChallenge</c>.
/// </summary>
/// <param name="Version">0x0100.</param>
/// <param name="ClientType">See <see cref="LicensingClientType"/>; unknown values are kept.</param>
/// <param name="LicenseDetailLevel">1 simple, 2 moderate, 3 detail.</param>
/// <param name="Challenge">As the server sent it, in clear.</param>
public sealed record PlatformChallengeResponseData(ushort Version, LicensingClientType ClientType, ushort LicenseDetailLevel, byte[] Challenge)
    : IPdu<PlatformChallengeResponseData>
{
    public const ushort CurrentVersion = 0x0100;

    public int Size => 2 /* wVersion */ + 2 /* wClientType */ + 2 /* wLicenseDetailLevel */ + 2 /* cbChallenge */ + Challenge.Length;

    public static PlatformChallengeResponseData Read(ref WireReader reader)
    {
        var version = reader.ReadUInt16LittleEndian("wVersion");
        var type = (LicensingClientType)reader.ReadUInt16LittleEndian("wClientType");
        var level = reader.ReadUInt16LittleEndian("wLicenseDetailLevel");
        var length = reader.ReadLengthUInt16LittleEndian("cbChallenge", Limits.LicensingBlob);
        return new(version, type, level, reader.ReadBytes(length, "pbChallenge").ToArray());
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt16LittleEndian(Version);
        writer.WriteUInt16LittleEndian((ushort)ClientType);
        writer.WriteUInt16LittleEndian(LicenseDetailLevel);
        writer.WriteUInt16LittleEndian(checked((ushort)Challenge.Length));
        writer.WriteBytes(Challenge);
    }
}
