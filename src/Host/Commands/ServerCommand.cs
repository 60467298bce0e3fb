using System.CommandLine;
using System.Globalization;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary server</c>: the license server itself.</summary>
internal static class ServerCommand
{
    public const string Role = "license-server";

    public static Command Create() => new("server", "The license server of this machine.") { ActivateCommand.Create(), ReactivateCommand.Create(), DeactivateCommand.Create(), Status(), TrustCommand.CreateForServer(), PolicyCommand.Create(), Clock() };

    private static Command Status() => new Command("status", "Shows activation, key packs and counts.").Calls(
        Role,
        (client, _, cancellation) => new LicenseServerAdministrationClient(client).StatusAsync(cancellation),
        Print);

    private static Command Clock() => new("clock", "What counts as now at the license server.")
    {
        new Command("show", "Shows the machine's clock and what counts as now.").Calls(
            Role, (client, _, cancellation) => new LicenseServerAdministrationClient(client).ClockAsync(cancellation), PrintClock),
        new Command("confirm", "Says that the machine's clock is right.").Calls(
            Role, (client, _, cancellation) => new LicenseServerAdministrationClient(client).ConfirmClockAsync(cancellation), PrintClock),
    };

    private static void PrintClock(Screen screen, ClockStatus clock) => HostCommand.Print(screen, clock, "ostiary server clock confirm");

    public static void Print(Screen screen, LicenseServerStatus status)
    {
        screen.Facts(
            ("License Server ID", status.LicenseServerId),
            ("Address", status.Address),
            ("Activated", status.Activated ? $"yes, until {Screen.Time(status.CertificateUntil)}" : status.IssuesNothingReason is null ? "no: it issues temporary CALs only. 'ostiary server activate' activates it." : "no"),
            ("Clearinghouse", status.Clearinghouse ?? "none configured"),
            ("Key fingerprint", status.KeyFingerprint),
            ("Session hosts", status.Hosts.ToString(CultureInfo.InvariantCulture)),
            ("Ledger number", status.LedgerNumber.ToString(CultureInfo.InvariantCulture)));
        screen.Table(
            status.Counts,
            "No key pack is installed. 'ostiary packs install KEY' installs one.",
            ("Type", count => count.Type.ToString()),
            ("Version", count => count.Version.ToString()),
            ("Installed", count => count.Installed.ToString(CultureInfo.InvariantCulture)),
            ("Issued", count => count.Issued.ToString(CultureInfo.InvariantCulture)),
            ("Available", count => count.Available.ToString(CultureInfo.InvariantCulture)),
            ("Temporary", count => count.Temporary.ToString(CultureInfo.InvariantCulture)),
            ("Over-used", count => count.OverUsed.ToString(CultureInfo.InvariantCulture)));
        if (status is { IssuesNothing: { } nothing, IssuesNothingReason: { } reason })
            screen.Line($"! {KebabCase.Of(reason)}: {nothing} {(reason == RefusalReason.LicenseServerRevoked ? "Ask the publisher." : "'ostiary server deactivate' goes on where it is not confirmed; 'ostiary server activate' activates it again.")}");
        if (status.Recovery is { } recovery)
            screen.Line($"! recovering: A session host has seen ledger number {recovery.SeenNumber}, which is higher than the ledger's. {recovery.HostsMissing} session hosts have not sent their receipts yet; until they have, or {Screen.Time(recovery.Until)}, newcomers get temporary CALs only. Remove hosts that are gone ('ostiary hosts remove HOST').");
        if (status.Clock is { Confirmed: false } clock)
            screen.Line($"! clock-leapt: The machine's clock leapt to {Screen.Time(clock.Machine)}; {Screen.Time(clock.Counts)} counts as now, and nothing ends by the leap. If the machine's clock is right, 'ostiary server clock confirm' says so.");
    }
}
