using System.CommandLine;
using System.Globalization;
using System.Net;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Diagnoser;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary diagnose</c>, also <c>lsdiag</c>: what is wrong on this machine, why, and the exact command that mends it.</summary>
internal static class DiagnoseCommand
{
    /// <summary>The name under which the executable is <c>ostiary diagnose</c>.</summary>
    public const string Alias = "lsdiag";

    private const int RdpPort = 3389;
    private const int Clean = 0, Warnings = 1, Errors = 2, CouldNotLook = 3;

    public static Command Create()
    {
        var rdp = new Option<string?>("--host") { Description = "Looks at this RDP host as a client does, in the place of the one of this machine.", HelpName = "ADDRESS[:PORT]" };
        var clearinghouse = new Option<bool>("--clearinghouse") { Description = "Prints and tries the addresses that the license server of this machine needs, and nothing else." };
        var bundle = new Option<FileInfo?>("--bundle") { Description = "Writes what the roles find into a file for whoever helps, signed by each role, without names of people and devices.", HelpName = "FILE" };
        var verify = new Option<FileInfo?>("--verify-bundle") { Description = "Verifies a bundle from elsewhere and prints it, and looks at nothing here.", HelpName = "FILE" };
        var command = new Command(
            "diagnose", "Finds what is wrong on this machine: evidence, cause, and the command that mends it. Exit status 0 nothing, 1 warnings, 2 errors, 3 could not look.") { rdp, clearinghouse, bundle, verify };
        command.SetAction(async (parse, cancellation) =>
        {
            var screen = new Screen(parse.InvocationConfiguration.Output);
            var errors = parse.InvocationConfiguration.Error;
            if (parse.GetValue(verify) is { } given)
                return await VerifyAsync(screen, errors, given, parse.GetValue(GlobalOptions.Json), cancellation);
            var state = GlobalOptions.StateDirectory(parse);
            DnsEndPoint? place = null;
            if (parse.GetValue(rdp) is { } text && !TryParse(text, out place))
            {
                await errors.WriteLineAsync($"--host is a name or an address, with a port from 1 to 65535 where it is not {RdpPort}; \"{Screen.Harmless(text)}\" is not");
                return CouldNotLook;
            }

            DiagnosisReport? report;
            try
            {
                var diagnosis = new Diagnosis(state, TimeProvider.System);
                var file = parse.GetValue(bundle);
                report = await diagnosis.RunAsync(place, file is not null, cancellation);
                if (file is not null && diagnosis.Bundle.Length == 0)
                    throw new ProblemException(LicensingProblem.Unreachable, "no role that could sign a bundle answers here");
                if (file is not null)
                    await File.WriteAllTextAsync(file.FullName, diagnosis.Bundle, cancellation);
            }
            catch (ProblemException problem)
            {
                await errors.WriteLineAsync(Screen.Harmless(problem.Message));
                return CouldNotLook;
            }
            catch (Exception unwritten) when (unwritten is IOException or UnauthorizedAccessException)
            {
                await errors.WriteLineAsync($"--bundle: {Screen.Harmless(unwritten.Message)}");
                return CouldNotLook;
            }

            if (report is null)
            {
                await errors.WriteLineAsync($"No role has been set up in {Screen.Harmless(state)}; name another folder with --state, or an RDP host with --host.");
                return CouldNotLook;
            }

            if (parse.GetValue(clearinghouse))
                report = report with { Endpoints = [.. report.Endpoints.Where(endpoint => endpoint.Purpose == "clearinghouse")], Findings = [.. report.Findings.Where(finding => finding.Code.StartsWith("clearinghouse-", StringComparison.Ordinal))] };
            if (parse.GetValue(GlobalOptions.Json))
                screen.Json(report);
            else if (parse.GetValue(clearinghouse))
                PrintClearinghouse(screen, report);
            else
                Print(screen, report);
            return ExitOf(report, place is not null);
        });
        return command;
    }

    private static async Task<int> VerifyAsync(Screen screen, TextWriter errors, FileInfo file, bool asJson, CancellationToken cancellation)
    {
        IReadOnlyList<VerifiedDiagnosis> parts;
        try
        {
            if (file is { Exists: true, Length: > DiagnosisBundle.MaxLength })
                throw new InvalidDataException($"a bundle has at most {DiagnosisBundle.MaxLength} bytes, not {file.Length}");
            parts = DiagnosisBundle.Verify(await File.ReadAllTextAsync(file.FullName, cancellation));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            await errors.WriteLineAsync($"--verify-bundle: {Screen.Harmless(failure.Message)}");
            return CouldNotLook;
        }

        if (asJson)
            screen.Json(parts);
        else
            foreach (var part in parts)
            {
                screen.Line($"{part.Findings.Role} {Screen.Harmless(part.Findings.Name)}, software {Screen.Harmless(part.Findings.SoftwareVersion)}, at {Screen.Time(part.Findings.At)}; signed by the key {part.Signer} ({Screen.Harmless(part.Subject)})");
                foreach (var finding in part.Findings.Findings)
                    PrintFinding(screen, finding);
                screen.Line("");
            }

        return ExitOf(parts.SelectMany(part => part.Findings.Findings));
    }

    // What was not looked at is not well: where no role of those that are set up answers this user, there is no verdict.
    private static int ExitOf(DiagnosisReport report, bool lookedOutside)
    {
        if (report.Roles.Count == 0 && !lookedOutside && report.Findings.All(finding => finding.Code == OutsideFindings.RoleAccessDenied.Code))
            return CouldNotLook;
        return ExitOf(report.Findings);
    }

    private static int ExitOf(IEnumerable<Finding> findings) => findings.Select(finding => finding.Severity).DefaultIfEmpty(Severity.Information).Max() switch
    {
        Severity.Error => Errors,
        Severity.Warning => Warnings,
        _ => Clean,
    };

    private static void Print(Screen screen, DiagnosisReport report)
    {
        screen.Line(report.Verdict);
        if (report.Host is { } host)
        {
            screen.Line("");
            screen.Facts(
                ("Session host", host),
                ("Mode", report.Mode is { } mode ? KebabCase.Of(mode) : ""),
                ("Version", report.Version?.ToString() ?? ""),
                ("CALs available", report.CalsAvailable?.ToString(CultureInfo.InvariantCulture) ?? "not known: no license server says"));
            screen.Table(
                report.LicenseServers,
                "No license server: 'ostiary hosts join INVITATION' joins one.",
                ("License server", server => server.Address),
                ("Answers", server => server.Diagnosis is null ? "no" : "yes"),
                ("Activated", server => server.Diagnosis is { } said ? said.Activated ? "yes" : "no" : ""),
                ("CALs for this host", server => server.Diagnosis is { } said ? $"{said.Installed} {KebabCase.Of(said.Type)}, {said.Available} free" : ""),
                ("Recovering", server => server.Diagnosis is { } said ? said.Recovering ? "yes" : "no" : ""),
                ("Software", server => server.Diagnosis?.SoftwareVersion ?? ""));
        }

        foreach (var finding in report.Findings)
            PrintFinding(screen, finding);
        if (report.Refusals.Count == 0)
            return;
        screen.Line("");
        screen.Line("Refused last:");
        foreach (var refusal in report.Refusals)
        {
            screen.Line($"  {Screen.Time(refusal.At)}  {Screen.Harmless(refusal.Device ?? refusal.Address)}{(refusal.UserName is { Length: > 0 } name ? $", {Screen.Harmless(name)} (not proven)" : "")}: {refusal.Reason}, row {refusal.Rule} of the rules");
            screen.Line($"    {Screen.Harmless(refusal.Detail)}");
            screen.Line($"    Do this: {Screen.Harmless(refusal.Fix)}");
        }
    }

    private static void PrintFinding(Screen screen, Finding finding)
    {
        screen.Line("");
        screen.Line($"{KebabCase.Of(finding.Severity).ToUpperInvariant()}  {finding.Code}  {Screen.Harmless(finding.Subject)}");
        screen.Line($"  {Screen.Harmless(finding.Evidence)}");
        screen.Line($"  Cause: {Screen.Harmless(finding.Cause)}");
        screen.Line($"  Fix:   {Screen.Harmless(finding.Fix)}");
        foreach (var line in finding.FixCommands)
            screen.Line($"         $ {Screen.Harmless(line)}");
    }

    private static void PrintClearinghouse(Screen screen, DiagnosisReport report)
    {
        screen.Table(
            report.Endpoints,
            "The license server of this machine has no clearinghouse configured, or there is none here.",
            ("Host", endpoint => endpoint.Host),
            ("Port", endpoint => $"TCP {endpoint.Port.ToString(CultureInfo.InvariantCulture)}"),
            ("For", endpoint => endpoint.Purpose),
            ("Answers", endpoint => endpoint.Fault is { } fault ? $"no ({KebabCase.Of(fault)})" : "yes"));
        foreach (var finding in report.Findings)
            PrintFinding(screen, finding);
    }

    private static bool TryParse(string text, out DnsEndPoint? place)
    {
        place = null;
        // An address of version 6 without brackets has no port.
        if (IPAddress.TryParse(text.Trim('[', ']'), out var bare))
            place = new(bare.ToString(), RdpPort);
        else if (text.LastIndexOf(':') is > 0 and var colon && int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
            place = port is >= 1 and <= 65535 && Uri.CheckHostName(text[..colon].Trim('[', ']')) != UriHostNameType.Unknown ? new(text[..colon].Trim('[', ']'), port) : null;
        else if (Uri.CheckHostName(text) == UriHostNameType.Dns)
            place = new(text, RdpPort);
        return place is not null;
    }
}
