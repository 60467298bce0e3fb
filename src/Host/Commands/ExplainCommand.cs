using System.CommandLine;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary explain</c>: the device table, run now.</summary>
internal static class ExplainCommand
{
    private const int HardwareIdLength = 40;

    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "A device's name or hardware id, or a person's account." };
        return new Command("explain", "Runs the device table now, row by row, without connecting.") { name }.Calls(
            SessionsCommand.Role,
            (client, parse, cancellation) => ExplainAsync(new(client), parse.GetRequiredValue(name), cancellation),
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

    // A name is looked for among devices, then among persons.
    private static async Task<Explanation> ExplainAsync(SessionHostAdministrationClient host, string name, CancellationToken cancellation)
    {
        if (name.Length == HardwareIdLength && name.All(char.IsAsciiHexDigit))
            return await host.ExplainAsync(new(name, null, null), cancellation);
        try
        {
            return await host.ExplainAsync(new(null, name, null), cancellation);
        }
        catch (ProblemException problem) when (problem.Problem == LicensingProblem.NotFound)
        {
            return await host.ExplainAsync(new(null, null, name), cancellation);
        }
    }
}
