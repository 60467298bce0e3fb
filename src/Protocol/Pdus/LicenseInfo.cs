using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPELE] 2.2.2.3 Client License Information (CLIENT_LICENSE_INFO): the client holds a license and presents it.
/// <code>
/// PreferredKeyExchangeAlg (4) | PlatformId (4) | ClientRandom (32) | premaster blob | license blob, in clear | encrypted hardware id blob | MACData (16)
/// </code>
/// The MAC is over the hardware id in clear.
/// </summary>
public sealed record LicenseInfo(
    uint PreferredKeyExchangeAlgorithm,
    uint PlatformId,
    byte[] ClientRandom,
    LicensingBlob EncryptedPremaster,
    LicensingBlob License,
    LicensingBlob EncryptedHardwareId,
    byte[] Mac) : IPdu<LicenseInfo>, ILicensingMessage
{
    public const int RandomLength = 32;
    public const int MacLength = 16;

    public LicensingMessageType Type => LicensingMessageType.LicenseInfo;

    public int Size =>
        4 /* PreferredKeyExchangeAlg */ + 4 /* PlatformId */ + RandomLength
        + EncryptedPremaster.Size + License.Size + EncryptedHardwareId.Size + MacLength;

    public static LicenseInfo Read(ref WireReader reader) => new(
        reader.ReadUInt32LittleEndian("PreferredKeyExchangeAlg"),
        reader.ReadUInt32LittleEndian("PlatformId"),
        reader.ReadBytes(RandomLength, "ClientRandom").ToArray(),
        LicensingBlob.Read(ref reader, "EncryptedPreMasterSecret"),
        LicensingBlob.Read(ref reader, "LicenseInfo", Limits.PresentedLicense),
        LicensingBlob.Read(ref reader, "EncryptedHWID"),
        reader.ReadBytes(MacLength, "MACData").ToArray());

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(PreferredKeyExchangeAlgorithm);
        writer.WriteUInt32LittleEndian(PlatformId);
        writer.WriteBytes(ClientRandom);
        EncryptedPremaster.Write(ref writer);
        License.Write(ref writer);
        EncryptedHardwareId.Write(ref writer);
        writer.WriteBytes(Mac);
    }
}
