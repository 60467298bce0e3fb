using CsCheck;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Symbols;
using Xunit;

namespace Ostiary.Roles.Tests.ContractsTests;

public sealed class ProductKeyTests
{
    private const int Keys = 10_000;

    private static readonly Gen<ProductKey> AnyKey =
        from type in Gen.Enum<CalType>()
        from version in Gen.Int[1, CalVersion.All.Count].Select(code => CalVersion.TryFromCode(code, out var version) ? version : default)
        from quantity in Gen.Int[1, ProductKey.MaxQuantity]
        from random in Gen.Byte.Array[ProductKey.RandomLength]
        select ProductKey.Mint(type, version, quantity, random);

    [Fact]
    public void A_minted_key_reads_back_as_what_it_was_minted_of()
        => AnyKey.Sample(
            key => ProductKey.TryParse(key.Text, out var read, out _)
                && (read.Text, read.Type, read.Version, read.Quantity) == (key.Text, key.Type, key.Version, key.Quantity),
            iter: Keys);

    [Fact]
    public void Every_single_wrong_symbol_is_found_and_its_position_named()
    {
        var missed = 0;
        foreach (var symbols in SomeKeys())
        {
            for (var position = 1; position <= ProductKey.SymbolCount; position++)
            {
                var right = symbols[position - 1];
                for (var wrong = 0; wrong < 32; wrong++)
                {
                    symbols[position - 1] = Crockford.Alphabet[wrong];
                    if (symbols[position - 1] != right
                        && (Error(symbols) is not { Fault: ProductKeyFault.WrongSymbol } error || error.Position != position))
                        missed++;
                }

                symbols[position - 1] = right;
            }
        }

        Assert.Equal(0, missed);
    }

    [Fact]
    public void Every_swap_of_neighbours_is_found_and_its_position_named()
    {
        var (missed, tried) = (0, 0);
        foreach (var symbols in SomeKeys())
        {
            for (var position = 1; position < ProductKey.SymbolCount; position++)
            {
                if (symbols[position - 1] == symbols[position])
                    continue;
                (symbols[position - 1], symbols[position]) = (symbols[position], symbols[position - 1]);
                tried++;
                if (Error(symbols) is not { Fault: ProductKeyFault.SwappedSymbols } error || error.Position != position)
                    missed++;
                (symbols[position - 1], symbols[position]) = (symbols[position], symbols[position - 1]);
            }
        }

        Assert.Equal(0, missed);
        Assert.True(tried > Keys * 20);
    }

    [Fact]
    public void Two_wrong_symbols_are_never_taken_for_a_key_or_for_one_wrong_symbol()
    {
        var gen =
            from key in AnyKey
            from first in Gen.Int[0, ProductKey.SymbolCount - 2]
            from second in Gen.Int[first + 1, ProductKey.SymbolCount - 1]
            from firstError in Gen.Int[1, 31]
            from secondError in Gen.Int[1, 31]
            select (key, first, second, firstError, secondError);
        gen.Sample(
            sample =>
            {
                var symbols = Symbols(sample.key);
                symbols[sample.first] = Crockford.Alphabet[Crockford.ValueOf(symbols[sample.first]) ^ sample.firstError];
                symbols[sample.second] = Crockford.Alphabet[Crockford.ValueOf(symbols[sample.second]) ^ sample.secondError];
                return Error(symbols) is { Fault: ProductKeyFault.SeveralWrong or ProductKeyFault.SwappedSymbols };
            },
            iter: 100_000);
    }

    [Fact]
    public void The_check_symbols_are_those_of_the_code_and_the_data_bits_are_in_their_order()
    {
        var key = ProductKey.Mint(CalType.User, new(2022), 5, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xF0]);

        // 0001 01 000011 00000000000101, then 84 ones: 00010 10000 11000 00000 00010 1 1111 …
        Assert.StartsWith("2GR02-Z", key.Text, StringComparison.Ordinal);
        var symbols = Symbols(key);
        Assert.Equal("ZZZZZZZZZZZZZZZZ", new string(symbols, 6, 16));
        for (var root = 0; root < 3; root++)
        {
            // The polynomial with the symbols as coefficients, highest first, vanishes at each root.
            byte value = 0;
            foreach (var symbol in symbols)
                value = (byte)(Multiply(value, root) ^ Crockford.ValueOf(symbol));
            Assert.Equal(0, value);
        }

        // Multiplication by x^power modulo x^5 + x^2 + 1, written out.
        static int Multiply(int element, int power)
        {
            for (; power > 0; power--)
                element = (element << 1) ^ ((element & 0b10000) != 0 ? 0b100101 : 0);
            return element;
        }
    }

    [Fact]
    public void Separators_case_and_look_alikes_do_not_matter()
    {
        var key = SomeKeys(50_000).Select(symbols => new string(symbols)).First(text => text.Contains('0') && text.Contains('1'));

        foreach (var typed in new[]
        {
            key, key.ToLowerInvariant(), string.Join('-', key.Chunk(5).Select(group => new string(group))), string.Join(' ', key.ToCharArray()),
            key.Replace('0', 'O'), key.Replace('0', 'o'), key.Replace('1', 'I'), key.Replace('1', 'l'), "  " + key + "\r\n", key.Insert(7, "\t- "),
        })
        {
            Assert.True(ProductKey.TryParse(typed, out var read, out _), typed);
            Assert.Equal(string.Join('-', key.Chunk(5).Select(group => new string(group))), read.Text);
        }
    }

    [Theory]
    [InlineData(null, ProductKeyFault.WrongLength, null)]
    [InlineData("", ProductKeyFault.WrongLength, null)]
    [InlineData("0000-0000", ProductKeyFault.WrongLength, null)]
    [InlineData("00000-00000-00000-00000-00000-0", ProductKeyFault.WrongLength, null)]
    [InlineData("00000-0U000-00000-00000-00000", ProductKeyFault.NotASymbol, 7)]
    [InlineData("00000-000*0-00000-00000-00000", ProductKeyFault.NotASymbol, 9)]
    [InlineData("00000-00000-00000-00000-00000", ProductKeyFault.NotUnderstood, null)]
    public void What_is_no_key_is_said_why(string? text, ProductKeyFault fault, int? position)
    {
        Assert.False(ProductKey.TryParse(text, out var key, out var error));
        Assert.Null(key);
        Assert.Equal((fault, position), (error.Fault, error.Position));
    }

    [Fact]
    public void Minting_keeps_to_the_limits()
    {
        var random = new byte[ProductKey.RandomLength];

        Assert.Equal(1, ProductKey.Mint(CalType.Device, CalVersion.Newest, 1, random).Quantity);
        Assert.Equal(ProductKey.MaxQuantity, ProductKey.Mint(CalType.Device, CalVersion.Newest, ProductKey.MaxQuantity, random).Quantity);
        Assert.Throws<ArgumentOutOfRangeException>(() => ProductKey.Mint(CalType.Device, CalVersion.Newest, 0, random));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProductKey.Mint(CalType.Device, CalVersion.Newest, ProductKey.MaxQuantity + 1, random));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProductKey.Mint(CalType.Device, new(2023), 1, random));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProductKey.Mint((CalType)2, CalVersion.Newest, 1, random));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProductKey.Mint(CalType.Device, CalVersion.Newest, 1, new byte[10]));
    }

    [Fact]
    public void A_key_and_its_errors_print_nothing_of_it()
    {
        var symbols = SomeKeys().First();
        Assert.True(ProductKey.TryParse(new string(symbols), out var key, out _));
        (symbols[3], symbols[4]) = (symbols[4], symbols[3] == symbols[4] ? 'Z' : symbols[3]);

        Assert.Equal(nameof(ProductKey), $"{key}");
        Assert.DoesNotContain(key.Text[..5], Error(symbols)!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_at_all_is_read_or_refused()
        => Gen.String.Sample(text => ProductKey.TryParse(text, out var key, out var error) ? key is not null : error is not null);

    private static IEnumerable<char[]> SomeKeys(int count = Keys)
    {
        var random = new Random(20);
        var bytes = new byte[ProductKey.RandomLength];
        for (var number = 0; number < count; number++)
        {
            random.NextBytes(bytes);
            yield return Symbols(ProductKey.Mint((CalType)random.Next(2), CalVersion.All[random.Next(CalVersion.All.Count)], random.Next(1, ProductKey.MaxQuantity + 1), bytes));
        }
    }

    private static char[] Symbols(ProductKey key) => key.Text.Replace("-", "", StringComparison.Ordinal).ToCharArray();

    private static ProductKeyError? Error(char[] symbols) => ProductKey.TryParse(new string(symbols), out _, out var error) ? null : error;
}
