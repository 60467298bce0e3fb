using System.Numerics;

namespace Ostiary.Protocol.Cryptography;

/// <summary>The number format of [MS-RDPBCGR] 5.3.4: unsigned, little-endian, as long as the field around it.</summary>
internal static class LittleEndianNumber
{
    internal static BigInteger Read(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: false);

    /// <summary>Exactly <paramref name="length"/> bytes; the number must fit.</summary>
    internal static byte[] Write(BigInteger number, int length)
    {
        var bytes = new byte[length];
        if (!number.TryWriteBytes(bytes, out _, isUnsigned: true))
            throw new ArgumentException($"The number does not fit {length} bytes.", nameof(number));
        return bytes;
    }
}
