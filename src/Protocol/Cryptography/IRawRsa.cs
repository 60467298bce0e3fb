namespace Ostiary.Protocol.Cryptography;

/// <summary>
/// The RSA private operation without padding, which is all that MS-RDPELE uses ([MS-RDPBCGR] 5.3.4.2 for the number format).
/// Implementations may be shared by all connections and used from several threads at once.
/// </summary>
public interface IRawRsa : IDisposable
{
    /// <summary>Length of the modulus in bytes.</summary>
    int ModulusLength { get; }

    /// <summary>c^d mod n.</summary>
    /// <param name="ciphertext">A little-endian number of any length; it is reduced mod n. Clients append 8 or more zero bytes. Zero is a legitimate number.</param>
    /// <param name="blinding"><see cref="BlindingLength"/> random bytes. Ignored where the implementation blinds by itself.</param>
    /// <returns>A little-endian number of <see cref="ModulusLength"/> bytes.</returns>
    byte[] Decrypt(ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> blinding);

    /// <summary>Random bytes that one operation needs.</summary>
    const int BlindingLength = 32;
}
