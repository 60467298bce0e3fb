using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.4.3 Server Security Data (TS_UD_SC_SEC1), without its header:
/// <c>encryptionMethod (4) | encryptionLevel (4)</c>, and under standard RDP security a random and a certificate, kept as they are.
/// </summary>
public sealed record ServerSecurityData(uint EncryptionMethod, uint EncryptionLevel, byte[] RandomAndCertificate) : IPdu<ServerSecurityData>
{
    public int Size => 4 /* encryptionMethod */ + 4 /* encryptionLevel */ + RandomAndCertificate.Length;

    public static ServerSecurityData Read(ref WireReader reader) => new(
        reader.ReadUInt32LittleEndian("encryptionMethod"),
        reader.ReadUInt32LittleEndian("encryptionLevel"),
        reader.ReadToEnd("serverRandomLen").ToArray());

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(EncryptionMethod);
        writer.WriteUInt32LittleEndian(EncryptionLevel);
        writer.WriteBytes(RandomAndCertificate);
    }
}
