using System.CommandLine;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary server policy</c> and <c>ostiary break-glass</c>.</summary>
internal static class PolicyCommand
{
    public static Command Create() => new("policy", "What the license server does when CALs run short.") { Show(), Set() };

    public static Command CreateBreakGlass()
    {
        var reason = new Option<string>("--reason") { Description = "Why; it is kept in the ledger.", Required = true };
        return new Command("break-glass", "Grants User CALs beyond the packs for 24 hours; once in 30 days.") { reason }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).BreakGlassAsync(new(parse.GetRequiredValue(reason)), cancellation),
            Print);
    }

    private static Command Show() => new Command("show", "Shows the policy.").Calls(
        ServerCommand.Role,
        (client, _, cancellation) => new LicenseServerAdministrationClient(client).PolicyAsync(cancellation),
        Print);

    private static Command Set()
    {
        var overUse = new Option<string?>("--over-use") { Description = "enforce: who finds no User CAL is refused. track: gets one beyond the packs." };
        overUse.AcceptOnlyFromAmong("enforce", "track");
        var prevent = new Option<bool?>("--prevent-license-upgrade") { Description = "true: no CAL newer than the host is given." };
        var group = new Option<bool?>("--security-group") { Description = "true: a session host that joins is answered only when 'ostiary hosts set HOST --allowed true' has allowed it." };
        return new Command("set", "Changes the policy; what is not given stays as it is. A policy of the domain goes over it.") { overUse, prevent, group }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).SetPolicyAsync(
                new(
                    parse.GetValue(overUse) switch { "track" => UserOverUse.Track, "enforce" => UserOverUse.Enforce, _ => null },
                    parse.GetValue(prevent), parse.GetValue(group)),
                cancellation),
            Print);
    }

    /// <summary>What is in force, where it comes from, and the break-glass.</summary>
    public static void Print(Screen screen, PolicyRecord policy)
    {
        PolicyTable.Print(screen, policy.Values ?? [], policy.Faults ?? []);
        screen.Facts(
            ("Set here: over-use", policy.UserOverUse == UserOverUse.Track ? "track: granted beyond the packs, and shown as over-use" : "enforce: refused"),
            ("Set here: prevent license upgrade", policy.PreventLicenseUpgrade ? "yes" : "no"),
            ("Set here: security group", policy.SecurityGroup ? "yes: who joins must be allowed" : "no"),
            ("Break-glass", policy switch
            {
                { BreakGlassUntil: { } until } => $"runs until {Screen.Time(until)}",
                { BreakGlassNext: { } next } => $"possible again at {Screen.Time(next)}",
                _ => "possible",
            }));
    }
}
