using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPELE] 2.2.2.5 Client Platform Challenge Response (CLIENT_PLATFORM_CHALLENGE_RESPONSE):
/// <c>encrypted response blob | encrypted hardware id blob | MACData (16)</c>.
/// </summary>
/// <param name="EncryptedResponse">In clear: <see cref="PlatformChallengeResponseData"/>, or (rdesktop) the challenge alone.</param>
/// <param name="EncryptedHardwareId">In clear: <see cref="HardwareId"/>.</param>
/// <param name="Mac">Over the response in clear, then the hardware id in clear.</param>
public sealed record PlatformChallengeResponse(LicensingBlob EncryptedResponse, LicensingBlob EncryptedHardwareId, byte[] Mac)
    : IPdu<PlatformChallengeResponse>, ILicensingMessage
{
    public const int MacLength = 16;

    public LicensingMessageType Type => LicensingMessageType.PlatformChallengeResponse;

    public int Size => EncryptedResponse.Size + EncryptedHardwareId.Size + MacLength;

    public static PlatformChallengeResponse Read(ref WireReader reader) => new(
        LicensingBlob.Read(ref reader, "EncryptedPlatformChallengeResponse"),
        LicensingBlob.Read(ref reader, "EncryptedHWID"),
        reader.ReadBytes(MacLength, "MACData").ToArray());

    public void Write(ref WireWriter writer)
    {
        EncryptedResponse.Write(ref writer);
        EncryptedHardwareId.Write(ref writer);
        writer.WriteBytes(Mac);
    }
}
