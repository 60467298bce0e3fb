using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Ostiary.Host.Setup;

/// <summary>Installs roles on a machine or an image, and takes them away again.</summary>
/// <param name="files">The machine's.</param>
/// <param name="commands">Its programs.</param>
/// <param name="systemd">Whether systemd runs and is asked to start what is installed.</param>
/// <param name="say">For the person.</param>
internal sealed class RoleInstaller(MachineFiles files, ICommands commands, bool systemd, Action<string> say)
{
    /// <summary>The settings that this program has decided, one file a role. What an administrator says in <c>/etc/ostiary/ostiary.json</c> goes over it.</summary>
    public const string SettingsFolder = "/etc/ostiary/roles.d";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly string HookLine = $"account required pam_exec.so quiet stdout {Units.LogonHelper} pam {RoleDefinition.LogonSocket}";

    /// <summary>Called after each step, with its name; a test throws there.</summary>
    public Action<string>? AfterStep { get; init; }

    /// <summary>A failure leaves what was done, as a power cut does; a test says so.</summary>
    public bool LeavesFailures { get; init; }

    /// <summary>Installs a role. Again, it changes what is to be another way and nothing else. What fails is taken back.</summary>
    /// <param name="role">Which.</param>
    /// <param name="set">Settings, <c>SECTION:NAME=VALUE</c>.</param>
    public void Install(RoleDefinition role, IEnumerable<string> set)
    {
        var settings = Settings(role, set);
        var run = new SetupRun(files, commands, SetupJournal.Load(files), systemd, say) { AfterStep = AfterStep };
        try
        {
            switch (role.Name)
            {
                case RoleDefinition.LicenseServer:
                    Common(run, role, ["license-server", "manager"], settings);
                    run.WriteFile(role.Name, Units.Folder + role.Unit, Units.Role("license-server", role.Users[0], "Ostiary license server, with the Licensing Manager", ["license-server", "manager"],
                        service: "ExecReload=/usr/bin/ostiary policy update --role license-server\n"));
                    run.Start(role.Name, false, role.Unit);
                    break;
                case RoleDefinition.SessionHost:
                    InstallSessionHost(run, role, settings);
                    break;
                case RoleDefinition.Clearinghouse:
                    Common(run, role, ["clearinghouse", "signer"], settings);
                    run.WriteFile(role.Name, Units.Folder + "ostiary-signer.service", Units.Role("signer", role.Users[0], "Ostiary signer", ["signer", "clearinghouse"],
                        "ConditionPathExists=/var/lib/ostiary/signer/issuing.key\n"));
                    run.WriteFile(role.Name, Units.Folder + role.Unit, Units.Role("clearinghouse", role.Users[0], "Ostiary clearinghouse", ["clearinghouse", "signer"],
                        "Wants=ostiary-signer.service\nAfter=ostiary-signer.service\nConditionPathExists=/var/lib/ostiary/signer/issuing.key\n"));
                    run.Start(role.Name, false, "ostiary-signer.service", role.Unit);
                    break;
            }
        }
        catch when (!LeavesFailures)
        {
            run.RollBack();
            throw;
        }
    }

    /// <summary>Takes a role away: every file is again as it was before it was installed.</summary>
    /// <param name="role">Which.</param>
    /// <param name="purge">Its users and its state, too: keys and ledger are lost.</param>
    public void Remove(RoleDefinition role, bool purge)
    {
        var journal = SetupJournal.Load(files);
        var run = new SetupRun(files, commands, journal, systemd, say);
        foreach (var entry in journal.Entries.Where(entry => entry.Role == role.Name).Reverse().ToList())
            run.Undo(entry, purge);
        run.Settle();
        foreach (var left in journal.Entries.Where(entry => entry.Role == role.Name))
            say($"Kept: {(left.Kind == StepKind.User ? "the user " : "")}{left.Name} ('ostiary roles remove {role.Name} --purge' removes it, with all keys and data)");
    }

    public bool IsInstalled(RoleDefinition role) => role.Unit.Length > 0 && files.Exists(Units.Folder + role.Unit);

    private void InstallSessionHost(SetupRun run, RoleDefinition role, string settings)
    {
        var user = role.Users[0];
        Common(run, role, ["session-host"], settings);
        // xrdp makes the socket; new files in the folder have the gateway's group, and nobody else gets in.
        run.WriteFile(role.Name, "/etc/tmpfiles.d/ostiary-rdp.conf", $"d {RoleDefinition.RdpFolder} 2750 xrdp {user} -\n");
        if (files.IsMachine)
            run.MakeDirectory(role.Name, RoleDefinition.RdpFolder, UnixFileMode.SetGroup | MachineFiles.Private | UnixFileMode.GroupRead | UnixFileMode.GroupExecute, $"xrdp:{user}");
        run.WriteFile(role.Name, Units.Folder + "ostiary-kernel.service", Units.Kernel(user, RoleDefinition.KernelSocket));
        run.WriteFile(role.Name, Units.Folder + role.Unit, Units.Role(
            "session-host", user, "Ostiary session host: the gateway in front of xrdp", ["session-host"],
            "Wants=ostiary-kernel.service\nAfter=ostiary-kernel.service xrdp.service\n", "ExecReload=/usr/bin/ostiary policy update --force --role session-host\n"));
        run.WriteFile(role.Name, Units.Folder + "xrdp-sesman.service.d/ostiary.conf", Units.SesmanLimits);
        run.WriteFile(role.Name, XrdpFiles.Pam, XrdpFiles.WithHook(Text(XrdpFiles.Pam), HookLine));
        run.WriteFile(role.Name, XrdpFiles.Ini, XrdpFiles.BehindGateway(Text(XrdpFiles.Ini), RoleDefinition.RdpSocket), beside: true);
        run.Start(role.Name, restartXrdp: true, "ostiary-kernel.service", role.Unit);
    }

    private static void Common(SetupRun run, RoleDefinition role, string[] folders, string settings)
    {
        run.MakeUser(role.Name, role.Users[0], "/var/lib/ostiary");
        foreach (var folder in folders)
            run.MakeDirectory(role.Name, "/var/lib/ostiary/" + folder, MachineFiles.Private, $"{role.Users[0]}:{role.Users[0]}");
        run.WriteFile(role.Name, $"{SettingsFolder}/{role.Name}.json", settings);
    }

    private string Settings(RoleDefinition role, IEnumerable<string> set)
    {
        var path = $"{SettingsFolder}/{role.Name}.json";
        // What was set when it was installed before stays, unless it is set anew.
        var settings = files.Read(path) is { } before && JsonNode.Parse(before) is JsonObject known ? known : role.Settings();
        foreach (var text in set)
        {
            if (text.Split('=', 2) is not [var name, var value] || name.Split(':') is not [var section, var member] || member.Length == 0)
                throw new SetupException($"--set {text}: it is SECTION:NAME=VALUE, e.g. LicenseServer:Clearinghouse=https://clearinghouse.example");
            if (!role.Sections.Contains(section))
                throw new SetupException($"--set {text}: the role {role.Name} has {(role.Sections.Length == 0 ? "no settings" : "the sections " + string.Join(", ", role.Sections))}");
            if (settings[section] is not JsonObject members)
                settings[section] = members = [];
            members[member] = value;
        }

        return settings.ToJsonString(Indented) + "\n";
    }

    private string Text(string path) => Encoding.UTF8.GetString(files.Read(path) ?? throw new SetupException($"{path} is not there"));
}
