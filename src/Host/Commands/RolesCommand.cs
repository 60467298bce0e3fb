using System.CommandLine;
using Ostiary.Host.Setup;
using Ostiary.Host.Terminal;
using Spectre.Console;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary roles</c>: which roles this machine has; sets one up, and takes it away again.</summary>
internal static class RolesCommand
{
    private static readonly Option<DirectoryInfo> Root = new("--root")
    {
        Description = "Another root than /: the folder of an image. Nothing is started there, and no user made.",
        HelpName = "DIR",
        DefaultValueFactory = _ => new("/"),
        Recursive = true,
    };

    public static Command Create() => new("roles", "Roles of this machine: services, users, xrdp and PAM, set up and taken away again.") { Root, List(), Install(), Remove() };

    private static Command List()
    {
        var command = new Command("list", "Lists the roles, and which of them are installed and run.");
        command.SetAction((parse, _) => RunAsync(parse, (screen, json) =>
        {
            var (files, commands, look) = Machine(parse);
            var installer = new RoleInstaller(files, commands, look.Systemd, screen.Line);
            RoleState[] roles = [.. RoleDefinition.All.Select(role => new RoleState(role.Name, StateOf(role), role.Unit.Length == 0 ? null : role.Unit, role.Description))];
            if (json)
                screen.Json(roles);
            else
                screen.Table(roles, "", ("Role", role => role.Role), ("State", role => role.State), ("Unit", role => role.Unit ?? ""), ("", role => role.Description));
            return ExitCode.Done;

            string StateOf(RoleDefinition role) => role.Unit.Length == 0
                ? files.Exists(Units.Program) ? "installed" : "not installed"
                : !installer.IsInstalled(role) ? "not installed"
                : look.Systemd ? "installed, " + commands.Run("systemctl", "is-active", role.Unit).Output : "installed";
        }));
        return command;
    }

    private static Command Install()
    {
        var roles = RoleNames(ArgumentArity.ZeroOrMore);
        var set = new Option<string[]>("--set") { Description = "A setting of a role, e.g. LicenseServer:Clearinghouse=https://clearinghouse.example. May be given again.", HelpName = "SECTION:NAME=VALUE" };
        var check = new Option<bool>("--check") { Description = "Only shows the prerequisites; exit status 1 when one is missing." };
        var command = new Command("install", "Sets up roles: checks prerequisites, makes users and services, moves xrdp behind the gateway. Without a role, on a terminal, it asks. Run again, it changes only what is to be another way; what fails is taken back.")
        {
            roles, set, check,
        };
        command.SetAction((parse, _) => RunAsync(parse, (screen, json) =>
        {
            var (files, commands, look) = Machine(parse);
            var settings = (parse.GetValue(set) ?? []).ToList();
            var chosen = (parse.GetValue(roles) ?? []).Select(name => RoleDefinition.Find(name)!).ToList();
            if (chosen.Count == 0)
                chosen = Ask(files, settings);
            var found = look.Of(chosen);
            if (json)
                screen.Json(found);
            else
                Print(screen, found);
            var missing = found.Where(prerequisite => prerequisite is { Met: false, Required: true }).ToList();
            if (missing.Count > 0 || parse.GetValue(check))
            {
                if (!json && missing.Count > 0)
                    screen.Line("Nothing was changed: first see to what is missing.");
                return missing.Count > 0 ? ExitCode.Failed : ExitCode.Done;
            }

            var installer = new RoleInstaller(files, commands, look.Systemd, text => Say(screen, json, text));
            foreach (var role in chosen)
            {
                installer.Install(role, settings.Where(text => chosen.Count == 1 || role.Sections.Any(section => text.StartsWith(section + ":", StringComparison.Ordinal))));
                Say(screen, json, role.Unit.Length == 0 ? $"{role.Name}: comes with the package; nothing is to be set up." : $"{role.Name}: installed{(look.Systemd ? " and started" : "")}.");
                foreach (var line in Next(role, look.Systemd))
                    Say(screen, json, "  " + line);
            }

            return ExitCode.Done;
        }));
        return command;
    }

    private static Command Remove()
    {
        var roles = RoleNames(ArgumentArity.OneOrMore);
        var purge = new Option<bool>("--purge") { Description = "Also the roles' users and state: keys, ledger and journals are lost for ever." };
        var command = new Command("remove", "Takes roles away: xrdp, PAM and all other files are again as they were, byte for byte. State and users stay.") { roles, purge };
        command.SetAction((parse, _) => RunAsync(parse, (screen, json) =>
        {
            var (files, commands, look) = Machine(parse);
            var installer = new RoleInstaller(files, commands, look.Systemd, text => Say(screen, json, text));
            foreach (var role in parse.GetRequiredValue(roles).Select(name => RoleDefinition.Find(name)!))
            {
                installer.Remove(role, parse.GetValue(purge));
                Say(screen, json, role.Unit.Length == 0 ? $"{role.Name}: goes with the package (apt-get remove ostiary)." : $"{role.Name}: removed.");
            }

            return ExitCode.Done;
        }));
        return command;
    }

    private static Argument<string[]> RoleNames(ArgumentArity arity)
    {
        var roles = new Argument<string[]>("role") { Description = string.Join(", ", RoleDefinition.All.Select(role => role.Name)) + ".", Arity = arity };
        roles.AcceptOnlyFromAmong([.. RoleDefinition.All.Select(role => role.Name)]);
        return roles;
    }

    // The short wizard.
    private static List<RoleDefinition> Ask(MachineFiles files, List<string> settings)
    {
        if (Console.IsInputRedirected || Console.IsOutputRedirected)
            throw new UsageException($"name a role: {string.Join(", ", RoleDefinition.All.Select(role => role.Name))}");
        var console = AnsiConsole.Console;
        var chosen = console.Prompt(new MultiSelectionPrompt<RoleDefinition>()
            .Title("Which roles shall this machine have?")
            .UseConverter(role => $"{role.Name}: {Markup.Escape(role.Description)}")
            .AddChoices(RoleDefinition.All));
        if (chosen.Exists(role => role.Name == RoleDefinition.LicenseServer))
        {
            var address = console.Prompt(new TextPrompt<string>("Address of the publisher's clearinghouse (empty: none yet):").AllowEmpty()
                .Validate(text => text.Length == 0 || (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps), "It is an https address."));
            if (address.Length > 0)
            {
                settings.Add($"LicenseServer:Clearinghouse={address}");
                settings.Add("LicenseServer:RootFile=" + console.Prompt(new TextPrompt<string>("File of the publisher's root certificate (PEM), as the publisher gave it:")
                    .Validate(text => files.Exists(Path.GetFullPath(text)), "There is no such file.")));
            }
        }

        if (chosen.Exists(role => role.Name == RoleDefinition.SessionHost)
            && !console.Confirm("xrdp is restarted behind a unix socket: connections that run now end. Go on?", defaultValue: false))
            throw new UsageException("nothing was changed");
        return chosen;
    }

    private static IEnumerable<string> Next(RoleDefinition role, bool systemd)
    {
        if (!systemd && role.Name == RoleDefinition.SessionHost)
        {
            yield return "systemd does not run here. Restart xrdp and xrdp-sesman, then start:";
            yield return $"  install -d -m 755 /run/ostiary && {Units.LogonHelper} kernel {RoleDefinition.KernelSocket} --user {role.Users[0]}";
            yield return $"  runuser -u {role.Users[0]} -- {Units.Program} run session-host";
        }
        else if (!systemd && role.Unit.Length > 0)
        {
            foreach (var name in role.Name == RoleDefinition.Clearinghouse ? ["signer", "clearinghouse"] : new[] { role.Name })
                yield return $"systemd does not run here. Start: runuser -u {role.Users[0]} -- {Units.Program} run {name}";
        }

        if (role.Name == RoleDefinition.LicenseServer)
            yield return "Next: ostiary server activate, ostiary packs install KEY; or ostiary manager open.";
        if (role.Name == RoleDefinition.SessionHost)
            yield return "Next: on the license server 'ostiary hosts invite', here 'ostiary hosts join INVITATION'.";
        if (role.Name == RoleDefinition.Clearinghouse)
            yield return $"Next: runuser -u {role.Users[0]} -- ostiary clearinghouse init --publisher NAME --root DIR (a medium that {role.Users[0]} may write to), then systemctl start {role.Unit}";
    }

    private static void Print(Screen screen, IReadOnlyList<Prerequisite> found)
    {
        screen.Table(
            found, "",
            ("Prerequisite", prerequisite => prerequisite.Name),
            ("", prerequisite => prerequisite.Met ? "ok" : prerequisite.Required ? "MISSING" : "note"),
            ("Found", prerequisite => prerequisite.Found),
            ("What to do", prerequisite => prerequisite.Fix));
    }

    private static void Say(Screen screen, bool json, string text)
    {
        // JSON is alone on its stream.
        if (json)
            Console.Error.WriteLine(text);
        else
            screen.Line(text);
    }

    private static (MachineFiles Files, ICommands Commands, Prerequisites Look) Machine(ParseResult parse)
    {
        var files = new MachineFiles(Path.TrimEndingDirectorySeparator(parse.GetRequiredValue(Root).FullName));
        var commands = new SystemCommands();
        return (files, commands, new(files, commands, TimeProvider.System));
    }

    private static Task<int> RunAsync(ParseResult parse, Func<Screen, bool, int> run) => ApiCommand.RunAsync(parse, (screen, json) =>
    {
        try
        {
            return Task.FromResult(run(screen, json));
        }
        catch (Exception failure) when (failure is SetupException or IOException or UnauthorizedAccessException)
        {
            parse.InvocationConfiguration.Error.WriteLine($"ostiary: {failure.Message}");
            return Task.FromResult(ExitCode.Failed);
        }
    });

    private sealed record RoleState(string Role, string State, string? Unit, string Description);
}
