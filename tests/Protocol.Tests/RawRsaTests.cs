using System.Numerics;
using System.Security.Cryptography;
using CsCheck;
using Ostiary.Protocol.Cryptography;
using Xunit;

namespace Ostiary.Protocol.Tests;

public sealed class RawRsaTests
{
    private static readonly byte[] Blinding = [.. Enumerable.Range(7, IRawRsa.BlindingLength).Select(i => (byte)i)];

    public static TheoryData<int> KeySizes => [512, 1024, 2048];

    [Theory]
    [MemberData(nameof(KeySizes))]
    public void Libcrypto_and_managed_code_agree_with_the_definition(int bits)
    {
        Assert.True(LibcryptoRsa.IsAvailable);
        var key = Key(bits);
        using var library = new LibcryptoRsa(key);
        using var managed = new ManagedRsa(key);
        var (n, d) = (BigEndian(key.Modulus!), BigEndian(key.D!));

        Gen.Select(Gen.Byte.Array[0, bits / 8 + 16], Gen.Byte.Array[IRawRsa.BlindingLength]).Sample(
            (ciphertext, blinding) =>
            {
                var expected = BigInteger.ModPow(new BigInteger(ciphertext, isUnsigned: true) % n, d, n);

                var fromLibrary = library.Decrypt(ciphertext, blinding);
                var fromManaged = managed.Decrypt(ciphertext, blinding);

                Assert.Equal(bits / 8, fromLibrary.Length);
                Assert.Equal(fromLibrary, fromManaged);
                Assert.Equal(expected, new BigInteger(fromLibrary, isUnsigned: true));
            },
            iter: 12,
            threads: 1);
    }

    [Theory]
    [MemberData(nameof(KeySizes))]
    public void Zero_the_modulus_and_its_neighbours_are_numbers_like_others(int bits)
    {
        var key = Key(bits);
        using var library = new LibcryptoRsa(key);
        using var managed = new ManagedRsa(key);
        var n = BigEndian(key.Modulus!);

        foreach (var number in new[] { BigInteger.Zero, BigInteger.One, n - 1, n, n + 1, BigEndian(key.P!), n * n })
        {
            var ciphertext = number.ToByteArray(isUnsigned: true);
            Assert.Equal(library.Decrypt(ciphertext, Blinding), managed.Decrypt(ciphertext, Blinding));
        }

        Assert.All(library.Decrypt(new byte[72], Blinding), b => Assert.Equal(0, b)); // rdesktop's blob
        Assert.All(managed.Decrypt([], Blinding), b => Assert.Equal(0, b));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0xFF)]
    public void Any_blinding_gives_the_same_number(byte fill)
    {
        using var managed = new ManagedRsa(Keys.Rsa1024);
        var blinding = new byte[IRawRsa.BlindingLength];
        Array.Fill(blinding, fill);

        Assert.Equal(managed.Decrypt([5], Blinding), managed.Decrypt([5], blinding));
        Assert.Throws<ArgumentOutOfRangeException>(() => managed.Decrypt([5], new byte[IRawRsa.BlindingLength - 1]));
    }

    [Fact]
    public void A_wrong_private_half_gives_nothing_away()
    {
        var key = Keys.Rsa1024;
        key.DP = [.. key.DP!];
        key.DP[^1] ^= 2;
        using var managed = new ManagedRsa(key);

        Assert.Throws<CryptographicException>(() => managed.Decrypt([5], Blinding));
    }

    [Fact]
    public void A_key_without_private_parameters_is_refused()
    {
        var key = Keys.Rsa1024;

        Assert.Throws<ArgumentException>(() => new ManagedRsa(new() { Modulus = key.Modulus, Exponent = key.Exponent }));
        Assert.ThrowsAny<CryptographicException>(() => new LibcryptoRsa(new() { Modulus = key.Modulus, Exponent = key.Exponent }));
    }

    [Fact]
    public void A_premaster_longer_than_48_bytes_is_garbage()
    {
        using var rsa = new LibcryptoRsa(Keys.Rsa1024);
        var (n, e) = (BigEndian(Keys.Rsa1024.Modulus!), BigEndian(Keys.Rsa1024.Exponent!));
        byte[] Encrypted(BigInteger number) => [.. BigInteger.ModPow(number, e, n).ToByteArray(isUnsigned: true), 0, 0, 0, 0, 0, 0, 0, 0];
        var longest = BigInteger.Pow(2, 8 * LicensingKeys.PremasterLength) - 1;

        Assert.True(PremasterSecret.TryDecrypt(rsa, Encrypted(longest), Blinding, out var premaster));
        Assert.All(premaster, b => Assert.Equal(0xFF, b));
        Assert.False(PremasterSecret.TryDecrypt(rsa, Encrypted(longest + 1), Blinding, out _));
        Assert.True(PremasterSecret.TryDecrypt(rsa, new byte[72], Blinding, out premaster));
        Assert.Equal(new byte[48], premaster);
    }

    private static RSAParameters Key(int bits) => bits switch { 512 => Keys.Rsa512, 1024 => Keys.Rsa1024, _ => Keys.Rsa2048 };

    private static BigInteger BigEndian(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);
}
