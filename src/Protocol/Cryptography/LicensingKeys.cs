using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Ostiary.Protocol.Cryptography;

/// <summary>
/// [MS-RDPELE] 5.1.2 and 5.1.3: the keys of one licensing exchange, and what is done with them.
/// Every encrypted blob starts from a fresh RC4 state.
/// </summary>
public sealed class LicensingKeys
{
    public const int PremasterLength = 48;
    public const int RandomLength = 32;
    public const int MacLength = MD5.HashSizeInBytes;
    private const int KeyLength = 16;

    private readonly byte[] _macKey;
    private readonly byte[] _encryptionKey;

    private LicensingKeys(byte[] macKey, byte[] encryptionKey)
    {
        _macKey = macKey;
        _encryptionKey = encryptionKey;
    }

    internal ReadOnlySpan<byte> MacKey => _macKey;

    internal ReadOnlySpan<byte> EncryptionKey => _encryptionKey;

    /// <param name="premaster">48 bytes; all zero from rdesktop.</param>
    /// <param name="clientRandom">32 bytes.</param>
    /// <param name="serverRandom">32 bytes.</param>
    public static LicensingKeys Derive(ReadOnlySpan<byte> premaster, ReadOnlySpan<byte> clientRandom, ReadOnlySpan<byte> serverRandom)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(premaster.Length, PremasterLength);
        ArgumentOutOfRangeException.ThrowIfNotEqual(clientRandom.Length, RandomLength);
        ArgumentOutOfRangeException.ThrowIfNotEqual(serverRandom.Length, RandomLength);

        var master = SaltedHashes(premaster, clientRandom, serverRandom);
        var sessionKey = SaltedHashes(master, serverRandom, clientRandom); // The randoms change places here.
        byte[] encryptionInput = [.. sessionKey.AsSpan(KeyLength, KeyLength), .. clientRandom, .. serverRandom];
        return new(sessionKey[..KeyLength], MD5.HashData(encryptionInput));
    }

    /// <summary>RC4 from a fresh state; the same both ways.</summary>
    public byte[] Transform(ReadOnlySpan<byte> data) => Rc4.Transform(_encryptionKey, data);

    /// <summary>MACData over data in clear, 16 bytes.</summary>
    public byte[] Mac(ReadOnlySpan<byte> data)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, data.Length);
        Span<byte> pad = stackalloc byte[48];

        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        sha.AppendData(_macKey);
        pad.Fill(0x36);
        sha.AppendData(pad[..40]);
        sha.AppendData(length);
        sha.AppendData(data);

        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        md5.AppendData(_macKey);
        pad.Fill(0x5C);
        md5.AppendData(pad);
        md5.AppendData(sha.GetHashAndReset());
        return md5.GetHashAndReset();
    }

    /// <summary>Compares in constant time.</summary>
    public bool IsMacRight(ReadOnlySpan<byte> data, ReadOnlySpan<byte> mac) => CryptographicOperations.FixedTimeEquals(Mac(data), mac);

    /// <summary>Says nothing.</summary>
    public override string ToString() => nameof(LicensingKeys);

    // SaltedHash(S, I) = MD5(S + SHA1(I + S + R1 + R2)), for I = "A", "BB", "CCC".
    private static byte[] SaltedHashes(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) =>
    [
        .. SaltedHash(secret, "A"u8, first, second),
        .. SaltedHash(secret, "BB"u8, first, second),
        .. SaltedHash(secret, "CCC"u8, first, second),
    ];

    private static byte[] SaltedHash(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        byte[] inner = [.. salt, .. secret, .. first, .. second];
        byte[] outer = [.. secret, .. SHA1.HashData(inner)];
        return MD5.HashData(outer);
    }
}
