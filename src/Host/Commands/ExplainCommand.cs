using System.CommandLine;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary explain</c>: the decision tables, run now.</summary>
internal static class ExplainCommand
{
    private const int HardwareIdLength = 40;

    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "A device's name or hardware id, or a person's account." };
        var host = new Option<string?>("--host")
        {
            Description = "Asks the license server what it would answer this session host (its name or id) now, instead of the session host of this machine.",
            HelpName = "HOST",
        };
        return new Command("explain", "Runs the decision table now, row by row, without connecting.") { name, host }.Calls(
            parse => parse.GetValue(host) is null ? SessionsCommand.Role : ServerCommand.Role, mayBeRemote: true,
            (client, parse, cancellation) => parse.GetValue(host) is { } there
                ? new LicenseServerAdministrationClient(client).ExplainAsync(new(there, parse.GetRequiredValue(name)), cancellation)
                : ExplainAsync(new(client), parse.GetRequiredValue(name), cancellation),
            (screen, explanation) =>
            {
                screen.Table(
                    explanation.Rows, "",
                    ("Row", row => row.Row),
                    ("Condition", row => row.Condition),
                    ("Matches", row => row.Matches switch { true => "yes", false => "no", null => "the license server would say" }),
                    ("Because", row => row.Because));
                screen.Line($"Outcome: {explanation.Outcome}");
            });
    }

    // A name is looked for among devices, then among persons; on a per-user host, where persons are licensed, the other way round.
    private static async Task<Explanation> ExplainAsync(SessionHostAdministrationClient host, string name, CancellationToken cancellation)
    {
        if (name.Length == HardwareIdLength && name.All(char.IsAsciiHexDigit))
            return await host.ExplainAsync(new(name, null, null), cancellation);
        var (device, person) = (new ExplanationRequest(null, name, null), new ExplanationRequest(null, null, name));
        var (first, second) = (await host.StatusAsync(cancellation)).Mode == LicensingMode.PerUser ? (person, device) : (device, person);
        try
        {
            return await host.ExplainAsync(first, cancellation);
        }
        catch (ProblemException problem) when (problem.Problem == LicensingProblem.NotFound)
        {
            return await host.ExplainAsync(second, cancellation);
        }
    }
}
