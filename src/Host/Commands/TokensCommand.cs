using System.CommandLine;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary tokens</c> and <c>ostiary clearinghouse tokens</c>: what programs show to a license server or a clearinghouse.</summary>
internal static class TokensCommand
{
    /// <param name="at">The role: its folder under the state directory.</param>
    /// <param name="what">What is administered.</param>
    public static Command Create(string at, string what) => new("tokens", $"Tokens with which programs administer {what}, and sign-ins.") { CreateToken(at), List(at), Revoke(at) };

    private static Command CreateToken(string at)
    {
        var name = new Argument<string>("name") { Description = "What it is for; it stands in the audit." };
        var role = AccountsCommand.RoleOption("what it may do, not more than you.");
        var days = new Option<int>("--days") { Description = "How long it lasts, 1 to 365.", DefaultValueFactory = _ => 90 };
        return new Command("create", "Makes a token and shows it, once.") { name, role, days }.Calls(
            at,
            (client, parse, cancellation) => new AccountsClient(client).CreateTokenAsync(new(parse.GetRequiredValue(name), parse.GetValue(role), parse.GetValue(days)), cancellation),
            (screen, made) =>
            {
                screen.Line(made.Token);
                screen.Line($"It is not shown again. It lasts until {Screen.Time(made.Record.ExpiresAt)}; 'tokens revoke {made.Record.Id}' ends it before.");
            });
    }

    private static Command List(string at) => ListCommand.Create(
        "list", "Lists tokens and sign-ins: your own, or all of them for administrators.", at,
        (client, after, limit, cancellation) => new AccountsClient(client).TokensAsync(after, limit, cancellation),
        "There is no token. 'tokens create NAME --role reader' makes one.",
        ("Token", token => token.Id.ToString()),
        ("Name", token => token.Name ?? "(sign-in)"),
        ("Owner", token => token.Owner),
        ("Role", token => KebabCase.Of(token.Role)),
        ("Made", token => Screen.Time(token.CreatedAt)),
        ("Until", token => Screen.Time(token.ExpiresAt)),
        ("Last used", token => Screen.Time(token.LastUsedAt)),
        ("Revoked", token => Screen.Time(token.RevokedAt)));

    private static Command Revoke(string at)
    {
        var id = new Argument<Guid>("token") { Description = "Its number, as 'tokens list' shows it." };
        return new Command("revoke", "Ends a token, at once.") { id }.Calls(
            at,
            (client, parse, cancellation) => new AccountsClient(client).RevokeTokenAsync(parse.GetRequiredValue(id), cancellation),
            (screen, token) => screen.Line($"Token {token.Name ?? "of a sign-in"} of {token.Owner} is revoked."));
    }
}
