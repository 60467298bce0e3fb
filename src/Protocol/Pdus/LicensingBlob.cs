using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPBCGR] 2.2.1.12.1.2 Licensing Binary Blob (LICENSE_BINARY_BLOB): <c>wBlobType (2) | wBlobLen (2) | blobData</c>.</summary>
/// <param name="Type">Kept, and never required to have a value: peers do not agree on it.</param>
/// <param name="Data">At most <see cref="Limits.LicensingBlob"/> bytes, or <see cref="Limits.PresentedLicense"/> for a license.</param>
public sealed record LicensingBlob(LicensingBlobType Type, byte[] Data) : IPdu<LicensingBlob>
{
    public int Size => 2 /* wBlobType */ + 2 /* wBlobLen */ + Data.Length;

    public static LicensingBlob Read(ref WireReader reader) => Read(ref reader, "blobData");

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt16LittleEndian((ushort)Type);
        writer.WriteUInt16LittleEndian(checked((ushort)Data.Length));
        writer.WriteBytes(Data);
    }

    internal static LicensingBlob Read(ref WireReader reader, string field, int limit = Limits.LicensingBlob)
    {
        var type = (LicensingBlobType)reader.ReadUInt16LittleEndian("wBlobType");
        var length = reader.ReadLengthUInt16LittleEndian("wBlobLen", limit);
        return new(type, reader.ReadBytes(length, field).ToArray());
    }
}

/// <summary>[MS-RDPBCGR] 2.2.1.12.1.2, wBlobType.</summary>
public enum LicensingBlobType
{
    /// <summary>BB_DATA_BLOB</summary>
    Data = 0x0001,

    /// <summary>BB_RANDOM_BLOB</summary>
    Random = 0x0002,

    /// <summary>BB_CERTIFICATE_BLOB</summary>
    Certificate = 0x0003,

    /// <summary>BB_ERROR_BLOB</summary>
    Error = 0x0004,

    /// <summary>BB_ENCRYPTED_DATA_BLOB</summary>
    EncryptedData = 0x0009,

    /// <summary>BB_KEY_EXCHG_ALG_BLOB</summary>
    KeyExchangeAlgorithm = 0x000D,

    /// <summary>BB_SCOPE_BLOB</summary>
    Scope = 0x000E,

    /// <summary>BB_CLIENT_USER_NAME_BLOB</summary>
    ClientUserName = 0x000F,

    /// <summary>BB_CLIENT_MACHINE_NAME_BLOB</summary>
    ClientMachineName = 0x0010,
}
