using System.CommandLine;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary>What commands that call a role share: the client (the role's local socket, or a license server elsewhere), the output and the exit status.</summary>
internal static class ApiCommand
{
    // Activation and installing a pack wait for another server; everything else is local and quick.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(100);

    /// <summary>Runs a call against a role's administration and prints its result.</summary>
    /// <param name="command">The command that gets the action.</param>
    /// <param name="role">The role's folder in the state folder.</param>
    /// <param name="call">What to ask the role.</param>
    /// <param name="print">How a person reads the result.</param>
    /// <param name="exit">The exit status of a result; done when null.</param>
    public static Command Calls<T>(
        this Command command, string role, Func<HttpClient, ParseResult, CancellationToken, Task<T>> call, Action<Screen, T> print, Func<T, int>? exit = null)
        => command.Calls(_ => role, role == ServerCommand.Role, call, print, exit);

    /// <summary>Likewise for a command that asks one role or another, as it is called.</summary>
    /// <param name="command">The command that gets the action.</param>
    /// <param name="role">The role's folder in the state folder.</param>
    /// <param name="mayBeRemote">The role may be a license server, which may be elsewhere.</param>
    /// <param name="call">What to ask the role.</param>
    /// <param name="print">How a person reads the result.</param>
    /// <param name="exit">The exit status of a result; done when null.</param>
    public static Command Calls<T>(
        this Command command, Func<ParseResult, string> role, bool mayBeRemote, Func<HttpClient, ParseResult, CancellationToken, Task<T>> call, Action<Screen, T> print,
        Func<T, int>? exit = null)
    {
        if (mayBeRemote)
        {
            command.Add(RemoteServer.Server);
            command.Add(RemoteServer.Fingerprint);
        }

        command.SetAction((parse, cancellation) => RunAsync(parse, async (screen, json) =>
        {
            using var client = Connect(parse, role(parse));
            var result = await call(client, parse, cancellation);
            if (json)
                screen.Json(result);
            else
                print(screen, result);
            return exit?.Invoke(result) ?? ExitCode.Done;
        }));
        return command;
    }

    /// <summary>Runs a command and turns what it fails with into a line, or JSON, on standard error and an exit status.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="run">Given the screen, and whether JSON is asked for; its result is the exit status.</param>
    public static async Task<int> RunAsync(ParseResult parse, Func<Screen, bool, Task<int>> run)
    {
        var json = parse.GetValue(GlobalOptions.Json);
        try
        {
            return await run(new Screen(parse.InvocationConfiguration.Output), json);
        }
        catch (ProblemException problem)
        {
            return Report(parse, problem, json);
        }
        catch (UsageException wrong)
        {
            parse.InvocationConfiguration.Error.WriteLine($"ostiary: {wrong.Message}");
            return ExitCode.Usage;
        }
    }

    /// <summary>A role's administration: the local socket, or a license server elsewhere.</summary>
    /// <exception cref="ProblemException">The role does not run here.</exception>
    public static HttpClient Connect(ParseResult parse, string role)
    {
        if (role == ServerCommand.Role && RemoteServer.Address(parse) is { } address)
            return RemoteServer.Connect(parse, address, Timeout);
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
        return problem.Problem switch
        {
            LicensingProblem.Unreachable => ExitCode.Unreachable,
            LicensingProblem.NotAuthenticated or LicensingProblem.NotAllowed => ExitCode.Denied,
            _ => ExitCode.Failed,
        };
    }
}
