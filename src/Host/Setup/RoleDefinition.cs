using System.Text.Json.Nodes;

namespace Ostiary.Host.Setup;

/// <summary>A role that can be installed on a machine.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Description">One line.</param>
/// <param name="Unit">Its systemd unit; that of the last of them where there are several. Empty where there is none.</param>
/// <param name="Users">Its users.</param>
/// <param name="Ports">Its ports, and the setting that names each.</param>
/// <param name="Sections">Whose settings <c>--set</c> may name.</param>
internal sealed record RoleDefinition(
    string Name, string Description, string Unit, string[] Users, (int Port, string Setting)[] Ports, string[] Sections)
{
    public const string LicenseServer = "license-server";
    public const string SessionHost = "session-host";
    public const string Clearinghouse = "clearinghouse";
    public const string Tools = "tools";
    public const int RdpPort = 3389;

    /// <summary>xrdp's folder for its socket: xrdp makes it, and only the gateway's user gets in.</summary>
    public const string RdpFolder = "/run/ostiary-rdp";

    public const string RdpSocket = RdpFolder + "/rdp.sock";
    public const string KernelSocket = "/run/ostiary/kernel.sock";
    public const string LogonSocket = "/var/lib/ostiary/session-host/logon.sock";

    public static IReadOnlyList<RoleDefinition> All { get; } =
    [
        new(LicenseServer, "Holds key packs and issues CALs; the Licensing Manager runs with it.", "ostiary-license-server.service",
            ["ostiary-license-server"], [(7402, "LicenseServer:Listen=0.0.0.0:PORT"), (7405, "Manager:Listen=127.0.0.1:PORT")], ["LicenseServer", "Manager"]),
        new(SessionHost, "The gateway in front of xrdp, the logon gate and its kernel helper.", "ostiary-session-host.service",
            ["ostiary-session-host"], [(RdpPort, "SessionHost:Listen=0.0.0.0:PORT")], ["SessionHost"]),
        new(Clearinghouse, "The publisher's clearinghouse and its signer.", "ostiary-clearinghouse.service",
            ["ostiary-clearinghouse"], [], ["Clearinghouse", "Signer"]),
        new(Tools, "The commands ostiary, licmgr and lsdiag, their launchers, manual pages and completion: they come with the package.", "", [], [], []),
    ];

    public static RoleDefinition? Find(string name) => All.FirstOrDefault(role => role.Name == name);

    /// <summary>The settings that <c>roles install</c> decides.</summary>
    public JsonObject Settings() => Name switch
    {
        LicenseServer => new() { ["LicenseServer"] = new JsonObject { ["Listen"] = "0.0.0.0:7402" } },
        SessionHost => new()
        {
            ["SessionHost"] = new JsonObject { ["Listen"] = $"0.0.0.0:{RdpPort}", ["BackEnd"] = "unix:" + RdpSocket, ["KernelHelper"] = KernelSocket },
        },
        _ => [],
    };
}
