namespace Ostiary.Protocol.Cryptography;

/// <summary>[MS-RDPELE] 3.2.5.2: the 48 bytes that the client encrypted to the server's key, without padding.</summary>
public static class PremasterSecret
{
    /// <summary>
    /// Zero is legitimate: rdesktop sends it. A number longer than 48 bytes is garbage: <c>false</c>.
    /// </summary>
    /// <param name="rsa">The private operation.</param>
    /// <param name="blob">EncryptedPreMasterSecret, of any length.</param>
    /// <param name="blinding"><see cref="IRawRsa.BlindingLength"/> random bytes.</param>
    /// <param name="premaster">48 bytes.</param>
    public static bool TryDecrypt(IRawRsa rsa, ReadOnlySpan<byte> blob, ReadOnlySpan<byte> blinding, out byte[] premaster)
    {
        var number = rsa.Decrypt(blob, blinding);
        premaster = new byte[LicensingKeys.PremasterLength];
        var significant = number.AsSpan(0, Math.Min(number.Length, premaster.Length));
        significant.CopyTo(premaster);
        return !number.AsSpan(significant.Length).ContainsAnyExcept((byte)0);
    }
}
