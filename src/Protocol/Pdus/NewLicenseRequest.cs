using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPELE] 2.2.2.2 Client New License Request (CLIENT_NEW_LICENSE_REQUEST).
/// <code>PreferredKeyExchangeAlg (4) | PlatformId (4) | ClientRandom (32) | premaster blob | user name blob | machine name blob</code>
/// </summary>
/// <param name="PreferredKeyExchangeAlgorithm">1 is RSA.</param>
/// <param name="PlatformId">Need not equal the one in the hardware id.</param>
/// <param name="ClientRandom">32 bytes; all zero from rdesktop.</param>
/// <param name="EncryptedPremaster">Modulus and 8 zero bytes, or 72 zero bytes from rdesktop.</param>
/// <param name="ClientUserName">ANSI with terminator.</param>
/// <param name="ClientMachineName">ANSI with terminator.</param>
public sealed record NewLicenseRequest(
    uint PreferredKeyExchangeAlgorithm,
    uint PlatformId,
    byte[] ClientRandom,
    LicensingBlob EncryptedPremaster,
    LicensingBlob ClientUserName,
    LicensingBlob ClientMachineName) : IPdu<NewLicenseRequest>, ILicensingMessage
{
    public const int RandomLength = 32;
    public const uint KeyExchangeRsa = 1;

    public LicensingMessageType Type => LicensingMessageType.NewLicenseRequest;

    public string UserName => WireText.DecodeAnsi(ClientUserName.Data);

    public string MachineName => WireText.DecodeAnsi(ClientMachineName.Data);

    public int Size =>
        4 /* PreferredKeyExchangeAlg */ + 4 /* PlatformId */ + RandomLength
        + EncryptedPremaster.Size + ClientUserName.Size + ClientMachineName.Size;

    public static NewLicenseRequest Create(uint platformId, byte[] clientRandom, byte[] encryptedPremaster, string userName, string machineName) => new(
        KeyExchangeRsa,
        platformId,
        clientRandom,
        new(LicensingBlobType.Random, encryptedPremaster),
        new(LicensingBlobType.ClientUserName, WireText.EncodeAnsi(userName)),
        new(LicensingBlobType.ClientMachineName, WireText.EncodeAnsi(machineName)));

    public static NewLicenseRequest Read(ref WireReader reader) => new(
        reader.ReadUInt32LittleEndian("PreferredKeyExchangeAlg"),
        reader.ReadUInt32LittleEndian("PlatformId"),
        reader.ReadBytes(RandomLength, "ClientRandom").ToArray(),
        LicensingBlob.Read(ref reader, "EncryptedPreMasterSecret"),
        LicensingBlob.Read(ref reader, "ClientUserName"),
        LicensingBlob.Read(ref reader, "ClientMachineName"));

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(PreferredKeyExchangeAlgorithm);
        writer.WriteUInt32LittleEndian(PlatformId);
        writer.WriteBytes(ClientRandom);
        EncryptedPremaster.Write(ref writer);
        ClientUserName.Write(ref writer);
        ClientMachineName.Write(ref writer);
    }

    /// <summary>Says nothing: it holds names.</summary>
    public override string ToString() => nameof(NewLicenseRequest);
}
