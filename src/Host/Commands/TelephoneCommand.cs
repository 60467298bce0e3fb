using System.CommandLine;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Telephone;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary clearinghouse telephone</c>: the publisher's telephone desk.</summary>
internal static class TelephoneCommand
{
    private const string Role = "clearinghouse";

    public static Command Create() => new("telephone", "The telephone desk: what a caller reads aloud, and what is read back.") { Activate(), Install() };

    private static Command Activate()
    {
        var groups = new Argument<string[]>("groups") { Description = $"The {SpokenForm.ActivationRequest.Groups} groups, in order.", Arity = ArgumentArity.OneOrMore };
        var company = new CompanyOptions();
        var command = new Command("activate", "Activates the license server of a caller.") { groups };
        company.AddTo(command);
        return command.Calls(
            Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).TelephoneActivationAsync(
                new(ConnectionMethods.SplitGroups(SpokenForm.ActivationRequest, string.Join(' ', parse.GetRequiredValue(groups))), company.Read(parse)), cancellation),
            Print);
    }

    private static Command Install()
    {
        var server = new Argument<string>("license-server-id") { Description = "The caller's License Server ID, 35 symbols." };
        var key = new Argument<string>("key") { Description = "The caller's product key, 25 symbols." };
        return new Command("install", "Redeems a caller's product key.") { server, key }.Calls(
            Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).TelephoneRedemptionAsync(new(parse.GetRequiredValue(server), parse.GetRequiredValue(key)), cancellation),
            Print);
    }

    private static void Print(Screen screen, TelephoneAnswer answer)
    {
        screen.Line($"License server {answer.LicenseServerId}. Read aloud, group by group:");
        ConnectionMethods.ShowGroups(screen, answer.Groups);
    }
}
