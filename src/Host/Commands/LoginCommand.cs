using System.CommandLine;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary login</c>, <c>ostiary logout</c> and <c>ostiary whoami</c>: at a license server elsewhere.</summary>
internal static class LoginCommand
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    public static Command CreateLogin()
    {
        var name = new Option<string>("--name") { Description = "The account.", Required = true };
        var command = new Command("login", "Signs in to a license server elsewhere, for 8 hours.") { name, RemoteServer.Server, RemoteServer.Fingerprint, PasswordInput.FromStandardInput };
        command.SetAction((parse, cancellation) => ApiCommand.RunAsync(parse, async (screen, json) =>
        {
            var address = Address(parse);
            var pinned = RemoteServer.Pinned(parse, address);
            using var client = PinnedServer.Connect(address, pinned, null, Timeout, TimeProvider.System);
            var account = parse.GetRequiredValue(name);
            var signedIn = await new AccountsClient(client).SignInAsync(new(account, PasswordInput.Read(parse, $"Password of {Screen.Harmless(account)}")), cancellation);
            Logins.Keep(address, new(pinned.Hex, signedIn.Token));
            var caller = new CallerRecord(signedIn.Name, signedIn.Role, null, signedIn.ExpiresAt);
            if (json)
                screen.Json(caller);
            else
                screen.Line($"Signed in to {address} as {Describe(caller)}.");
            return ExitCode.Done;
        }));
        return command;
    }

    public static Command CreateLogout()
    {
        var command = new Command("logout", "Ends the sign-in at a license server elsewhere.") { RemoteServer.Server };
        command.SetAction((parse, cancellation) => ApiCommand.RunAsync(parse, async (screen, json) =>
        {
            var address = Address(parse);
            if (Logins.Find(address) is not { Token: { } token } login)
                throw new ProblemException(LicensingProblem.NotAuthenticated, $"nobody is signed in to {address} here");
            // Forgotten here first: whatever the server says, this machine does not use it any more.
            Logins.Keep(address, login with { Token = null });
            using var client = PinnedServer.Connect(address, RemoteServer.Pinned(parse, address), token, Timeout, TimeProvider.System);
            var caller = await new AccountsClient(client).SignOutAsync(cancellation);
            if (json)
                screen.Json(caller);
            else
                screen.Line($"Signed out of {address}.");
            return ExitCode.Done;
        }));
        return command;
    }

    public static Command CreateWhoAmI() => new Command("whoami", "Shows who the license server takes you for, and what you may do.").Calls(
        ServerCommand.Role,
        (client, _, cancellation) => new AccountsClient(client).CallerAsync(cancellation),
        (screen, caller) => screen.Line(Describe(caller)));

    private static Uri Address(ParseResult parse)
        => RemoteServer.Address(parse) ?? throw new UsageException("--server says which license server; at the one of this machine nobody needs to sign in");

    private static string Describe(CallerRecord caller)
        => $"{caller.Name} ({KebabCase.Of(caller.Role)}{(caller.ExpiresAt is null ? "" : $", until {Screen.Time(caller.ExpiresAt)}")})";
}
