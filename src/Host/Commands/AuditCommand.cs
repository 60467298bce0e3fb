using System.CommandLine;
using System.Globalization;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary audit</c> and <c>ostiary clearinghouse audit</c>: the audit chains.</summary>
internal static class AuditCommand
{
    public static Command Create() => new("audit", "The license server's audit chain.")
    {
        ListCommand.Create(
            "list", "Lists what happened and who did it, newest first.", ServerCommand.Role,
            (client, after, limit, cancellation) => new LicenseServerAdministrationClient(client).AuditAsync(after, limit, cancellation),
            "Nothing has happened yet.",
            ("Number", entry => entry.Number.ToString(CultureInfo.InvariantCulture)),
            ("When", entry => Screen.Time(entry.At)),
            ("By", entry => entry.By ?? "(erased)"),
            ("What", entry => entry.Kind),
            ("Table", entry => entry.Table),
            ("Row", entry => entry.Row)),
        new Command("verify", "Recomputes the chain and compares every row with it. Exit status 1 when a row does not fit.").Calls(
            ServerCommand.Role,
            (client, _, cancellation) => new LicenseServerAdministrationClient(client).VerifyAuditAsync(cancellation),
            (screen, result) =>
            {
                if (!result.Sound)
                    screen.Table(result.Faults, "", ("Table", fault => fault.Table), ("Row", fault => fault.Row), ("Fault", fault => fault.Fault));
                screen.Line(result.Sound
                    ? $"Sound: {result.Entries} entries, head {result.HeadHash}."
                    : $"Not sound: {result.Faults.Count} faults in {result.Entries} entries.");
            },
            result => result.Sound ? ExitCode.Done : ExitCode.Failed),
    };

    /// <summary>The clearinghouse's.</summary>
    public static Command CreateForClearinghouse() => new("audit", "The clearinghouse's audit chain.")
    {
        ListCommand.Create(
            "list", "Lists what happened and who did it, newest first.", ClearinghouseCommand.Role,
            (client, after, limit, cancellation) => new ClearinghouseAdministrationClient(client).AuditAsync(after, limit, cancellation),
            "Nothing has happened yet.",
            ("Number", entry => entry.Number.ToString(CultureInfo.InvariantCulture)),
            ("When", entry => Screen.Time(entry.At)),
            ("By", entry => entry.By ?? "(erased)"),
            ("What", entry => entry.Kind),
            ("Subject", entry => entry.Subject)),
        new Command("verify", "Recomputes the chain. Exit status 1 when an entry does not fit.").Calls(
            ClearinghouseCommand.Role,
            (client, _, cancellation) => new ClearinghouseAdministrationClient(client).VerifyAuditAsync(cancellation),
            (screen, result) => screen.Line(result.Sound ? $"Sound: {result.Entries} entries." : $"Not sound: entry {result.Number}: {result.Fault}."),
            result => result.Sound ? ExitCode.Done : ExitCode.Failed),
    };
}
