using System.CommandLine;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary>What commands that call a role's local socket share: the client, the output and the exit status.</summary>
internal static class ApiCommand
{
    // Activation and installing a pack wait for another server; everything else is local and quick.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(100);

    /// <summary>Runs a call against a role's administration socket and prints its result.</summary>
    /// <param name="command">The command that gets the action.</param>
    /// <param name="role">The role's folder in the state folder.</param>
    /// <param name="call">What to ask the role.</param>
    /// <param name="print">How a person reads the result.</param>
    /// <param name="exit">The exit status of a result; done when null.</param>
    public static Command Calls<T>(
        this Command command, string role, Func<HttpClient, ParseResult, CancellationToken, Task<T>> call, Action<Screen, T> print, Func<T, int>? exit = null)
    {
        command.SetAction(async (parse, cancellation) =>
        {
            var screen = new Screen(parse.InvocationConfiguration.Output);
            var json = parse.GetValue(GlobalOptions.Json);
            try
            {
                using var client = Connect(parse, role);
                var result = await call(client, parse, cancellation);
                if (json)
                    screen.Json(result);
                else
                    print(screen, result);
                return exit?.Invoke(result) ?? ExitCode.Done;
            }
            catch (ProblemException problem)
            {
                return Report(parse, problem, json);
            }
        });
        return command;
    }

    public static HttpClient Connect(ParseResult parse, string role)
    {
        var socket = Path.Combine(GlobalOptions.StateDirectory(parse), role, "admin.sock");
        if (!File.Exists(socket))
            throw new ProblemException(LicensingProblem.Unreachable, $"no {role} runs here: {socket} is not there. Start it with 'ostiary run {role} --state DIR', or name the state folder with --state DIR.");
        return ApiClient.OverUnixSocket(socket, Timeout);
    }

    private static int Report(ParseResult parse, ProblemException problem, bool json)
    {
        var error = parse.InvocationConfiguration.Error;
        if (json)
            error.WriteLine(Screen.ToJson(ProblemBody.Of(problem.Problem, problem.Message, problem.Field)));
        else
            error.WriteLine($"ostiary: {KebabCase.Of(problem.Problem)}: {(problem.Field is null ? "" : problem.Field + ": ")}{Screen.Harmless(problem.Message)}");
        return problem.Problem == LicensingProblem.Unreachable ? ExitCode.Unreachable : ExitCode.Failed;
    }
}
