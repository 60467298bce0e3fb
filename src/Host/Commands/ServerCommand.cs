using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Statements;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary server</c>: the license server itself.</summary>
internal static class ServerCommand
{
    public const string Role = "license-server";

    public static Command Create() => new("server", "The license server of this machine.")
    {
        ActivateCommand.Create(), ReactivateCommand.Create(), DeactivateCommand.Create(), Status(), TrustCommand.CreateForServer(), PolicyCommand.Create(), Clock(), Succeed(), PublisherHead(),
    };

    private static Command Status() => new Command("status", "Shows activation, key packs and counts.").Calls(
        Role,
        (client, _, cancellation) => new LicenseServerAdministrationClient(client).StatusAsync(cancellation),
        Print);

    private static Command Succeed()
    {
        var reason = new Option<string?>("--reason") { Description = "Why, for the audit.", HelpName = "TEXT" };
        var stolen = new Option<bool>("--stolen") { Description = "Somebody else has, or may have, the key: the publisher says that another one follows, and the old one is revoked." };
        var lost = new Option<bool>("--lost") { Description = "This license server stands in the place of one whose key is lost, as the publisher has said." };
        var command = new Command("succeed", "Another key follows the license server's: session hosts and clients follow by themselves. Run again it goes on where it was.") { reason, stolen, lost };
        command.Validators.Add(result =>
        {
            if (result.GetValue(stolen) && result.GetValue(lost))
                result.AddError("--stolen and --lost do not go together: of a lost key nothing is left to be stolen");
        });
        return command.Calls(
            Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).SucceedAsync(
                new(parse.GetValue(stolen) ? SuccessionCause.Stolen : parse.GetValue(lost) ? SuccessionCause.Lost : SuccessionCause.Planned, parse.GetValue(reason)), cancellation),
            (screen, status) =>
            {
                Print(screen, status);
                screen.Line("Invitations that have not been used yet are for the old key: make others (ostiary hosts invite).");
            });
    }

    private static Command PublisherHead()
    {
        var file = new Option<FileInfo?>("--out") { Description = "Where the signed head goes, for the publisher's 'ostiary clearinghouse audit verify --head FILE'.", HelpName = "FILE" };
        return new Command("publisher-head", "Shows the newest head of the clearinghouse's audit that was seen: evidence, should the publisher's records be changed. Exit status 1 when later ones contradict it.") { file }.Calls(
            Role,
            async (client, parse, cancellation) =>
            {
                var head = await new LicenseServerAdministrationClient(client).PublisherAuditHeadAsync(cancellation);
                if (parse.GetValue(file) is { } target)
                    await File.WriteAllBytesAsync(
                        target.FullName, JsonSerializer.SerializeToUtf8Bytes(head.Document ?? throw new UsageException("no head was seen yet"), ContractsJson.Default.AuditHeadDocument), cancellation);
                return head;
            },
            (screen, head) =>
            {
                screen.Facts(
                    ("Entries", head.Number?.ToString(CultureInfo.InvariantCulture) ?? "no head was seen yet"),
                    ("Hash", head.Hash ?? ""),
                    ("Signed", Screen.Time(head.At)));
                if (head.Fault is { } fault)
                    screen.Line($"! publisher-audit-contradicts: {fault}. Give the publisher this head ('--out FILE').");
            },
            head => head.Fault is null ? ExitCode.Done : ExitCode.Failed);
    }

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
        foreach (var succession in status.Successions ?? [])
            screen.Line(succession.At is { } at
                ? $"This license server followed {succession.From} on {Screen.Time(at)} ({KebabCase.Of(succession.Cause)}){(succession.Reason is { } why ? $": {Screen.Harmless(why)}" : "")}."
                : $"! succession-under-way: {succession.To} is to follow ({KebabCase.Of(succession.Cause)}). 'ostiary server succeed' goes on with it{(succession.Cause == SuccessionCause.Planned ? "" : $", once the publisher has said: ostiary clearinghouse servers succeed {succession.From} --to {succession.To}")}.");
        if (status is { IssuesNothing: { } nothing, IssuesNothingReason: { } reason })
            screen.Line($"! {KebabCase.Of(reason)}: {nothing} {(reason == RefusalReason.LicenseServerRevoked ? "Ask the publisher." : "'ostiary server deactivate' goes on where it is not confirmed; 'ostiary server activate' activates it again.")}");
        if (status.Recovery is { } recovery)
            screen.Line($"! recovering: A session host has seen ledger number {recovery.SeenNumber}, which is higher than the ledger's. {recovery.HostsMissing} session hosts have not sent their receipts yet; until they have, or {Screen.Time(recovery.Until)}, newcomers get temporary CALs only. Remove hosts that are gone ('ostiary hosts remove HOST').");
        if (status.Clock is { Confirmed: false } clock)
            screen.Line($"! clock-leapt: The machine's clock leapt to {Screen.Time(clock.Machine)}; {Screen.Time(clock.Counts)} counts as now, and nothing ends by the leap. If the machine's clock is right, 'ostiary server clock confirm' says so.");
    }
}
