using System.CommandLine;
using System.Globalization;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Statements;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary keys</c>: the publisher's product keys.</summary>
internal static class KeysCommand
{
    private const string Role = "clearinghouse";

    public static Command Create() => new("keys", "Product keys of this clearinghouse.") { Mint(), Show(), List() };

    private static Command Mint()
    {
        var type = new Option<CalType>("--type") { Description = "device or user.", DefaultValueFactory = _ => CalType.Device };
        var version = CatalogueOptions.Version("--version", "The version of the CALs.");
        var quantity = new Option<int>("--quantity") { Description = $"CALs in each key pack, 1 to {KeyPackStatement.MaxQuantity}.", Required = true };
        var count = new Option<int>("--count") { Description = "Keys to mint, 1 to 1000.", DefaultValueFactory = _ => 1 };
        var program = new Option<string>("--program") { Description = "The license program.", DefaultValueFactory = _ => "retail" };
        return new Command("mint", "Mints product keys and prints them.") { type, version, quantity, count, program }.Calls(
            Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).MintAsync(
                new(parse.GetValue(type), parse.GetValue(version), parse.GetValue(quantity), parse.GetValue(count), parse.GetRequiredValue(program)), cancellation),
            (screen, minted) =>
            {
                foreach (var key in minted.Keys)
                    screen.Line($"{key.ProductKey}  {CatalogueOptions.Describe(key.Quantity, key.Type, key.Version)}");
                screen.Line(CatalogueOptions.NotMicrosoft);
            });
    }

    private static Command Show()
    {
        var key = new Argument<string>("key") { Description = "The product key, or its number." };
        return new Command("show", "Shows what became of a product key.") { key }.Calls(
            Role,
            (client, parse, cancellation) =>
            {
                var text = parse.GetRequiredValue(key);
                var isNumber = text.Length <= 18 && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
                return new ClearinghouseAdministrationClient(client).FindProductKeyAsync(
                    isNumber ? new(null, long.Parse(text, CultureInfo.InvariantCulture)) : new(text, null), cancellation);
            },
            (screen, record) => screen.Facts(
                ("Number", record.Id.ToString(CultureInfo.InvariantCulture)),
                ("Product key", record.ProductKey ?? "(not kept any more)"),
                ("For", CatalogueOptions.Describe(record.Quantity, record.Type, record.Version)),
                ("Program", record.Program),
                ("Minted", Screen.Time(record.MintedAt)),
                ("Redeemed", record.RedeemedAt is null ? "no" : Screen.Time(record.RedeemedAt)),
                ("License server", record.RedeemedBy ?? ""),
                ("Key pack", record.PackId?.ToString() ?? "")));
    }

    private static Command List() => ListCommand.Create(
        "list", "Lists product keys without their texts.", Role,
        (client, after, limit, cancellation) => new ClearinghouseAdministrationClient(client).ProductKeysAsync(after, limit, cancellation),
        "No product key has been minted. 'ostiary keys mint --quantity 5' makes one.",
        ("Number", key => key.Id.ToString(CultureInfo.InvariantCulture)),
        ("For", key => CatalogueOptions.Describe(key.Quantity, key.Type, key.Version)),
        ("Program", key => key.Program),
        ("Minted", key => Screen.Time(key.MintedAt)),
        ("Redeemed", key => Screen.Time(key.RedeemedAt)),
        ("License server", key => key.RedeemedBy ?? ""));
}
