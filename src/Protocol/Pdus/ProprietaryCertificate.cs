using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Pdus;

/// <summary>
/// [MS-RDPBCGR] 2.2.1.4.3.1.1 Server Proprietary Certificate (PROPRIETARYSERVERCERTIFICATE), with its dwVersion.
/// <code>
/// dwVersion (4) = 1, bit 31 temporary | dwSigAlgId (4) = 1 | dwKeyAlgId (4) = 1 | 06 00 | wPublicKeyBlobLen (2) |
///   "RSA1" | keylen (4) = N + 8 | bitlen (4) = 8 N | datalen (4) = N - 1 | pubExp (4) | modulus (N) | 8 zero bytes |
///   08 00 | 48 00 | signature (64) | 8 zero bytes
/// </code>
/// </summary>
/// <param name="Version">Chain version 1; bit 31 marks a temporary certificate.</param>
/// <param name="PublicExponent">65537 usually.</param>
/// <param name="Modulus">N bytes, little-endian.</param>
/// <param name="Signature">64 bytes, little-endian; TSSK.</param>
public sealed record ProprietaryCertificate(uint Version, uint PublicExponent, byte[] Modulus, byte[] Signature) : IPdu<ProprietaryCertificate>
{
    public const uint ChainVersion1 = 1;
    public const uint Temporary = 0x8000_0000;
    public const int SignatureLength = 64;
    private const uint SignatureAlgorithmRsa = 1;
    private const uint KeyExchangeAlgorithmRsa = 1;
    private const ushort RsaKeyBlob = 6;
    private const ushort RsaSignatureBlob = 8;
    private const uint Rsa1 = 0x3141_5352;
    private const int Padding = 8;
    private const int KeyHeaderLength = 20;
    private const ushort SignatureBlobLength = SignatureLength + Padding; // FreeRDP requires 72.

    public int Size => SignedLength + 2 /* wSignatureBlobType */ + 2 /* wSignatureBlobLen */ + SignatureBlobLength;

    /// <summary>Everything before the signature blob: what is signed.</summary>
    internal int SignedLength =>
        4 /* dwVersion */ + 4 /* dwSigAlgId */ + 4 /* dwKeyAlgId */ + 2 /* wPublicKeyBlobType */ + 2 /* wPublicKeyBlobLen */
        + KeyHeaderLength + Modulus.Length + Padding;

    public static ProprietaryCertificate Read(ref WireReader reader)
    {
        var version = reader.ReadUInt32LittleEndian("dwVersion");
        if ((version & ~Temporary) != ChainVersion1)
            throw reader.Malformed("dwVersion", "not a proprietary certificate", 4);
        reader.ExpectUInt32LittleEndian(SignatureAlgorithmRsa, "dwSigAlgId");
        reader.ExpectUInt32LittleEndian(KeyExchangeAlgorithmRsa, "dwKeyAlgId");
        reader.ExpectUInt16LittleEndian(RsaKeyBlob, "wPublicKeyBlobType");
        var blobLength = reader.ReadUInt16LittleEndian("wPublicKeyBlobLen");
        reader.ExpectUInt32LittleEndian(Rsa1, "magic");
        var keyLength = reader.ReadLengthUInt32LittleEndian("keylen", Limits.RsaModulus + Padding);
        var length = keyLength - Padding;
        if (length <= 0 || blobLength != KeyHeaderLength + keyLength)
            throw reader.Malformed("keylen", "does not fit wPublicKeyBlobLen", 4);
        reader.ExpectUInt32LittleEndian((uint)(8 * length), "bitlen");
        reader.ExpectUInt32LittleEndian((uint)(length - 1), "datalen");
        var exponent = reader.ReadUInt32LittleEndian("pubExp");
        var modulus = reader.ReadBytes(length, "modulus").ToArray();
        _ = reader.ReadBytes(Padding, "modulus padding");
        reader.ExpectUInt16LittleEndian(RsaSignatureBlob, "wSignatureBlobType");
        reader.ExpectUInt16LittleEndian(SignatureBlobLength, "wSignatureBlobLen");
        var signature = reader.ReadBytes(SignatureLength, "SignatureBlob").ToArray();
        _ = reader.ReadBytes(Padding, "SignatureBlob padding");
        return new(version, exponent, modulus, signature);
    }

    public void Write(ref WireWriter writer)
    {
        writer.WriteUInt32LittleEndian(Version);
        writer.WriteUInt32LittleEndian(SignatureAlgorithmRsa);
        writer.WriteUInt32LittleEndian(KeyExchangeAlgorithmRsa);
        writer.WriteUInt16LittleEndian(RsaKeyBlob);
        writer.WriteUInt16LittleEndian((ushort)(KeyHeaderLength + Modulus.Length + Padding));
        writer.WriteUInt32LittleEndian(Rsa1);
        writer.WriteUInt32LittleEndian((uint)(Modulus.Length + Padding));
        writer.WriteUInt32LittleEndian((uint)(8 * Modulus.Length));
        writer.WriteUInt32LittleEndian((uint)(Modulus.Length - 1));
        writer.WriteUInt32LittleEndian(PublicExponent);
        writer.WriteBytes(Modulus);
        writer.WriteZeros(Padding);
        writer.WriteUInt16LittleEndian(RsaSignatureBlob);
        writer.WriteUInt16LittleEndian(SignatureBlobLength);
        writer.WriteBytes(Signature);
        writer.WriteZeros(Padding);
    }
}
