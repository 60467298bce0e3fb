using System.CommandLine;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary accounts</c> and <c>ostiary clearinghouse accounts</c>: who may administer a license server or a clearinghouse from elsewhere.</summary>
internal static class AccountsCommand
{
    private static readonly string[] Roles = [.. Enum.GetValues<AccountRole>().Select(KebabCase.Of)];

    /// <param name="at">The role: its folder under the state directory.</param>
    /// <param name="what">What is administered.</param>
    public static Command Create(string at, string what) => new("accounts", $"Who may administer {what} from elsewhere.") { Add(at), List(at), Role(at), Password(at), Remove(at) };

    /// <summary>reader, operator or administrator.</summary>
    public static Option<AccountRole> RoleOption(string description)
    {
        var option = new Option<AccountRole>("--role") { Description = $"reader, operator or administrator: {description}", Required = true, HelpName = "ROLE" };
        // As the API spells them; the framework's own suggestions are the names in the source.
        option.CompletionSources.Clear();
        option.CompletionSources.Add(Roles);
        return option;
    }

    private static Command Add(string at)
    {
        var name = Name();
        var role = RoleOption("what it may do.");
        return new Command("add", "Adds an account.") { name, role, PasswordInput.FromStandardInput }.Calls(
            at,
            (client, parse, cancellation) => new AccountsClient(client).AddAsync(
                new(parse.GetRequiredValue(name), parse.GetValue(role), PasswordInput.ReadNew(parse, "New password")), cancellation),
            (screen, account) => screen.Line($"Added {Describe(account)}."));
    }

    private static Command List(string at) => ListCommand.Create(
        "list", "Lists accounts.", at,
        (client, after, limit, cancellation) => new AccountsClient(client).AccountsAsync(after, limit, cancellation),
        "There is no account. 'accounts add NAME --role administrator' adds one.",
        ("Account", account => account.Name),
        ("Role", account => KebabCase.Of(account.Role)),
        ("Since", account => Screen.Time(account.CreatedAt)),
        ("Locked until", account => Screen.Time(account.LockedUntil)));

    private static Command Role(string at)
    {
        var name = Name();
        var role = new Argument<AccountRole>("role") { Description = "reader, operator or administrator.", HelpName = "role" };
        role.CompletionSources.Clear();
        role.CompletionSources.Add(Roles);
        return new Command("role", "Changes what an account may do, at once.") { name, role }.Calls(
            at,
            (client, parse, cancellation) => new AccountsClient(client).SetRoleAsync(parse.GetRequiredValue(name), new(parse.GetValue(role)), cancellation),
            (screen, account) => screen.Line($"{Describe(account)}."));
    }

    private static Command Password(string at)
    {
        var name = Name();
        return new Command("password", "Sets a password. Whoever changes their own gives the current one first.") { name, PasswordInput.FromStandardInput }.Calls(
            at,
            async (client, parse, cancellation) =>
            {
                var accounts = new AccountsClient(client);
                var account = parse.GetRequiredValue(name);
                var isOwn = string.Equals((await accounts.CallerAsync(cancellation)).Name, account, StringComparison.OrdinalIgnoreCase);
                var current = isOwn ? PasswordInput.Read(parse, "Current password") : null;
                return await accounts.SetPasswordAsync(account, new(PasswordInput.ReadNew(parse, "New password"), current), cancellation);
            },
            (screen, account) => screen.Line($"The password of {account.Name} is set; its other sign-ins have ended."));
    }

    private static Command Remove(string at)
    {
        var name = Name();
        return new Command("remove", "Removes an account and all its tokens, at once.") { name }.Calls(
            at,
            (client, parse, cancellation) => new AccountsClient(client).RemoveAsync(parse.GetRequiredValue(name), cancellation),
            (screen, account) => screen.Line($"Removed {account.Name}."));
    }

    private static Argument<string> Name() => new("name") { Description = "The account's name." };

    private static string Describe(AccountRecord account) => $"{account.Name} ({KebabCase.Of(account.Role)})";
}
