using System.Security.Cryptography;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Symbols;
using Xunit;

namespace Ostiary.Roles.Tests.ContractsTests;

public sealed class ProductKeyTextTests
{
    private static readonly ProductKey First = Mint(5);
    private static readonly ProductKey Second = Mint(20);

    [Fact]
    public void A_whole_e_mail_gives_its_keys_in_order_and_nothing_else()
    {
        var mail = $"Order 2026-11-27-000123-00045-67890\r\nThese\twords wards might would\r\n> {First.Text}\r\n<b>{Second.Text.Replace('-', ' ')}</b>\r\nagain: {First.Text.ToLowerInvariant()}\r\nhttps://shop.example/keys/abcde";

        var found = ProductKeyText.Find(mail);

        Assert.Equal([First.Text, Second.Text], found.Where(one => one.Key is not null).Select(one => one.Key!.Text));
        // An order's number looks like a key and is none; that is said, since it could be a mistyped one.
        Assert.All(found.Where(one => one.Key is null), one => Assert.NotNull(one.Error));
    }

    [Fact]
    public void A_mistyped_key_is_named_by_the_place_of_its_wrong_symbol()
    {
        var text = First.Text.ToCharArray();
        text[8] = text[8] == '7' ? '8' : '7';

        var found = Assert.Single(ProductKeyText.Find($"key: {new string(text)}."));

        Assert.Equal((ProductKeyFault.WrongSymbol, 8), (found.Error!.Fault, found.Error.Position));
    }

    [Theory]
    [InlineData("ABCDE-FGHJK", ProductKeyFault.WrongLength)]
    [InlineData("what is this?", ProductKeyFault.NotASymbol)]
    public void A_short_text_is_read_as_one_key_so_that_what_is_wrong_can_be_said(string typed, ProductKeyFault fault)
        => Assert.Equal(fault, Assert.Single(ProductKeyText.Find(typed)).Error!.Fault);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  \r\n ")]
    public void Nothing_has_no_keys(string? typed) => Assert.Empty(ProductKeyText.Find(typed));

    [Fact]
    public void A_text_over_the_limit_is_not_looked_at()
        => Assert.Contains("at most 65536", Assert.Single(ProductKeyText.Find(new string('A', ProductKeyText.MaxLength + 1))).Error!.Message, StringComparison.Ordinal);

    [Fact]
    public void No_more_than_a_hundred_keys_are_taken()
        => Assert.Equal(ProductKeyText.MostKeys, ProductKeyText.Find(string.Join('\n', Enumerable.Range(0, 150).Select(_ => Mint(1).Text))).Count);

    private static ProductKey Mint(int quantity) => ProductKey.Mint(CalType.Device, CalVersion.Newest, quantity, RandomNumberGenerator.GetBytes(ProductKey.RandomLength));
}
