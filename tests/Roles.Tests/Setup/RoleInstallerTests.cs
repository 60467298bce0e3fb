using System.Runtime.Versioning;
using System.Security.Cryptography;
using Ostiary.Host.Setup;
using Xunit;

namespace Ostiary.Roles.Tests.Setup;

/// <summary>Roles on a tree of files that is no machine: what is written, and that it is taken back byte for byte, whatever happens half-way.</summary>
[SupportedOSPlatform("linux")]
public sealed class RoleInstallerTests : IDisposable
{
    private const string Ini = "; a comment\r\n[Globals]\r\nini_version=1\r\nport=3389\r\n#port=7\r\nsecurity_layer=negotiate\r\ncrypt_level=high\r\n\r\n[Xorg]\r\nport=-1\r\n";
    private const string Pam = "#%PAM-1.0\nauth required pam_env.so readenv=1\n@include common-auth\n@include common-account\n@include common-session\n@include common-password\n";

    private readonly string _root = Directory.CreateTempSubdirectory("ostiary-root-").FullName;
    private readonly FakeCommands _commands = new();
    private readonly List<string> _said = [];

    private static RoleDefinition SessionHost => RoleDefinition.Find(RoleDefinition.SessionHost)!;

    private static RoleDefinition LicenseServer => RoleDefinition.Find(RoleDefinition.LicenseServer)!;

    private MachineFiles Files => new(_root, isMachine: true);

    public RoleInstallerTests()
    {
        foreach (var (path, text) in new[] { (XrdpFiles.Ini, Ini), (XrdpFiles.Pam, Pam), ("/etc/systemd/system/other.service", "[Unit]\n"), ("/etc/tmpfiles.d/x.conf", "") })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_root + path)!);
            File.WriteAllText(_root + path, text);
        }

        // Not the mode that new files get.
        File.SetUnixFileMode(_root + XrdpFiles.Ini, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Directory.CreateDirectory(_root + "/var/lib");
        Directory.CreateDirectory(_root + "/run");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_session_host_stands_in_front_of_xrdp_and_PAM_asks_it()
    {
        Installer().Install(SessionHost, []);

        var ini = File.ReadAllText(_root + XrdpFiles.Ini);
        Assert.Equal(Ini.Replace("port=3389", "port=unix://./run/ostiary-rdp/rdp.sock", StringComparison.Ordinal).Replace("negotiate", "rdp", StringComparison.Ordinal).Replace("high", "none", StringComparison.Ordinal), ini);
        Assert.Equal(Ini, File.ReadAllText(_root + XrdpFiles.Ini + ".before-ostiary"));
        Assert.Equal(
            Pam.Replace("@include common-account\n", "@include common-account\naccount required pam_exec.so quiet stdout /usr/lib/ostiary/ostiary-logon pam /var/lib/ostiary/session-host/logon.sock\n", StringComparison.Ordinal),
            File.ReadAllText(_root + XrdpFiles.Pam));
        var unit = File.ReadAllText(_root + "/etc/systemd/system/ostiary-session-host.service");
        foreach (var line in new[] { "User=ostiary-session-host", "NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=ostiary/session-host", "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "CapabilityBoundingSet=" })
            Assert.Contains(line, unit.Split('\n'));
        var kernel = File.ReadAllText(_root + "/etc/systemd/system/ostiary-kernel.service");
        Assert.Contains("CapabilityBoundingSet=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_CHOWN", kernel.Split('\n'));
        Assert.DoesNotContain("User=", kernel, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.SetGroup | (UnixFileMode)0b111_101_000, File.GetUnixFileMode(_root + RoleDefinition.RdpFolder));
        Assert.Contains("useradd --system --user-group --no-create-home --home-dir /var/lib/ostiary --shell /usr/sbin/nologin --comment Ostiary ostiary-session-host", _commands.Ran);
        Assert.Contains("chown xrdp:ostiary-session-host " + RoleDefinition.RdpFolder, _commands.Ran);
        Assert.Equal(["systemctl daemon-reload", "systemctl restart xrdp.service", "systemctl enable --quiet ostiary-kernel.service ostiary-session-host.service", "systemctl restart ostiary-kernel.service ostiary-session-host.service"], _commands.Ran.Where(line => line.StartsWith("systemctl", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_is_removed_leaves_every_file_byte_for_byte_as_it_was()
    {
        var before = Tree();
        Installer().Install(LicenseServer, ["LicenseServer:Clearinghouse=https://clearinghouse.example"]);
        Installer().Install(SessionHost, []);

        Installer().Remove(SessionHost, purge: true);
        Installer().Remove(LicenseServer, purge: true);

        Assert.Equal(before, Tree());
        Assert.Contains("userdel ostiary-session-host", _commands.Ran);
        Assert.Contains("systemctl disable --now --quiet ostiary-kernel.service ostiary-session-host.service", _commands.Ran);
        Assert.Equal("systemctl restart xrdp.service", _commands.Ran.Last(line => line.Contains("xrdp.service", StringComparison.Ordinal)));
    }

    [Fact]
    public void Without_purge_the_state_and_its_user_stay_and_xrdp_is_as_it_was()
    {
        Installer().Install(SessionHost, []);
        File.WriteAllText(_root + "/var/lib/ostiary/session-host/host.key", "secret");

        Installer().Remove(SessionHost, purge: false);

        Assert.Equal((Ini, Pam), (File.ReadAllText(_root + XrdpFiles.Ini), File.ReadAllText(_root + XrdpFiles.Pam)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(_root + XrdpFiles.Ini));
        Assert.True(File.Exists(_root + "/var/lib/ostiary/session-host/host.key"));
        Assert.DoesNotContain("userdel ostiary-session-host", _commands.Ran);
        Assert.False(Installer().IsInstalled(SessionHost));
        // And it can be purged afterwards, or installed again.
        Installer().Install(SessionHost, []);
        Installer().Remove(SessionHost, purge: true);
        Assert.False(Directory.Exists(_root + "/var/lib/ostiary"));
    }

    [Fact]
    public void Again_changes_nothing_but_what_is_set_anew()
    {
        Installer().Install(SessionHost, ["SessionHost:Listen=0.0.0.0:3390"]);
        var first = Tree();
        Installer().Install(SessionHost, []);
        Assert.Equal(first, Tree());

        Installer().Install(SessionHost, ["SessionHost:Observe=true"]);

        var settings = File.ReadAllText(_root + RoleInstaller.SettingsFolder + "/session-host.json");
        Assert.Contains("\"Listen\": \"0.0.0.0:3390\"", settings, StringComparison.Ordinal);
        Assert.Contains("\"Observe\": \"true\"", settings, StringComparison.Ordinal);
        Assert.Equal(Ini, File.ReadAllText(_root + XrdpFiles.Ini + ".before-ostiary"));
    }

    // As many failures as there are steps, one after each of them.
    [Fact]
    public void A_failure_after_any_step_is_taken_back_and_leaves_everything_as_it_was()
    {
        foreach (var role in new[] { SessionHost, LicenseServer, RoleDefinition.Find(RoleDefinition.Clearinghouse)! })
        {
            var before = Tree();
            var steps = 0;
            Installer(_ => steps++).Install(role, []);
            Installer().Remove(role, purge: true);
            Assert.Equal(before, Tree());
            Assert.True(steps >= 4, $"{role.Name}: {steps} steps");

            for (var failing = 1; failing <= steps; failing++)
            {
                var step = 0;
                var name = "";
                var failure = Assert.Throws<SetupException>(() => Installer(done =>
                {
                    name = done;
                    if (++step == failing)
                        throw new SetupException("injected");
                }).Install(role, []));

                Assert.Equal("injected", failure.Message);
                Assert.True(before == Tree(), $"after {name} ({failing} of {steps}):\n{Tree()}");
                Assert.Empty(_commands.Users);
            }
        }
    }

    // A failure when the role is installed already leaves it as it was installed.
    [Fact]
    public void A_failure_of_a_second_run_leaves_what_the_first_one_made()
    {
        Installer().Install(SessionHost, []);
        var installed = Tree();

        Assert.Throws<SetupException>(() => Installer(_ => throw new SetupException("injected")).Install(SessionHost, ["SessionHost:Observe=true"]));

        Assert.Equal(installed, Tree());
    }

    // A power cut: nothing is taken back at once, and the journal knows all of it.
    [Fact]
    public void What_was_cut_off_after_any_step_is_finished_by_the_next_install_or_undone_by_remove()
    {
        var before = Tree();
        var steps = 0;
        Installer(_ => steps++).Install(SessionHost, []);
        var whole = Tree();
        Installer().Remove(SessionHost, purge: true);
        for (var cut = 1; cut <= steps; cut++)
            foreach (var finish in new[] { true, false })
            {
                var step = 0;
                Assert.Throws<SetupException>(() => new RoleInstaller(Files, _commands, systemd: true, _said.Add)
                {
                    LeavesFailures = true,
                    AfterStep = _ =>
                    {
                        if (++step == cut)
                            throw new SetupException("cut off");
                    },
                }.Install(SessionHost, []));

                if (finish)
                {
                    Installer().Install(SessionHost, []);
                    Assert.Equal(whole, Tree());
                }

                Installer().Remove(SessionHost, purge: true);
                Assert.Equal(before, Tree());
            }
    }

    [Fact]
    public void A_program_that_fails_is_named_with_what_it_said_and_everything_is_taken_back()
    {
        var before = Tree();
        _commands.Fails = "systemctl restart ostiary-kernel";

        var failure = Assert.Throws<SetupException>(() => Installer().Install(SessionHost, []));

        Assert.Contains("systemctl restart ostiary-kernel.service ostiary-session-host.service failed (1): it says why", failure.Message, StringComparison.Ordinal);
        Assert.Equal(before, Tree());
    }

    [Fact]
    public void A_file_that_was_changed_since_is_put_back_and_the_change_is_kept_beside()
    {
        Installer().Install(SessionHost, []);
        File.AppendAllText(_root + XrdpFiles.Ini, "[Mine]\n");

        Installer().Remove(SessionHost, purge: true);

        Assert.Equal(Ini, File.ReadAllText(_root + XrdpFiles.Ini));
        Assert.EndsWith("[Mine]\n", File.ReadAllText(_root + XrdpFiles.Ini + ".changed"), StringComparison.Ordinal);
        Assert.Contains(_said, line => line.Contains(".changed", StringComparison.Ordinal));
    }

    [Fact]
    public void What_others_have_put_into_a_folder_of_ours_outlives_a_purge()
    {
        Installer().Install(SessionHost, []);
        var dropIn = _root + "/etc/systemd/system/xrdp-sesman.service.d/mine.conf";
        File.WriteAllText(dropIn, "[Service]\n");
        File.WriteAllText(_root + "/etc/ostiary/ostiary.json", "{}");
        File.WriteAllText(_root + "/var/lib/ostiary/session-host/host.key", "secret");

        Installer().Remove(SessionHost, purge: true);

        Assert.True(File.Exists(dropIn) && File.Exists(_root + "/etc/ostiary/ostiary.json"));
        Assert.False(Directory.Exists(_root + "/var/lib/ostiary"));
        Assert.Contains(_said, line => line.EndsWith("/etc/ostiary", StringComparison.Ordinal));
    }

    [Fact]
    public void On_an_image_nothing_is_run_and_users_are_made_at_its_first_start()
    {
        var installer = new RoleInstaller(new(_root), _commands, systemd: false, _said.Add);
        installer.Install(SessionHost, []);

        Assert.Empty(_commands.Ran);
        Assert.StartsWith("u ostiary-session-host ", File.ReadAllText(_root + "/etc/sysusers.d/ostiary-session-host.conf"), StringComparison.Ordinal);
        Assert.Equal("d /run/ostiary-rdp 2750 xrdp ostiary-session-host -\n", File.ReadAllText(_root + "/etc/tmpfiles.d/ostiary-rdp.conf"));
    }

    [Theory]
    [InlineData("Observe=true")]
    [InlineData("SessionHost:Observe")]
    [InlineData("LicenseServer:Listen=x")]
    public void A_setting_that_is_not_the_roles_is_refused_before_anything_is_done(string set)
    {
        var before = Tree();

        Assert.Throws<SetupException>(() => Installer().Install(SessionHost, [set]));

        Assert.Equal(before, Tree());
        Assert.Empty(_commands.Ran);
    }

    [Fact]
    public void What_is_missing_is_said_with_the_command_that_brings_it()
    {
        File.Delete(_root + XrdpFiles.Ini);
        var look = new Prerequisites(new(_root), _commands, TimeProvider.System);

        var found = look.Of([SessionHost]);

        Assert.Equal(
            ["logon helper", "pam_exec", "program", "xrdp", "xrdp's settings"],
            found.Where(prerequisite => prerequisite is { Met: false, Required: true }).Select(prerequisite => prerequisite.Name).Order(StringComparer.Ordinal));
        Assert.All(found.Where(prerequisite => !prerequisite.Met && prerequisite.Required), prerequisite => Assert.StartsWith("apt-get install ", prerequisite.Fix, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("[globals]\nport = 3389\n[Xorg]\nport=-1\n", "[globals]\nport=unix://./s\nsecurity_layer=rdp\ncrypt_level=none\n[Xorg]\nport=-1\n")]
    [InlineData("[Xorg]\nport=-1\n[Globals]", "[Xorg]\nport=-1\n[Globals]\ncrypt_level=none\nsecurity_layer=rdp\nport=unix://./s")]
    public void Settings_are_changed_in_their_section_only_and_added_where_they_are_not(string before, string after)
    {
        var text = XrdpFiles.BehindGateway(before, "/s");

        Assert.Equal(after.Split('\n').Order(StringComparer.Ordinal), text.Split('\n').Order(StringComparer.Ordinal));
        Assert.Equal(("unix://./s", "rdp", "none"), (XrdpFiles.Get(text, "port"), XrdpFiles.Get(text, "security_layer"), XrdpFiles.Get(text, "crypt_level")));
        Assert.EndsWith(before[..before.IndexOf('\n', StringComparison.Ordinal)] == "[Xorg]" ? "" : "[Xorg]\nport=-1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hook_goes_behind_the_last_account_rule_once()
    {
        var text = XrdpFiles.WithHook("account required a.so\n-account optional b.so\nsession x\n", "H");

        Assert.Equal("account required a.so\n-account optional b.so\nH\nsession x\n", text);
        Assert.Equal(text, XrdpFiles.WithHook(text, "H"));
        Assert.Throws<SetupException>(() => XrdpFiles.WithHook("auth required a.so\n", "H"));
    }

    private RoleInstaller Installer(Action<string>? afterStep = null) => new(Files, _commands, systemd: true, _said.Add) { AfterStep = afterStep };

    // Every name with its mode and content.
    private string Tree() => string.Join('\n', Directory.EnumerateFileSystemEntries(_root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path =>
        $"{path[_root.Length..]} {File.GetUnixFileMode(path)} {(File.Exists(path) ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))[..16] : "")}"));

    private sealed class FakeCommands : ICommands
    {
        public List<string> Ran { get; } = [];

        public HashSet<string> Users { get; } = [];

        public string? Fails { get; set; }

        public CommandResult Run(string program, params string[] arguments)
        {
            var line = string.Join(' ', [program, .. arguments]);
            if (program == "getent")
                return new(Users.Contains(arguments[^1]) ? 0 : 2, "");
            Ran.Add(line);
            if (Fails is { } fails && line.StartsWith(fails, StringComparison.Ordinal))
                return new(1, "it says why");
            if (program == "useradd")
                Users.Add(arguments[^1]);
            if (program == "userdel")
                Users.Remove(arguments[^1]);
            return new(0, "");
        }
    }
}
