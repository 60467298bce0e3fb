using System.CommandLine;
using System.Globalization;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary cals</c>: the CALs that the license server has issued.</summary>
internal static class CalsCommand
{
    public static Command Create() => new("cals", "CALs that this license server has issued.") { List(), Show(), Revoke(), Unrevoke() };

    private static Command List() => ListCommand.Create(
        "list", "Lists CALs, newest first.", ServerCommand.Role,
        (client, after, limit, cancellation) => new LicenseServerAdministrationClient(client).CalsAsync(after, limit, cancellation),
        "No CAL has been issued.",
        ("Device", cal => cal.Device),
        ("Type", cal => cal.Type.ToString()),
        ("Version", cal => cal.Version.ToString()),
        ("Status", cal => cal.Status.ToString()),
        ("Issued", cal => Screen.Time(cal.IssuedAt)),
        ("Expires", cal => Screen.Time(cal.ExpiresAt)),
        ("Account", cal => cal.Account ?? ""),
        ("Serial", cal => cal.Serial));

    private static Command Show()
    {
        var serial = Serial();
        return new Command("show", "Shows one CAL.") { serial }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).CalAsync(parse.GetRequiredValue(serial), cancellation),
            Print);
    }

    private static Command Revoke()
    {
        var serial = Serial();
        var reason = new Option<string>("--reason") { Description = "Why; it stands in the audit.", Required = true };
        return new Command("revoke", "Makes a permanent Device CAL void; its seat is free at once.") { serial, reason }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).RevokeAsync(parse.GetRequiredValue(serial), new(parse.GetRequiredValue(reason)), cancellation),
            PrintRevocation);
    }

    private static Command Unrevoke()
    {
        var serial = Serial();
        return new Command("unrevoke", "Lifts a revocation, if a seat is free.") { serial }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).LiftRevocationAsync(parse.GetRequiredValue(serial), cancellation),
            PrintRevocation);
    }

    private static Argument<string> Serial() => new("serial") { Description = "32 hexadecimal digits, as 'ostiary cals list' prints them." };

    private static void PrintRevocation(Screen screen, RevocationRecord record)
    {
        Print(screen, record.Cal);
        screen.Facts(
            ("Revoked", $"{record.Revoked} of at most {record.Limit} of version {record.Cal.Version} at a time"),
            ("May still be revoked", record.NextAt is { } next ? $"none; the next from {Screen.Time(next)}" : record.Remaining.ToString(CultureInfo.InvariantCulture)));
    }

    private static void Print(Screen screen, CalRecord cal) => screen.Facts(
        ("CAL", $"Ostiary {cal.Type} CAL, version {cal.Version} (not a Microsoft license)"),
        ("Serial", cal.Serial),
        ("Status", cal.Status.ToString()),
        ("Device", cal.Device),
        ("Hardware id", cal.HardwareId),
        ("Account", cal.Account ?? "(nobody has logged on yet)"),
        ("Asked for by", cal.Host),
        ("Key pack", cal.PackId?.ToString() ?? "none: it takes no seat"),
        ("Issued", Screen.Time(cal.IssuedAt)),
        ("Expires", Screen.Time(cal.ExpiresAt)),
        ("Ledger number", cal.LedgerNumber.ToString(CultureInfo.InvariantCulture)));
}
