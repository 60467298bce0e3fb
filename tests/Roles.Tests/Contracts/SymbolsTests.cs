using System.Security.Cryptography;
using CsCheck;
using Ostiary.Contracts.Symbols;
using Xunit;

namespace Ostiary.Roles.Tests.ContractsTests;

public sealed class SymbolsTests
{
    private static readonly Gen<byte> AnySymbol = Gen.Byte[0, 31];

    [Fact]
    public void Crockford_writes_and_reads_every_symbol()
    {
        Assert.Equal(32, Crockford.Alphabet.Distinct().Count());
        Assert.DoesNotContain(Crockford.Alphabet, symbol => symbol is 'I' or 'L' or 'O' or 'U');
        for (var value = 0; value < 32; value++)
            Assert.Equal(value, Crockford.ValueOf(char.ToLowerInvariant(Crockford.Alphabet[value])));
    }

    [Theory]
    [InlineData('o', 0)]
    [InlineData('O', 0)]
    [InlineData('i', 1)]
    [InlineData('L', 1)]
    [InlineData('u', -1)]
    [InlineData('ı', -1)]
    [InlineData('é', -1)]
    [InlineData('*', -1)]
    public void Crockford_forgives_look_alikes_and_nothing_else(char symbol, int value) => Assert.Equal(value, Crockford.ValueOf(symbol));

    [Fact]
    public void Crockford_reads_what_it_writes_in_groups_of_any_length()
        => Gen.Select(AnySymbol.Array[1, 60], Gen.Int[1, 9]).Sample((values, groupLength) =>
            Crockford.TryRead(Crockford.Write(values, groupLength), 60, out var read, out _) && read.AsSpan().SequenceEqual(values));

    [Fact]
    public void Crockford_names_the_first_symbol_that_is_none_and_a_text_that_is_too_long()
    {
        Assert.False(Crockford.TryRead("0-0 ?", 5, out _, out var bad));
        Assert.Equal(3, bad);
        Assert.False(Crockford.TryRead("00000 0", 5, out _, out bad));
        Assert.Equal(6, bad);
    }

    [Fact]
    public void Crockford_splits_bits_and_joins_them_again()
        => Gen.Byte.Array[1, 40].Sample(bytes => Crockford.ToBits(Crockford.FromBits(bytes, ((bytes.Length * 8) + 4) / 5)).AsSpan(0, bytes.Length).SequenceEqual(bytes));

    [Fact]
    public void Checked_groups_give_back_their_data()
        => Groups.Sample(data => CheckedGroups.TryRemoveChecks(CheckedGroups.AddChecks(data, 4), 4, out var read, out var wrong) && wrong == 0 && read.AsSpan().SequenceEqual(data));

    [Fact]
    public void Checked_groups_find_every_wrong_symbol_at_its_group()
        => Gen.Select(Groups, Gen.Int[0, 1000], Gen.Int[1, 31]).Sample((data, place, difference) =>
        {
            var symbols = CheckedGroups.AddChecks(data, 4);
            var index = place % symbols.Length;
            symbols[index] ^= (byte)difference;
            return !CheckedGroups.TryRemoveChecks(symbols, 4, out _, out var wrong) && wrong == (index / 5) + 1;
        });

    [Fact]
    public void Checked_groups_find_swapped_neighbours_and_swapped_groups()
        => Gen.Select(Groups, Gen.Int[0, 1000]).Sample((data, place) =>
        {
            var symbols = CheckedGroups.AddChecks(data, 4);
            var (group, within) = (place / 4 % (symbols.Length / 5), place % 4);
            var neighbours = (byte[])symbols.Clone();
            (neighbours[(group * 5) + within], neighbours[(group * 5) + within + 1]) = (neighbours[(group * 5) + within + 1], neighbours[(group * 5) + within]);
            var swapFound = neighbours.AsSpan().SequenceEqual(symbols) || (!CheckedGroups.TryRemoveChecks(neighbours, 4, out _, out var wrong) && wrong == group + 1);
            if (symbols.Length < 10)
                return swapFound;
            byte[] groups = [.. symbols[5..10], .. symbols[..5], .. symbols[10..]];
            return swapFound && !CheckedGroups.TryRemoveChecks(groups, 4, out _, out wrong) && wrong == 1;
        });

    [Fact]
    public void Checked_groups_have_a_limit_and_no_group_is_broken()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => CheckedGroups.AddChecks(new byte[32 * 4], 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => CheckedGroups.AddChecks(new byte[5], 4));
        Assert.False(CheckedGroups.TryRemoveChecks(new byte[4], 4, out _, out _));
    }

    [Fact]
    public void A_License_Server_ID_holds_the_first_140_bits_of_its_keys_digest()
    {
        byte[] key = [1, 2, 3];
        var id = LicenseServerId.Of(key);

        Assert.Matches("^([0-9A-HJKMNP-TV-Z]{5}-){6}[0-9A-HJKMNP-TV-Z]{5}$", id.Text);
        Assert.True(Crockford.TryRead(id.Text, 35, out var symbols, out _));
        Assert.True(CheckedGroups.TryRemoveChecks(symbols, 4, out var data, out _));
        Assert.Equal(SHA256.HashData(key)[..17], Crockford.ToBits(data)[..17]);
        Assert.Equal(id, LicenseServerId.Of([1, 2, 3]));
        Assert.NotEqual(id, LicenseServerId.Of([1, 2, 4]));
    }

    [Fact]
    public void A_License_Server_ID_is_read_as_typed_and_a_wrong_group_is_named()
    {
        var id = LicenseServerId.Of([1, 2, 3]);
        Assert.True(LicenseServerId.TryParse(id.Text.ToLowerInvariant().Replace('-', ' '), out var read, out _));
        Assert.Equal(id, read);

        var typed = id.Text.ToCharArray();
        typed[13] = typed[13] == '7' ? '8' : '7';
        Assert.False(LicenseServerId.TryParse(new string(typed), out _, out var error));
        Assert.Equal("group 3 has a wrong symbol", error);
        Assert.False(LicenseServerId.TryParse(id.Text[..^1], out _, out error));
        Assert.Contains("35 symbols; this text has 34", error, StringComparison.Ordinal);
        Assert.False(LicenseServerId.TryParse(id.Text + "0", out _, out error));
        Assert.Contains("has more", error, StringComparison.Ordinal);
        Assert.False(LicenseServerId.TryParse("00000-00U", out _, out error));
        Assert.Contains("symbol 8 (group 2)", error, StringComparison.Ordinal);
    }

    private static Gen<byte[]> Groups => Gen.Int[1, 31].SelectMany(count => AnySymbol.Array[count * 4]);
}
