using System.Globalization;
using System.Net;

namespace Ostiary.Host.Setup;

/// <summary>What a role needs before it is installed.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Met">Whether it is as it should be.</param>
/// <param name="Required">Whether the role cannot be installed without it.</param>
/// <param name="Found">What was found.</param>
/// <param name="Fix">What to do, as an exact command; empty where it is met.</param>
internal sealed record Prerequisite(string Name, bool Met, bool Required, string Found, string Fix);

/// <summary>Looks at a machine, and changes nothing.</summary>
internal sealed class Prerequisites(MachineFiles files, ICommands commands, TimeProvider time)
{
    private const long LeastFree = 256L * 1024 * 1024;

    public bool Systemd => files.IsMachine && files.DirectoryExists("/run/systemd/system");

    public IReadOnlyList<Prerequisite> Of(IEnumerable<RoleDefinition> roles)
    {
        var chosen = roles.ToList();
        List<Prerequisite> found = [Rights(), Program(), ServiceManager(), Disk(), Clock()];
        foreach (var role in chosen)
            foreach (var user in role.Users)
                found.Add(User(user));
        foreach (var role in chosen)
            foreach (var (port, setting) in role.Ports)
                found.Add(Port(port, setting, role));
        if (chosen.Exists(role => role.Name == RoleDefinition.SessionHost))
            found.AddRange([Xrdp(), XrdpSettings(), PamPhase(), PamExec(), Helper()]);
        return found;
    }

    private Prerequisite Rights() => files.IsMachine && !Environment.IsPrivilegedProcess
        ? new("rights", false, true, "this is not root", "sudo ostiary roles install …")
        : new("rights", true, true, files.IsMachine ? "root" : "an image below a folder", "");

    private Prerequisite Program() => files.Exists(Units.Program)
        ? new("program", true, true, Units.Program, "")
        : new("program", false, true, $"{Units.Program} is not there, which the services start", "apt-get install ./ostiary_VERSION_amd64.deb");

    private Prerequisite ServiceManager() => Systemd
        ? new("systemd", true, false, "runs", "")
        : new("systemd", false, false, files.IsMachine ? "does not run here: units are written, and nothing is started" : "not asked: this is an image", files.IsMachine ? "start the programs of the units' ExecStart lines yourself" : "");

    private Prerequisite Disk()
    {
        var free = new DriveInfo(files.Real("/")).AvailableFreeSpace;
        var text = string.Create(CultureInfo.InvariantCulture, $"{free / 1024 / 1024} MiB are free");
        return free >= LeastFree ? new("disk", true, true, text, "") : new("disk", false, true, $"{text}, {LeastFree / 1024 / 1024} are needed", "df -h /var/lib; make room there");
    }

    // A clock before this program was built is wrong; whether one after that is right, only a time service knows.
    private Prerequisite Clock()
    {
        var built = File.GetLastWriteTimeUtc(Environment.ProcessPath ?? typeof(Prerequisites).Assembly.Location);
        var now = time.GetUtcNow();
        if (now < built.AddDays(-1))
            return new("clock", false, true, $"it says {now:u}, and this program is of {built:u}", "timedatectl set-ntp true");
        if (Systemd && commands.Run("timedatectl", "show", "--property=NTPSynchronized", "--value").Output.Trim() == "no")
            return new("clock", false, false, $"it says {now:u}, and nothing keeps it right", "timedatectl set-ntp true");
        return new("clock", true, true, $"{now:u}", "");
    }

    private Prerequisite User(string name)
    {
        if (!files.IsMachine)
            return new($"user {name}", true, true, "is made at the image's first start", "");
        if (commands.Run("getent", "passwd", name).Exit == 0)
            return new($"user {name}", true, true, "is there", "");
        return files.Exists("/usr/sbin/useradd")
            ? new($"user {name}", true, true, "will be made", "")
            : new($"user {name}", false, true, "is not there, and neither is useradd", "apt-get install passwd");
    }

    private Prerequisite Port(int port, string setting, RoleDefinition role)
    {
        var name = $"port {port}";
        if (!files.IsMachine || !IsListening(port))
            return new(name, true, true, files.IsMachine ? "free" : "not looked at: this is an image", "");
        if (files.Exists(Units.Folder + role.Unit))
            return new(name, true, true, "taken, by this role that is installed already", "");
        if (port == RoleDefinition.RdpPort && files.Read(XrdpFiles.Ini) is { } ini && (XrdpFiles.Get(System.Text.Encoding.UTF8.GetString(ini), "port") ?? "").Contains($"{port}", StringComparison.Ordinal))
            return new(name, true, true, Systemd ? "taken by xrdp, which is moved behind a unix socket" : "taken by xrdp: stop it before the session host starts", "");
        return new(name, false, true, "taken by another program", $"ss -Hltnp sport = :{port}; stop that, or use another: --set {setting}");
    }

    private Prerequisite Xrdp()
    {
        const string program = "/usr/sbin/xrdp";
        if (!files.Exists(program))
            return new("xrdp", false, true, $"{program} is not there", "apt-get install xrdp xorgxrdp");
        if (!files.IsMachine)
            return new("xrdp", true, true, program, "");
        var version = commands.Run(program, "--version").Output.Split('\n')[0].Trim();
        var number = version.Split(' ').LastOrDefault() ?? "";
        return Version.TryParse(number.Split('-')[0], out var parsed) && parsed >= new Version(0, 9, 21)
            ? new("xrdp", true, true, version, "")
            : new("xrdp", false, false, $"{(version.Length == 0 ? "no version" : version)}; 0.9.21 and later were tried", "apt-get install xrdp");
    }

    private Prerequisite XrdpSettings() => files.Read(XrdpFiles.Ini) is { } ini && System.Text.Encoding.UTF8.GetString(ini).Contains("[Globals]", StringComparison.OrdinalIgnoreCase)
        ? new("xrdp's settings", true, true, XrdpFiles.Ini, "")
        : new("xrdp's settings", false, true, $"{XrdpFiles.Ini} is not there, or has no section [Globals]", "apt-get install --reinstall -o Dpkg::Options::=--force-confmiss xrdp");

    private Prerequisite PamPhase()
    {
        try
        {
            if (files.Read(XrdpFiles.Pam) is { } pam)
            {
                _ = XrdpFiles.WithHook(System.Text.Encoding.UTF8.GetString(pam), "#");
                return new("PAM", true, true, $"{XrdpFiles.Pam} has an account phase", "");
            }
        }
        catch (SetupException)
        {
            // Said below.
        }

        return new("PAM", false, true, $"{XrdpFiles.Pam} is not there, or has no account phase", "apt-get install --reinstall -o Dpkg::Options::=--force-confmiss xrdp");
    }

    private Prerequisite PamExec()
        => files.ExistsBelow("/lib", "security/pam_exec.so") || files.ExistsBelow("/usr/lib", "security/pam_exec.so") || files.Exists("/usr/lib64/security/pam_exec.so")
            ? new("pam_exec", true, true, "is there", "")
            : new("pam_exec", false, true, "pam_exec.so is not there", "apt-get install libpam-modules");

    private Prerequisite Helper() => files.Exists(Units.LogonHelper)
        ? new("logon helper", true, true, Units.LogonHelper, "")
        : new("logon helper", false, true, $"{Units.LogonHelper} is not there", "apt-get install ./ostiary_VERSION_amd64.deb");

    // Addresses do not matter: the roles listen on all of them.
    private static bool IsListening(int port)
        => System.Net.NetworkInformation.IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any((IPEndPoint listener) => listener.Port == port);
}
