using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPELE] 2.2.2.4 Server Platform Challenge (SERVER_PLATFORM_CHALLENGE): <c>ConnectFlags (4, ignored) | encrypted challenge blob | MACData (16)</c>.
/// The MAC is over the challenge in clear.
/// </summary>
public sealed record PlatformChallenge(LicensingBlob EncryptedChallenge, byte[] Mac) : IPdu<PlatformChallenge>, ILicensingMessage
{
    public const int MacLength = 16;

    public LicensingMessageType Type => LicensingMessageType.PlatformChallenge;

    public int Size => 4 /* ConnectFlags */ + EncryptedChallenge.Size + MacLength;

    public static PlatformChallenge Read(ref WireReader reader)
    {
        _ = reader.ReadUInt32LittleEndian("ConnectFlags");
        return new(LicensingBlob.Read(ref reader, "EncryptedPlatformChallenge"), reader.ReadBytes(MacLength, "MACData").ToArray());
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(0);
        EncryptedChallenge.Write(ref writer);
        writer.WriteBytes(Mac);
    }
}
