using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary status</c>: every role that runs from this state folder.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var command = new Command("status", "Shows every role that runs here. Exit status 3 when one that has been set up does not answer.");
        command.SetAction(async (parse, cancellation) =>
        {
            var screen = new Screen(parse.InvocationConfiguration.Output);
            var all = new JsonObject();
            var exit = ExitCode.Done;
            var found = false;
            var asJson = parse.GetValue(GlobalOptions.Json);
            foreach (var (role, show) in Roles(screen, all, asJson))
            {
                var folder = Path.Combine(GlobalOptions.StateDirectory(parse), role);
                if (!Directory.Exists(folder))
                    continue;
                found = true;
                if (!asJson)
                    screen.Line($"== {role}");
                try
                {
                    using var client = ApiClient.OverUnixSocket(Path.Combine(folder, "admin.sock"), Timeout);
                    await show(client, cancellation);
                }
                catch (ProblemException problem)
                {
                    exit = ExitCode.Unreachable;
                    all[role] = JsonSerializer.SerializeToNode(ProblemBody.Of(problem.Problem, problem.Message), ContractsJson.Default.ProblemBody);
                    if (!asJson)
                        screen.Line($"does not run: start it with 'ostiary run {role}'.");
                }
            }

            if (asJson)
                screen.Json(all);
            else if (!found)
                screen.Line($"No role has been set up in {GlobalOptions.StateDirectory(parse)}. 'ostiary run all-in-one --state DIR' sets up all of them.");
            return exit;
        });
        return command;
    }

    public static void PrintSessionHost(Screen screen, SessionHostStatus status)
    {
        screen.Facts(
            ("Name", status.Name),
            ("Address", status.Address),
            ("Back end", status.BackEnd),
            ("Mode", KebabCase.Of(status.Mode)),
            ("Version", status.Version.ToString()),
            ("Observe", status.Observe ? "yes: nobody is refused" : "no"),
            ("Connections", status.Connections.ToString(CultureInfo.InvariantCulture)),
            ("Sessions", status.Sessions.ToString(CultureInfo.InvariantCulture)),
            ("Admitted", status.Admitted.ToString(CultureInfo.InvariantCulture)),
            ("Refused", status.Refused.ToString(CultureInfo.InvariantCulture)),
            ("TLS certificate", $"{status.TlsFingerprint}, until {Screen.Time(status.TlsUntil)}"));
        screen.Table(
            status.LicenseServers,
            "No license server: 'ostiary hosts join INVITATION' joins one.",
            ("License server", link => link.Address),
            ("Answers", link => link.SilentSince is null ? "yes" : $"no, since {Screen.Time(link.SilentSince)}"),
            ("Certificate until", link => Screen.Time(link.CertificateUntil)),
            ("Ledger number", link => link.LedgerNumber.ToString(CultureInfo.InvariantCulture)),
            ("Revocation list", link => link.RevocationNumber is { } number ? $"{number} of {Screen.Time(link.RevocationsAt)}" : "none"));
        foreach (var link in status.LicenseServers)
            foreach (var succession in link.Successions ?? [])
                screen.Line($"{link.Address} was {succession.From} until {Screen.Time(succession.At)} ({KebabCase.Of(succession.Cause)}); the key of {succession.To} is pinned since.");
        foreach (var finding in status.Findings ?? [])
            screen.Line($"! {finding.Code}: {Screen.Harmless(finding.Evidence)} {Screen.Harmless(finding.Fix)}{(finding.FixCommands.Count == 0 ? "" : " " + Screen.Harmless(string.Join("; ", finding.FixCommands)))}");
    }

    private static void PrintClearinghouse(Screen screen, ClearinghouseStatus status) => screen.Facts(
        ("Publisher", status.Publisher),
        ("Address", status.Address),
        ("Root key", status.RootFingerprint),
        ("Issuing key", $"{status.IssuingFingerprint}, signs until {Screen.Time(status.IssuingUntil)}"),
        ("Signer", status.SignerReachable ? "answers" : "does not answer: start it with 'ostiary run signer'"),
        ("Activations", status.Activations.ToString(CultureInfo.InvariantCulture)),
        ("Product keys", $"{status.KeysMinted} minted, {status.KeysRedeemed} redeemed"));

    private static IEnumerable<(string Role, Func<HttpClient, CancellationToken, Task> Show)> Roles(Screen screen, JsonObject all, bool asJson)
    {
        yield return ("clearinghouse", Show<ClearinghouseStatus>("clearinghouse", (client, c) => new ClearinghouseAdministrationClient(client).StatusAsync(c), PrintClearinghouse));
        yield return (ServerCommand.Role, Show<LicenseServerStatus>(ServerCommand.Role, (client, c) => new LicenseServerAdministrationClient(client).StatusAsync(c), ServerCommand.Print));
        yield return (SessionsCommand.Role, Show<SessionHostStatus>(SessionsCommand.Role, (client, c) => new SessionHostAdministrationClient(client).StatusAsync(c), PrintSessionHost));

        Func<HttpClient, CancellationToken, Task> Show<T>(string role, Func<HttpClient, CancellationToken, Task<T>> ask, Action<Screen, T> print) => async (client, cancellation) =>
        {
            var status = await ask(client, cancellation);
            if (asJson)
                all[role] = JsonSerializer.SerializeToNode(status, ContractsJson.Default.Options);
            else
                print(screen, status);
        };
    }
}
