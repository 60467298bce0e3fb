using System.CommandLine;
using System.Globalization;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary users</c>: the User CALs of the license server.</summary>
internal static class UsersCommand
{
    public static Command Create() => new("users", "User CALs: who holds one, and giving them back.") { List(), Show(), Release(), Rename() };

    private static Argument<string> Serial() => new("serial") { Description = "32 hexadecimal digits, as 'ostiary users list' prints them." };

    private static Command List()
    {
        var search = new Option<string?>("--search") { Description = "A part of the account's name or realm." };
        return ListCommand.Create(
            "list", "Lists User CALs, in the order in which they came.", ServerCommand.Role, search,
            (client, parse, after, limit, cancellation) => new LicenseServerAdministrationClient(client).UserCalsAsync(parse.GetValue(search), after, limit, cancellation),
            "No User CAL has been issued.",
            ("Account", cal => cal.Account),
            ("Realm", cal => cal.Realm.Length == 0 ? "(local)" : cal.Realm),
            ("Version", cal => cal.Version.ToString()),
            ("Status", cal => Status(cal)),
            ("Assigned", cal => Screen.Time(cal.AssignedAt)),
            ("Last logon", cal => Screen.Time(cal.LastLogonAt)),
            ("Expires", cal => Screen.Time(cal.ExpiresAt)),
            ("Serial", cal => cal.Serial));
    }

    private static Command Show()
    {
        var serial = Serial();
        return new Command("show", "Shows one User CAL.") { serial }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).UserCalAsync(parse.GetRequiredValue(serial), cancellation),
            Print);
    }

    private static Command Release()
    {
        var serial = Serial();
        var reason = new Option<string?>("--reason") { Description = "Why; required within 90 days of the assignment." };
        return new Command("release", "Takes a User CAL back; its seat is free at once.") { serial, reason }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).ReleaseUserCalAsync(
                parse.GetRequiredValue(serial), new(parse.GetValue(reason)), cancellation),
            Print);
    }

    private static Command Rename()
    {
        var serial = Serial();
        var name = new Argument<string>("name") { Description = "The local account's new name." };
        return new Command("rename", "Gives the User CAL of a local account to its new name.") { serial, name }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).RenameUserCalAsync(
                parse.GetRequiredValue(serial), new(parse.GetRequiredValue(name)), cancellation),
            Print);
    }

    private static string Status(UserCalRecord cal) => KebabCase.Of(cal.Status) + (cal is { OverUsed: true, Status: UserCalStatus.Active } ? ", over-used" : "");

    private static void Print(Screen screen, UserCalRecord cal) => screen.Facts(
        ("CAL", $"Ostiary User CAL, version {cal.Version} (not a Microsoft license)"),
        ("Serial", cal.Serial),
        ("Status", Status(cal)),
        ("Account", cal.Account),
        ("Realm", cal.Realm.Length > 0 ? cal.Realm : cal.AccountHost is { } host ? $"local, of host {host} alone" : "local"),
        ("Key pack", cal.PackId?.ToString() ?? "none: it is beyond the packs"),
        ("Assigned", Screen.Time(cal.AssignedAt)),
        ("Last logon", Screen.Time(cal.LastLogonAt)),
        ("Expires", Screen.Time(cal.ExpiresAt)),
        ("Released", cal.ReleasedAt is null ? "no" : $"{Screen.Time(cal.ReleasedAt)}{(cal.ReleaseReason is null ? "" : $": {cal.ReleaseReason}")}"),
        ("Ledger number", cal.LedgerNumber.ToString(CultureInfo.InvariantCulture)));
}
