using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 5.3.3.2, [MS-RDPELE] 2.2.1.4.2 X.509 Certificate Chain (X509_CERTIFICATE_CHAIN), with its dwVersion.
/// <code>dwVersion (4) = 2, bit 31 temporary | NumCertBlobs (4) | { cbCert (4) | DER } issuer first, server last | 8 + 4 NumCertBlobs zero bytes</code>
/// </summary>
/// <param name="Version">Chain version 2; bit 31 marks a temporary certificate, which is what Windows sends.</param>
/// <param name="Certificates">DER. The client takes the key of the last one.</param>
public sealed record X509CertificateChain(uint Version, IReadOnlyList<byte[]> Certificates) : IPdu<X509CertificateChain>
{
    public const uint ChainVersion2 = 2;
    public const uint Temporary = 0x8000_0000;

    public int Size =>
        4 /* dwVersion */ + 4 /* NumCertBlobs */ + Certificates.Sum(certificate => 4 /* cbCert */ + certificate.Length) + PaddingLength(Certificates.Count);

    public static X509CertificateChain Read(ref WireReader reader)
    {
        var version = reader.ReadUInt32LittleEndian("dwVersion");
        if ((version & ~Temporary) != ChainVersion2)
            throw reader.Malformed("dwVersion", "not an X.509 chain", 4);
        var count = reader.ReadLengthUInt32LittleEndian("NumCertBlobs", Limits.ChainCertificates);
        var certificates = new byte[count][];
        for (var i = 0; i < count; i++)
        {
            var length = reader.ReadLengthUInt32LittleEndian("cbCert", Limits.ChainCertificate);
            certificates[i] = reader.ReadBytes(length, "abCert").ToArray();
        }

        _ = reader.ReadBytes(PaddingLength(count), "Padding");
        return new(version, certificates);
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(Version);
        writer.WriteUInt32LittleEndian((uint)Certificates.Count);
        foreach (var certificate in Certificates)
        {
            writer.WriteUInt32LittleEndian((uint)certificate.Length);
            writer.WriteBytes(certificate);
        }

        writer.WriteZeros(PaddingLength(Certificates.Count));
    }

    private static int PaddingLength(int count) => 8 + 4 * count;
}
