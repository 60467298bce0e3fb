using System.CommandLine;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Contracts.Problems;
using Ostiary.Host.Roles;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary run</c>: runs a role, or all of them in one process, until SIGINT or SIGTERM.</summary>
internal static class RunCommand
{
    private static readonly Option<string[]> Set = new("--set")
    {
        Description = "A setting, e.g. SessionHost:Listen=0.0.0.0:3389. It goes over STATE/ostiary.json. May be given again.",
        HelpName = "NAME=VALUE",
        AllowMultipleArgumentsPerToken = false,
        Recursive = true,
    };

    public static Command Create() => new("run", "Runs a role until SIGINT or SIGTERM.")
    {
        Set,
        Role("clearinghouse", "Mints product keys, activates license servers.", settings => [RoleHost.Clearinghouse(settings)]),
        Role("signer", "Holds the issuing key; its only door is a unix socket.", settings => [RoleHost.Signer(settings)]),
        Role("license-server", "Holds key packs and issues CALs; the Licensing Manager runs with it.", settings => [RoleHost.LicenseServer(settings)], ManagerCompanion.StartAsync),
        Role("session-host", "The gateway in front of xrdp.", settings =>
        {
            SocketCompletions.Inline();
            return [RoleHost.SessionHost(settings)];
        }),
        AllInOneRole(),
    };

    private static Command Role(
        string name, string description, Func<Settings, IReadOnlyList<RoleHost>> roles, Func<RoleHost, Settings, CancellationToken, Task<RoleHost?>>? startCompanion = null)
    {
        var command = new Command(name, description);
        command.SetAction((parse, _) => RunAsync(parse, async (settings, stopping) =>
        {
            var running = new List<RoleHost>();
            try
            {
                foreach (var role in roles(settings))
                {
                    running.Add(role);
                    await role.StartAsync(stopping);
                }

                if (startCompanion is not null && await startCompanion(running[^1], settings, stopping) is { } companion)
                    running.Add(companion);

                await Signals.WaitAsync(stopping);
            }
            finally
            {
                await RoleHost.StopAsync(running);
            }
        }));
        return command;
    }

    private static Command AllInOneRole()
    {
        var command = new Command("all-in-one", "Runs all roles. The first start makes the keys, activates the license server and installs an evaluation pack of 5 Device CALs.");
        command.SetAction((parse, _) => RunAsync(parse, AllInOne.RunAsync));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parse, Func<Settings, CancellationToken, Task> run)
    {
        using var signals = new Signals();
        try
        {
            await run(Settings.Load(GlobalOptions.StateDirectory(parse), parse.GetValue(Set) ?? []), signals.Stopping);
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (signals.Stopping.IsCancellationRequested)
        {
            return ExitCode.Done;
        }
        catch (SettingsException wrong)
        {
            foreach (var error in wrong.Errors)
                parse.InvocationConfiguration.Error.WriteLine($"ostiary: {error}");
            return ExitCode.Usage;
        }
        catch (Exception failure) when (failure is ProblemException or CeremonyException or IOException or UnauthorizedAccessException)
        {
            // A port that is taken, a disk that is full, a folder that is not ours.
            parse.InvocationConfiguration.Error.WriteLine($"ostiary: {failure.Message}");
            return ExitCode.Failed;
        }
    }
}
