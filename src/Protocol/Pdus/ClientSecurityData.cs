using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>[MS-RDPBCGR] 2.2.1.3.3 Client Security Data (TS_UD_CS_SEC), without its header: <c>encryptionMethods (4) | extEncryptionMethods (4)</c>.</summary>
public sealed record ClientSecurityData(uint EncryptionMethods, uint ExtEncryptionMethods) : IPdu<ClientSecurityData>
{
    public int Size => 4 /* encryptionMethods */ + 4 /* extEncryptionMethods */;

    public static ClientSecurityData Read(ref WireReader reader) =>
        new(reader.ReadUInt32LittleEndian("encryptionMethods"), reader.ReadUInt32LittleEndian("extEncryptionMethods"));

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(EncryptionMethods);
        writer.WriteUInt32LittleEndian(ExtEncryptionMethods);
    }
}
