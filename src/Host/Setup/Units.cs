namespace Ostiary.Host.Setup;

/// <summary>The systemd units. They are written into /etc/systemd/system, where an administrator's <c>systemctl edit</c> adds to them.</summary>
internal static class Units
{
    public const string Folder = "/etc/systemd/system/";
    public const string Program = "/usr/bin/ostiary";
    public const string LogonHelper = "/usr/lib/ostiary/ostiary-logon";

    // What no role needs. Not MemoryDenyWriteExecute: .NET compiles at run time.
    private const string Hardening =
        """
        NoNewPrivileges=yes
        ProtectSystem=strict
        ProtectHome=yes
        PrivateTmp=yes
        PrivateDevices=yes
        ProtectClock=yes
        ProtectHostname=yes
        ProtectControlGroups=yes
        ProtectKernelLogs=yes
        ProtectKernelModules=yes
        ProtectKernelTunables=yes
        RestrictNamespaces=yes
        RestrictRealtime=yes
        RestrictSUIDSGID=yes
        LockPersonality=yes
        RemoveIPC=yes
        SystemCallArchitectures=native
        SystemCallFilter=@system-service
        UMask=0077
        """;

    /// <summary>A role as a service of its own user, without any capability.</summary>
    /// <param name="role">As <c>ostiary run</c> names it.</param>
    /// <param name="user">Its user.</param>
    /// <param name="description">One line.</param>
    /// <param name="folders">Below /var/lib/ostiary.</param>
    /// <param name="unit">More lines of [Unit].</param>
    /// <param name="service">More lines of [Service].</param>
    public static string Role(string role, string user, string description, string[] folders, string unit = "", string service = "") =>
        $"""
        # Written by 'ostiary roles install'; 'ostiary roles remove' takes it away. Changes go into 'systemctl edit'.
        [Unit]
        Description={description}
        Documentation=man:ostiary(1)
        After=network-online.target
        Wants=network-online.target
        {unit}
        [Service]
        Type=exec
        User={user}
        Group={user}
        ExecStart={Program} run {role}
        Restart=on-failure
        RestartSec=2
        TimeoutStopSec=30
        StateDirectory={string.Join(' ', folders.Select(folder => "ostiary/" + folder))}
        StateDirectoryMode=0700
        LimitNOFILE=65536
        CapabilityBoundingSet=
        AmbientCapabilities=
        ProtectProc=invisible
        RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
        {service}{Hardening}

        [Install]
        WantedBy=multi-user.target

        """;

    /// <summary>The helper that reads the kernel: root, with what reading other processes' sockets takes, and nothing else.</summary>
    public static string Kernel(string gatewayUser, string socket) =>
        $"""
        # Written by 'ostiary roles install'; 'ostiary roles remove' takes it away. Changes go into 'systemctl edit'.
        [Unit]
        Description=Ostiary kernel helper: which logon belongs to which connection
        Documentation=man:ostiary(1)

        [Service]
        Type=exec
        ExecStart={LogonHelper} kernel {socket} --user {gatewayUser}
        Restart=on-failure
        RestartSec=2
        RuntimeDirectory=ostiary
        RuntimeDirectoryMode=0755
        CapabilityBoundingSet=CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_CHOWN
        AmbientCapabilities=
        RestrictAddressFamilies=AF_UNIX AF_NETLINK
        IPAddressDeny=any
        {Hardening}

        [Install]
        WantedBy=multi-user.target

        """;

    /// <summary>
    /// pam_exec closes every descriptor up to the hard limit before it starts a hook: with systemd's default of half a million that is half a second of each logon.
    /// </summary>
    public const string SesmanLimits =
        """
        # Written by 'ostiary roles install'; 'ostiary roles remove' takes it away.
        [Service]
        LimitNOFILE=1024:16384

        """;
}
