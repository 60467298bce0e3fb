using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Policy;
using Ostiary.Contracts.Problems;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary policy</c>: what is in force at the roles that run here, and why; what this machine, or a group of session hosts, is told.</summary>
internal static class MachinePolicyCommand
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private static readonly Option<string?> OnlyRole = MakeOnlyRole();

    public static Command Create() => new("policy", "Policy: what is in force here and who said it; values for this machine or for a group of session hosts.") { Show(), Set(), Update() };

    private static Command Show()
    {
        var command = new Command("show", "Shows each value, its source and what it overrode, of the session host and of the license server that run here.") { OnlyRole };
        command.SetAction((parse, cancellation) => AskAsync(
            parse, (client, c) => client.PolicyAsync(c), (client, c) => client.PolicyAsync(c), cancellation));
        return command;
    }

    private static Command Update()
    {
        var force = new Option<bool>("--force") { Description = "Also fetches revocation lists, and asks license servers that were silent: what a restart of the session host would bring, and no session ends." };
        var command = new Command("update", "Reads all policy again and applies it at once; no session ends.") { force, OnlyRole };
        command.SetAction((parse, cancellation) => AskAsync(
            parse, (client, c) => client.UpdatePolicyAsync(parse.GetValue(force), c), (client, c) => client.UpdatePolicyAsync(c), cancellation));
        return command;
    }

    private static Command Set()
    {
        var values = new Argument<string[]>("value")
        {
            Description = $"NAME=VALUE; NAME= says nothing about it any more. Names: {string.Join(", ", PolicyCatalogue.All.Select(definition => definition.Name))}.",
            Arity = ArgumentArity.OneOrMore,
        };
        var group = new Option<string?>("--group") { Description = "For the session hosts of this group, at the license server.", HelpName = "NAME" };
        var file = new Option<FileInfo>("--file") { Description = "The policy file of this machine.", HelpName = "FILE", DefaultValueFactory = _ => new(PolicyFiles.DefaultLocalFile) };
        var command = new Command("set", "Sets values in this machine's policy file, or of a group of session hosts.") { values, group, file, RemoteServer.Server, RemoteServer.Fingerprint };
        command.SetAction((parse, cancellation) => ApiCommand.RunAsync(parse, async (screen, json) =>
        {
            var said = parse.GetRequiredValue(values);
            if (parse.GetValue(group) is { } name)
            {
                using var client = ApiCommand.Connect(parse, ServerCommand.Role);
                var server = new LicenseServerAdministrationClient(client);
                var before = await HostGroupsCommand.FindAsync(server, name, cancellation) ?? throw new UsageException($"there is no host group {name}; 'ostiary hosts group add {name}' makes it");
                var record = await server.SetHostGroupAsync(name, new(Change(before.Values, said)), cancellation);
                if (json)
                    screen.Json(record);
                else
                    HostGroupsCommand.Print(screen, record);
                return ExitCode.Done;
            }

            SetFile(parse.GetRequiredValue(file).FullName, said);
            return await TellAsync(parse, (client, c) => client.UpdatePolicyAsync(false, c), (client, c) => client.UpdatePolicyAsync(c), screen, json, cancellation);
        }));
        return command;
    }

    /// <summary>Values with changes: NAME=VALUE sets one, NAME= takes it away.</summary>
    /// <exception cref="UsageException">A name or a value is not right; all that are not are said.</exception>
    public static PolicyValues Change(PolicyValues values, IEnumerable<string> changes)
    {
        var wrong = new List<string>();
        foreach (var change in changes)
        {
            var at = change.IndexOf('=', StringComparison.Ordinal);
            var name = at < 0 ? change : change[..at];
            if (at < 0)
                wrong.Add($"{change}: it is NAME=VALUE");
            else if (PolicyCatalogue.Find(name) is not { } definition)
                wrong.Add($"{name}: there is no value of this name; there are {string.Join(", ", PolicyCatalogue.All.Select(known => known.Name))}");
            else if (at == change.Length - 1)
                values = PolicyCatalogue.All.Where(other => other != definition && other.Get(values) is not null)
                    .Aggregate(PolicyValues.None, (kept, other) => other.Get(values) is IReadOnlyList<string> list ? kept with { LicenseServers = list } : other.Read(kept, PolicyDefinition.Format(other.Get(values)!))!);
            else if (definition.Read(values, change[(at + 1)..]) is { } read)
                values = read;
            else
                wrong.Add($"{name} is {definition.Limits}, not \"{change[(at + 1)..]}\"");
        }

        return wrong.Count == 0 ? values : throw new UsageException(string.Join("; ", wrong));
    }

    // In one step, and readable by the roles' users.
    private static void SetFile(string path, string[] changes)
    {
        try
        {
            var before = PolicyValues.None;
            if (File.Exists(path))
            {
                if (new FileInfo(path).Length > PolicyFile.MaxBytes)
                    throw new UsageException($"{path} has more than {PolicyFile.MaxBytes} bytes");
                var (values, faults) = PolicyFile.Read(File.ReadAllBytes(path), path);
                // What is not right in it would be lost.
                if (faults.Count > 0)
                    throw new UsageException($"{path} is mended by hand first: {string.Join("; ", faults.Select(fault => $"{fault.Field} {fault.Detail}".Trim()))}");
                before = values!;
            }

            var bytes = PolicyFile.Write(Change(before, changes));
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var next = path + ".new";
            File.WriteAllBytes(next, bytes);
            File.SetUnixFileMode(next, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            File.Move(next, path, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UsageException(failure.Message);
        }
    }

    private static Task<int> AskAsync(
        ParseResult parse, Func<SessionHostAdministrationClient, CancellationToken, Task<HostPolicyReport>> host,
        Func<LicenseServerAdministrationClient, CancellationToken, Task<PolicyRecord>> server, CancellationToken cancellation)
        => ApiCommand.RunAsync(parse, (screen, json) => TellAsync(parse, host, server, screen, json, cancellation));

    private static async Task<int> TellAsync(
        ParseResult parse, Func<SessionHostAdministrationClient, CancellationToken, Task<HostPolicyReport>> host,
        Func<LicenseServerAdministrationClient, CancellationToken, Task<PolicyRecord>> server, Screen screen, bool json, CancellationToken cancellation)
    {
        var all = new JsonObject();
        var exit = ExitCode.Done;
        await RoleAsync(SessionsCommand.Role, client => host(new(client), cancellation), PrintHost);
        await RoleAsync(ServerCommand.Role, client => server(new(client), cancellation), PolicyCommand.Print);
        if (json)
            screen.Json(all);
        else if (all.Count == 0)
            screen.Line($"No role has been set up in {GlobalOptions.StateDirectory(parse)}.");
        return exit;

        async Task RoleAsync<T>(string role, Func<HttpClient, Task<T>> ask, Action<Screen, T> print)
        {
            var folder = Path.Combine(GlobalOptions.StateDirectory(parse), role);
            if ((parse.GetValue(OnlyRole) is { } only && only != role) || !Directory.Exists(folder))
                return;
            if (!json)
                screen.Line($"== {role}");
            try
            {
                using var client = ApiClient.OverUnixSocket(Path.Combine(folder, "admin.sock"), Timeout);
                var answer = await ask(client);
                all[role] = JsonSerializer.SerializeToNode(answer, ContractsJson.Default.Options);
                if (!json)
                    print(screen, answer);
            }
            catch (ProblemException problem)
            {
                exit = problem.Problem == LicensingProblem.Unreachable ? ExitCode.Unreachable : ExitCode.Failed;
                all[role] = JsonSerializer.SerializeToNode(ProblemBody.Of(problem.Problem, problem.Message), ContractsJson.Default.ProblemBody);
                if (!json)
                    screen.Line(problem.Problem == LicensingProblem.Unreachable ? $"does not run: start it with 'ostiary run {role}'." : Screen.Harmless(problem.Message));
            }
        }
    }

    private static Option<string?> MakeOnlyRole()
    {
        var option = new Option<string?>("--role") { Description = "Only this role's: session-host or license-server.", HelpName = "ROLE" };
        option.AcceptOnlyFromAmong(SessionsCommand.Role, ServerCommand.Role);
        return option;
    }

    private static void PrintHost(Screen screen, HostPolicyReport report)
    {
        PolicyTable.Print(screen, report.Values, report.Faults);
        if (report.Group is { } group)
            screen.Line($"The license server has this host in its group {Screen.Harmless(group)}.");
        foreach (var name in report.NotJoined)
            screen.Line($"! Policy names the license server {Screen.Harmless(name)}, and this host has not joined it: it is not asked. There: ostiary hosts invite; here: ostiary hosts join INVITATION.");
        foreach (var name in report.Unreached ?? [])
            screen.Line($"! {Screen.Harmless(name)} did not answer; what it said before counts.");
        if (report.Changed is { } changed)
            screen.Line(changed.Count == 0 ? "Nothing has changed." : $"Changed, and in force: {string.Join(", ", changed)}.");
    }
}
