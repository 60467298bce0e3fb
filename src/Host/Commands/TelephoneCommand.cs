using System.CommandLine;
using System.Security.Cryptography;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Telephone;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary clearinghouse telephone</c>: the publisher's telephone desk.</summary>
internal static class TelephoneCommand
{
    public static Command Create() => new("telephone", "The telephone desk: what a caller reads aloud, and what is read back.") { Activate(), Draw(), Install() };

    private static Command Activate()
    {
        var groups = new Argument<string[]>("groups") { Description = $"The {SpokenForm.ActivationRequest.Groups} groups, in order.", Arity = ArgumentArity.OneOrMore };
        var company = new CompanyOptions();
        var command = new Command("activate", "Activates the license server of a caller.") { groups };
        company.AddTo(command);
        return command.Calls(
            ClearinghouseCommand.Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).TelephoneActivationAsync(
                new(ConnectionMethods.SplitGroups(SpokenForm.ActivationRequest, string.Join(' ', parse.GetRequiredValue(groups))), company.Read(parse)), cancellation),
            Print);
    }

    private static Command Draw()
    {
        var server = new Argument<string>("license-server-id") { Description = "The caller's License Server ID, 35 symbols." };
        var nonce = new Option<string?>("--draw") { Description = "32 hexadecimal digits: what a draw that was cut off has printed; it draws nothing a second time.", HelpName = "HEX" };
        var agreement = new AgreementOptions();
        var command = new Command("draw", "Draws CALs from a caller's agreement, as a product key.") { server, nonce };
        agreement.AddTo(command);
        return command.Calls(
            ClearinghouseCommand.Role,
            (client, parse, cancellation) =>
            {
                var wanted = agreement.Read(parse);
                var draw = parse.GetValue(nonce) is { } given ? ReadNonce(given) : RandomNumberGenerator.GetBytes(DrawRequest.NonceLength);
                parse.InvocationConfiguration.Error.WriteLine($"ostiary: if this is cut off, go on with --draw {Convert.ToHexStringLower(draw)}");
                return new ClearinghouseAdministrationClient(client).TelephoneDrawAsync(
                    new(parse.GetRequiredValue(server), wanted.Program, wanted.Numbers, wanted.Type, wanted.Version, wanted.Quantity, draw), cancellation);
            },
            (screen, drawn) =>
            {
                screen.Line($"{CatalogueOptions.Describe(drawn.Quantity, drawn.Type, drawn.Version)}. Read the product key aloud, group by group:");
                ConnectionMethods.ShowGroups(screen, drawn.ProductKey!.Split('-'));
            });
    }

    private static byte[] ReadNonce(string hex)
        => hex.Length == DrawRequest.NonceLength * 2 && hex.All(char.IsAsciiHexDigit) ? Convert.FromHexString(hex) : throw new UsageException($"--draw has {DrawRequest.NonceLength * 2} hexadecimal digits");

    private static Command Install()
    {
        var server = new Argument<string>("license-server-id") { Description = "The caller's License Server ID, 35 symbols." };
        var key = new Argument<string>("key") { Description = "The caller's product key, 25 symbols." };
        return new Command("install", "Redeems a caller's product key.") { server, key }.Calls(
            ClearinghouseCommand.Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).TelephoneRedemptionAsync(new(parse.GetRequiredValue(server), parse.GetRequiredValue(key)), cancellation),
            Print);
    }

    private static void Print(Screen screen, TelephoneAnswer answer)
    {
        screen.Line($"License server {answer.LicenseServerId}. Read aloud, group by group:");
        ConnectionMethods.ShowGroups(screen, answer.Groups);
    }
}
