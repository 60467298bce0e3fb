using System.CommandLine;
using Ostiary.Contracts.Http;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary audit</c>: the license server's audit chain.</summary>
internal static class AuditCommand
{
    public static Command Create() => new("audit", "The license server's audit chain.")
    {
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
}
