using System.CommandLine;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary tokens</c>: what programs show to the license server.</summary>
internal static class TokensCommand
{
    public static Command Create() => new("tokens", "Tokens with which programs administer the license server, and sign-ins.") { CreateToken(), List(), Revoke() };

    private static Command CreateToken()
    {
        var name = new Argument<string>("name") { Description = "What it is for; it stands in the audit." };
        var role = AccountsCommand.RoleOption("what it may do, not more than you.");
        var days = new Option<int>("--days") { Description = "How long it lasts, 1 to 365.", DefaultValueFactory = _ => 90 };
        return new Command("create", "Makes a token and shows it, once.") { name, role, days }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new AccountsClient(client).CreateTokenAsync(new(parse.GetRequiredValue(name), parse.GetValue(role), parse.GetValue(days)), cancellation),
            (screen, made) =>
            {
                screen.Line(made.Token);
                screen.Line($"It is not shown again. It lasts until {Screen.Time(made.Record.ExpiresAt)}; 'ostiary tokens revoke {made.Record.Id}' ends it before.");
            });
    }

    private static Command List() => ListCommand.Create(
        "list", "Lists tokens and sign-ins: your own, or all of them for administrators.", ServerCommand.Role,
        (client, after, limit, cancellation) => new AccountsClient(client).TokensAsync(after, limit, cancellation),
        "There is no token. 'ostiary tokens create NAME --role reader' makes one.",
        ("Token", token => token.Id.ToString()),
        ("Name", token => token.Name ?? "(sign-in)"),
        ("Owner", token => token.Owner),
        ("Role", token => KebabCase.Of(token.Role)),
        ("Made", token => Screen.Time(token.CreatedAt)),
        ("Until", token => Screen.Time(token.ExpiresAt)),
        ("Last used", token => Screen.Time(token.LastUsedAt)),
        ("Revoked", token => Screen.Time(token.RevokedAt)));

    private static Command Revoke()
    {
        var id = new Argument<Guid>("token") { Description = "Its number, as 'ostiary tokens list' shows it." };
        return new Command("revoke", "Ends a token, at once.") { id }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new AccountsClient(client).RevokeTokenAsync(parse.GetRequiredValue(id), cancellation),
            (screen, token) => screen.Line($"Token {token.Name ?? "of a sign-in"} of {token.Owner} is revoked."));
    }
}
