using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPELE] 2.2.2.7 Server New License (SERVER_NEW_LICENSE), to a client that presented none: <c>encrypted <see cref="NewLicenseInfo"/> blob | MACData (16)</c>.
/// Never without a challenge before it: FreeRDP 3 ends the connection.
/// </summary>
/// <param name="EncryptedLicenseInfo">In clear: <see cref="NewLicenseInfo"/>.</param>
/// <param name="Mac">Over the same in clear.</param>
public sealed record NewLicense(LicensingBlob EncryptedLicenseInfo, byte[] Mac) : IPdu<NewLicense>, ILicensingMessage
{
    public const int MacLength = 16;

    public LicensingMessageType Type => LicensingMessageType.NewLicense;

    public int Size => EncryptedLicenseInfo.Size + MacLength;

    public static NewLicense Read(ref WireReader reader) => new(
        LicensingBlob.Read(ref reader, "EncryptedLicenseInfo", Limits.McsUserData),
        reader.ReadBytes(MacLength, "MACData").ToArray());

    public void Write(ref WireWriter writer)
    {
        EncryptedLicenseInfo.Write(ref writer);
        writer.WriteBytes(Mac);
    }
}
