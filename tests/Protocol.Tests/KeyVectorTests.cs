using Ostiary.Protocol.Cryptography;
using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;
using Xunit;

namespace Ostiary.Protocol.Tests;

/// <summary>Values computed by an independent implementation, and the published vectors of RC4.</summary>
public sealed class KeyVectorTests
{
    private static readonly byte[] Challenge = Samples.Hex("54004500530054000000");
    private static readonly byte[] HardwareIdBytes = Samples.Hex("00000104686c821a80914aef822465b48019cd34");
    private static readonly byte[] Response = Samples.Hex("000100ff03000a0054004500530054000000");

    private static readonly LicensingKeys Specification = LicensingKeys.Derive(Count(48, 0), Count(32, 0x40), Count(32, 0x80));
    private static readonly LicensingKeys Rdesktop = LicensingKeys.Derive(new byte[48], new byte[32], Count(32, 0x80));

    [Fact]
    public void Keys_are_derived_from_premaster_and_randoms()
    {
        Assert.Equal("ea67e1ce54bcfd92bafae8354bed6a14", Hex(Specification.MacKey));
        Assert.Equal("5559feaf7c86915b7c27e10c63357ef3", Hex(Specification.EncryptionKey));
    }

    [Fact]
    public void Challenge_hardware_id_and_response_are_encrypted_each_from_a_fresh_state()
    {
        Assert.Equal("50a1d008ca29049efe07", Hex(Specification.Transform(Challenge)));
        Assert.Equal("04a1940cf145d2847e960f3a42f9003f0f715c85", Hex(Specification.Transform(HardwareIdBytes)));
        Assert.Equal("04a095f79a295a9eaa0700d593dd318b8f68", Hex(Specification.Transform(Response)));
    }

    [Fact]
    public void Macs_are_over_what_is_in_clear()
    {
        Assert.Equal("a804ef3acd069c239fad055911e2ffa4", Hex(Specification.Mac(Challenge)));
        Assert.Equal("da11144aadca3b0a3d6e317bf1cd5c74", Hex(Specification.Mac(HardwareIdBytes)));
        Assert.Equal("8a776025cb7826750ac0627cf06e93ba", Hex(Specification.Mac([.. Response, .. HardwareIdBytes])));
        Assert.True(Specification.IsMacRight(Challenge, Samples.Hex("a804ef3acd069c239fad055911e2ffa4")));
        Assert.False(Specification.IsMacRight(Challenge, Samples.Hex("a804ef3acd069c239fad055911e2ffa5")));
        Assert.False(Specification.IsMacRight(Challenge, []));
    }

    [Fact]
    public void Rdesktops_zero_premaster_and_random_make_keys_too()
    {
        Assert.Equal("2cc724e31c2503e679ec2df1748ff927", Hex(Rdesktop.MacKey));
        Assert.Equal("903b08bb0c8fd6294b867456aa42a5c4", Hex(Rdesktop.EncryptionKey));
        Assert.Equal("d1ced6a059947917ed24", Hex(Rdesktop.Transform(Challenge)));
        Assert.Equal("46708940670aa438a5ed56c53fedd609", Hex(Rdesktop.Mac(Challenge)));

        byte[] hardwareId = [2, 0, 0, 0, .. "vm"u8, .. new byte[14]];
        Assert.Equal("2c1d7ef933b7833fcb081b42fcb92abb", Hex(Rdesktop.Mac([.. Challenge, .. hardwareId])));
    }

    [Theory]
    [InlineData("0102030405", "b2396305f03dc027ccc3524a0a1118a8")] // RFC 6229, 40 bit, offset 0
    [InlineData("0102030405060708090a0b0c0d0e0f10", "9ac7cc9a609d1ef7b2932899cde41b97")] // RFC 6229, 128 bit, offset 0
    public void Rc4_gives_the_published_keystream(string key, string keystream) =>
        Assert.Equal(keystream, Hex(Rc4.Transform(Samples.Hex(key), new byte[16])));

    [Fact]
    public void Keys_print_nothing()
    {
        Assert.Equal(nameof(LicensingKeys), Specification.ToString());
        Assert.Equal(nameof(LicensingServerKey), Keys.Server.ToString());
        Assert.Equal(nameof(HardwareId), Pdu.Decode<HardwareId>(HardwareIdBytes).ToString());
    }

    private static byte[] Count(int length, int first) => [.. Enumerable.Range(first, length).Select(i => (byte)i)];

#pragma warning disable CA1308 // The vectors are published in lower case.
    private static string Hex(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes).ToLowerInvariant();
#pragma warning restore CA1308
}
