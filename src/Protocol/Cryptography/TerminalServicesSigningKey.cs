using System.Numerics;
using System.Security.Cryptography;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Cryptography;

/// <summary>
/// [MS-RDPBCGR] 5.3.3.1.1 and 5.3.3.1.2: the published Terminal Services signing key and the signature of a proprietary certificate.
/// Both halves are in the specification so that implementations work together; it proves nothing and is no part of our trust.
/// </summary>
public static class TerminalServicesSigningKey
{
    private const uint PublicExponent = 0xC088_7B5B;

    // All little-endian.
    private static readonly BigInteger Modulus = LittleEndianNumber.Read(Convert.FromHexString(
        "3d3a5ebd72433ec94dbbc11e4aba5fcb3e882087eff5c1e2d7b76b9af2524595ce63656b583afeef7ce7bffe3df65c7d6c5e06091af561bb2093095f056dea87"));

    private static readonly BigInteger PrivateExponent = LittleEndianNumber.Read(Convert.FromHexString(
        "87a71932da11875558001616256568f8243ee6fae9674994cf92cc3399e80860179a129f24ddb12499c73ab80a7b0ddd350779170b519bb3c7100113e73ff35f"));

    /// <param name="version">dwVersion, see <see cref="ProprietaryCertificate"/>.</param>
    /// <param name="publicExponent">Of the key to certify.</param>
    /// <param name="modulus">Of the key to certify, little-endian.</param>
    public static ProprietaryCertificate Certify(uint version, uint publicExponent, byte[] modulus)
    {
        var unsigned = new ProprietaryCertificate(version, publicExponent, modulus, new byte[ProprietaryCertificate.SignatureLength]);
        var signature = BigInteger.ModPow(LittleEndianNumber.Read(PaddedDigest(unsigned)), PrivateExponent, Modulus);
        return unsigned with { Signature = LittleEndianNumber.Write(signature, ProprietaryCertificate.SignatureLength) };
    }

    public static bool IsSignatureRight(ProprietaryCertificate certificate) =>
        BigInteger.ModPow(LittleEndianNumber.Read(certificate.Signature), PublicExponent, Modulus) == LittleEndianNumber.Read(PaddedDigest(certificate));

    // 63 bytes, little-endian: MD5 of what is signed | 00 | 45 times FF | 01.
    private static byte[] PaddedDigest(ProprietaryCertificate certificate)
    {
        var padded = new byte[ProprietaryCertificate.SignatureLength - 1];
        MD5.HashData(Pdu.Encode(certificate).AsSpan(0, certificate.SignedLength), padded);
        padded.AsSpan(MD5.HashSizeInBytes + 1).Fill(0xFF);
        padded[^1] = 1;
        return padded;
    }
}
