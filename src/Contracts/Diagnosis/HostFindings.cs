namespace Ostiary.Contracts.Diagnosis;

/// <summary>What a session host finds at itself.</summary>
public static class HostFindings
{
    private const Finder Host = Finder.SessionHost;
    private static readonly string[] InviteAndJoin = ["ostiary hosts invite", "ostiary hosts join INVITATION"];

    // License servers, mode and version.

    public static readonly FindingKind NoLicenseServerYet = new(
        "no-license-server-yet", Severity.Warning, Host,
        "No license server has been joined, and the grace period still admits people.",
        "The host has not joined a license server.",
        "On the license server make an invitation, and let this host join with it.",
        InviteAndJoin, "M5", "S57");

    public static readonly FindingKind NoLicenseServer = new(
        "no-license-server", Severity.Error, Host,
        "No license server has been joined and the grace period is over: nobody but administrators gets in.",
        "The host has not joined a license server, and the days in which people are admitted without CALs are used up.",
        "On the license server make an invitation, and let this host join with it.",
        InviteAndJoin, "M2", "M4", "S54", "S57", "S60", "C1");

    public static readonly FindingKind NoLicenseServerAnswers = new(
        "no-license-server-answers", Severity.Error, Host,
        "None of the license servers answers: whoever has no CAL, lease or grace left is refused.",
        "All license servers that this host joined are silent.",
        "Start the license server, then mend what lies between: the finding of each server names the step that fails.",
        ["ostiary run license-server", "ostiary diagnose"], "M6", "S60", "S63", "C9");

    public static readonly FindingKind ModeNotConfigured = new(
        "mode-not-configured", Severity.Warning, Host,
        "The licensing mode has not been set.",
        "A host's mode stands in the invitation with which it joins; one that has joined no license server counts as per-device.",
        "Choose the mode with the invitation: per-user or per-device, as the CALs are.",
        ["ostiary hosts invite --mode per-device", "ostiary hosts invite --mode per-user", "ostiary hosts join INVITATION"], "M3", "S20", "S62", "C4");

    public static readonly FindingKind VersionUnknown = new(
        "version-unknown", Severity.Error, Host | Finder.LicenseServer,
        "The host has a version that the catalogue does not know: no CAL serves it.",
        "The invitation named a version of a newer or another catalogue.",
        "Let the host join again with an invitation of a version that there is, or bring this software up to date.",
        ["ostiary hosts invite --version 2025", "ostiary hosts join INVITATION"], "M13", "C7");

    public static readonly FindingKind LicenseServersDisagree = new(
        "license-servers-disagree", Severity.Warning, Host,
        "The license servers give this host different modes or versions; the first one's count.",
        "The host joined them with invitations of different modes or versions.",
        "Join the ones that differ again, with invitations of the same mode and version.",
        ["ostiary hosts invite --mode {mode} --version {version}", "ostiary hosts join INVITATION"], "M18", "C13");

    public static readonly FindingKind LicenseServerNotFound = Link("license-server-not-found", "its name has no address",
        "DNS, or the hosts file, of this machine does not know the name.", "Mend the name, or join again at an address that this machine can resolve.",
        ["getent hosts {host}"]);

    public static readonly FindingKind LicenseServerNoRoute = Link("license-server-no-route", "no way leads to its network",
        "This machine has no route to the license server's network, or its own network is down.", "Mend this machine's network or its routes.",
        ["ip route get {host}"]);

    public static readonly FindingKind LicenseServerPortClosed = Link("license-server-port-closed", "its machine is there, and nothing listens at the port",
        "The license server does not run, listens at another address, or a firewall refuses.", "Start the license server there; then look at its address and at firewalls.",
        ["ostiary run license-server", "ostiary server status"], "S61", "S63");

    public static readonly FindingKind LicenseServerNoAnswer = Link("license-server-no-answer", "nothing comes back in time",
        "A firewall drops what is sent, the machine is off, or it is overloaded.", "Let TCP port {port} of {host} through, and look whether the machine runs.",
        ["nc -vz {host} {port}"], "C12");

    public static readonly FindingKind LicenseServerNoTls = Link("license-server-no-tls", "something answers that does not speak TLS, or breaks it off",
        "Another program listens at the port, or something in between cuts TLS.", "Look what listens at the port; a license server's hosts' door is {host}, port {port}.",
        ["openssl s_client -connect {host}:{port}"]);

    public static readonly FindingKind LicenseServerOtherKey = Link("license-server-other-key", "it shows a certificate that is not of the pinned key",
        "Another license server stands there, it was set up anew, or something in between opens TLS.", "If it was set up anew, join it again; if not, take away what opens TLS in between.",
        InviteAndJoin, "M14", "M17", "C6");

    public static readonly FindingKind LicenseServerClockDiffers = Link("license-server-clock-differs", "its certificate is the right one and does not hold at this machine's time",
        "The clock of this machine or of the license server is wrong.", "Set both clocks; then confirm this one's.",
        ["ostiary host clock confirm"]);

    public static readonly FindingKind LicenseServerUnreachable = Link("license-server-unreachable", "it cannot be reached for another reason",
        "The evidence says what failed.", "Look at the license server, then at what lies between this host and it.",
        ["ostiary server status"]);

    public static readonly FindingKind HostNotMember = new(
        "host-not-member", Severity.Error, Host,
        "The license server answers, and does not know this host.",
        "The host was removed there, or the license server was restored from before it joined.",
        "Make a new invitation there and join again.",
        InviteAndJoin, "M11", "C6");

    public static readonly FindingKind LicenseServerRevoked = new(
        "license-server-revoked", Severity.Error, Host,
        "The publisher has revoked a license server that this host joined.",
        "The publisher revoked its certificate: its key was stolen, it was replaced, or its purchase was taken back. It is not asked any more, and its CALs and leases admit nobody.",
        "Ask the publisher why; then let this host join another license server.",
        InviteAndJoin, "M17");

    public static readonly FindingKind RevocationListStale = new(
        "revocation-list-stale", Severity.Warning, Host,
        "The license server's revocation list is missing or older than an hour.",
        "The license server has not answered for so long. CALs are asked about first, and admitted where it does not answer.",
        "Look at the license server, then at what lies between this host and it.",
        ["ostiary status", "ostiary diagnose"], "M6");

    public static readonly FindingKind LedgerWentBack = new(
        "ledger-went-back", Severity.Warning, Host,
        "The license server's ledger is at a lower number than this host has seen.",
        "It was restored from a backup. It collects what hosts hold, and nobody is refused meanwhile.",
        "Let all hosts reach it; it says there how many are missing.",
        ["ostiary server status", "ostiary audit verify"], "C6");

    public static readonly FindingKind HostCertificateEnding = new(
        "host-certificate-ending", Severity.Warning, Host,
        "The host's certificate for a license server ends within 7 days.",
        "It is renewed by itself when a third of its life is left; the license server has not answered, or refuses.",
        "Let the license server answer; where it does not know this host any more, join again.",
        InviteAndJoin);

    public static readonly FindingKind HostCertificateEnded = new(
        "host-certificate-ended", Severity.Error, Host,
        "The host's certificate for a license server is over.",
        "The host was off, or did not reach the license server, for longer than the certificate lasts. It is renewed at the next contact while the host is known there.",
        "Let the license server answer; where it does not know this host any more, join again.",
        InviteAndJoin);

    public static readonly FindingKind LicenseServerOlder = new(
        "license-server-older", Severity.Warning, Host,
        "The license server's software is older than the host's.",
        "The host was brought up to date first.",
        "Bring the license server up to date: it may always be newer than its hosts.",
        ["ostiary --version"], "M12", "M13", "C7");

    public static readonly FindingKind LicenseServerNewer = new(
        "license-server-newer", Severity.Information, Host,
        "The license server's software is newer than the host's.",
        "The license server was brought up to date first, as it should be.",
        "Bring this host up to date, too.",
        ["ostiary --version"], "M13");

    // Grace.

    public static readonly FindingKind GraceRunning = new(
        "grace-running", Severity.Information, Host,
        "The grace period runs.",
        "No CAL has been granted for this host since people first connected without one.",
        "Install CALs on the license server before it ends.",
        ["ostiary packs install KEY", "ostiary grace show"], "M5", "S53");

    public static readonly FindingKind GraceEndsSoon = new(
        "grace-ends-soon", Severity.Warning, Host,
        "The grace period ends within days.",
        "No CAL has been granted for this host since people first connected without one.",
        "Install CALs on the license server. To have the period extended, send the machine id to the publisher.",
        ["ostiary packs install KEY", "ostiary grace show"], "M5", "S53", "S55");

    public static readonly FindingKind GraceExpired = new(
        "grace-expired", Severity.Error, Host,
        "The grace period has expired and no license server grants CALs: people are refused, administrators still get in.",
        "The days were used up before CALs were there. Deleting the record brings nothing back; the license server keeps a copy.",
        "Activate a license server, install CALs and let this host join: people get in within seconds, without a restart. Only an extension that the publisher signed for this machine brings days.",
        ["ostiary server activate --first-name NAME --last-name NAME --company COMPANY --country COUNTRY", "ostiary packs install KEY", .. InviteAndJoin, "ostiary grace install FILE"],
        "M4", "S54", "S55", "S56", "C1");

    public static readonly FindingKind GraceRecordLost = new(
        "grace-record-lost", Severity.Error, Host,
        "The record of the grace period is damaged or gone.",
        "Its files were deleted or written by something else, and no license server has given its copy; without a record the grace period counts as ended.",
        "Reach the license server that keeps the copy, or install an extension that the publisher signed for this machine.",
        ["ostiary grace show", "ostiary grace install FILE"], "C1", "S56");

    // The machine.

    public static readonly FindingKind ClockUnconfirmed = new(
        "clock-unconfirmed", Severity.Error, Host,
        "The machine's clock leapt by more than 24 hours, and nobody has said that it is right.",
        "The clock was set, or the machine slept. Until it is confirmed, the time of before counts: nothing ends, and nothing is refused for it.",
        "Set the clock; or, if it is right, confirm it.",
        ["ostiary host clock confirm"]);

    public static readonly FindingKind DiskSpaceLow = new(
        "disk-space-low", Severity.Warning, Host | Finder.LicenseServer,
        "Less than 1 GiB is free where the role keeps its state.",
        "Something fills the disk.",
        "Make room on the disk of {directory}.",
        ["df -h {directory}"]);

    public static readonly FindingKind DiskFull = new(
        "disk-full", Severity.Error, Host | Finder.LicenseServer,
        "Less than 64 MiB is free where the role keeps its state: soon nothing can be recorded, and what cannot be recorded is not granted.",
        "Something has filled the disk.",
        "Make room on the disk of {directory} now.",
        ["df -h {directory}", "du -xsh {directory}"]);

    public static readonly FindingKind DatabaseFails = new(
        "database-fails", Severity.Error, Host | Finder.LicenseServer,
        "The role's database does not answer.",
        "The file is damaged or not readable any more, the disk is full, or the database server is away.",
        "Look at the evidence; put the database back from the backup if it is damaged, and start the role again.",
        ["ls -l {directory}", "ostiary status"], "C6");

    public static readonly FindingKind StateDirectoryOpen = new(
        "state-directory-open", Severity.Error, Host | Finder.LicenseServer,
        "Others than its owner can enter the folder with the role's keys.",
        "Its mode was changed.",
        "Close it, and ask who may have copied the keys.",
        ["chmod 700 {directory}"]);

    public static readonly FindingKind TlsCertificateEnding = new(
        "tls-certificate-ending", Severity.Warning, Host,
        "The certificate that RDP clients see ends within 30 days.",
        "It was made for a time, and nobody has put a new one in its place.",
        "Put a new certificate and its key in place; they are taken without a restart.",
        ["install -m 600 NEW-CERTIFICATE {certificate}", "install -m 600 NEW-KEY {key}"]);

    public static readonly FindingKind TlsCertificateEnded = new(
        "tls-certificate-ended", Severity.Error, Host,
        "The certificate that RDP clients see is over: clients warn, or do not connect.",
        "It was made for a time, and nobody has put a new one in its place.",
        "Put a new certificate and its key in place; they are taken without a restart.",
        ["install -m 600 NEW-CERTIFICATE {certificate}", "install -m 600 NEW-KEY {key}"], "M17", "C5");

    public static readonly FindingKind TlsFilesUnusable = new(
        "tls-files-unusable", Severity.Error, Host,
        "The files of the certificate that RDP clients see have changed and cannot be used; the last good one is still shown, until the next start.",
        "They are half-written, do not belong together, or may not be read.",
        "Put a certificate and the key that belongs to it in place.",
        ["openssl x509 -in {certificate} -noout -pubkey", "openssl pkey -in {key} -pubout"], "M17", "C5");

    public static readonly FindingKind TlsKeyOpen = new(
        "tls-key-open", Severity.Error, Host,
        "Others than its owner can read the private key that RDP clients trust.",
        "Its mode was changed.",
        "Close it; if others were on this machine, make a new key.",
        ["chmod 600 {key}"]);

    // What is behind, and the logon.

    public static readonly FindingKind BackEndUnreachable = new(
        "back-end-unreachable", Severity.Error, Host,
        "The RDP host behind the gateway does not answer: nobody gets a desktop.",
        "xrdp does not run, or listens elsewhere.",
        "Start xrdp, and let it listen where the gateway looks: {address}.",
        ["systemctl restart xrdp"], "S59");

    public static readonly FindingKind BackEndSecurity = new(
        "back-end-security", Severity.Error, Host,
        "The RDP host behind does not choose the security that the gateway needs: connections end.",
        "Behind a unix socket xrdp has to speak in clear, since nobody else can open the socket; it is set to TLS or to RDP encryption.",
        "In xrdp.ini set security_layer=rdp and crypt_level=none; then restart xrdp.",
        ["editor {file}", "systemctl restart xrdp"]);

    public static readonly FindingKind BackEndNotSupported = new(
        "back-end-not-supported", Severity.Error, Host,
        "The RDP host behind licenses for itself: it is not led around that.",
        "It is a Windows session host. Ostiary does not license Windows, and is no way around its licensing.",
        "Name an xrdp as back end, and start the session host again.",
        ["ostiary run session-host --set SessionHost:BackEnd=unix:/run/xrdp/rdp.sock"]);

    public static readonly FindingKind BackEndOpen = new(
        "back-end-open", Severity.Error, Host,
        "The RDP host behind can be reached from the network around the gateway: people get in without being asked for a CAL.",
        "It listens at all addresses, and no firewall keeps its port for this machine.",
        "Close TCP port {port} for everything but this machine, or let xrdp listen at a unix socket.",
        ["nft add rule inet filter input tcp dport {port} iifname != lo drop"]);

    public static readonly FindingKind XrdpListens = new(
        "xrdp-listens", Severity.Error, Host,
        "xrdp listens at a TCP port of its own beside the gateway's: people get in there without being asked for a CAL.",
        "Its settings were not changed when the gateway was put in front, or were put back by an update.",
        "Let xrdp listen at the socket that the gateway uses; then restart it.",
        ["sed -i 's#^port=.*{port}.*#port=unix://{socket}#' {file}", "systemctl restart xrdp"]);

    public static readonly FindingKind BackEndSocketOpen = new(
        "back-end-socket-open", Severity.Error, Host,
        "Everybody on this machine may open the socket of the RDP host behind.",
        "Its mode, and those of the folders above it, let others in.",
        "Close it.",
        ["chmod o= {socket}"]);

    public static readonly FindingKind KernelHelperMissing = new(
        "kernel-helper-missing", Severity.Warning, Host,
        "No helper reads the kernel: no temporary CAL is ever validated, so that devices do not get permanent ones.",
        "The session host was started without the helper's socket.",
        "Start the helper as root, and the session host with its socket.",
        ["ostiary-logon kernel SOCKET", "ostiary run session-host --set SessionHost:KernelHelper=SOCKET"]);

    public static readonly FindingKind KernelHelperSilent = new(
        "kernel-helper-silent", Severity.Error, Host,
        "The helper that reads the kernel does not answer: logons cannot be matched to connections.",
        "It does not run, or its socket may not be opened.",
        "Start the helper as root.",
        ["ostiary-logon kernel {socket}"]);

    public static readonly FindingKind PamHookMissing = new(
        "pam-hook-missing", Severity.Error, Host,
        "sesman's PAM settings do not ask the logon gate: User CALs are not asked for, and logons not seen.",
        "The line was never put there, was lost with a package update, or is optional and so refuses nobody.",
        "Put the line \"account required pam_exec.so quiet stdout ostiary-logon pam {socket}\", with the hook's full path, before the first account line of {file}.",
        ["editor {file}"]);

    public static readonly FindingKind LogonSocketMissing = new(
        "logon-socket-missing", Severity.Error, Host,
        "The socket at which the PAM hook asks is gone: only administrators can log on.",
        "Something deleted it while the role runs.",
        "Start the session host again; running sessions end with it, so let people save first.",
        ["ostiary run session-host"]);

    public static readonly FindingKind XrdpSectionAroundSesman = new(
        "xrdp-section-around-sesman", Severity.Error, Host,
        "A section of xrdp.ini starts its session without sesman.",
        "The section does not say port=-1, so that xrdp connects to a server of its own there and the logon rules are not asked.",
        "In {file} remove the section, or set port=-1 in it; then restart xrdp.",
        ["editor {file}", "systemctl restart xrdp"]);

    public static readonly FindingKind XrdpSettingsUnreadable = new(
        "xrdp-settings-unreadable", Severity.Warning, Host,
        "The host may not read the settings of xrdp or of its PAM service.",
        "The file is there, and its mode keeps the session host's user out: nobody can tell whether something goes around the logon rules.",
        "Let the session host's user read {file}.",
        ["chmod a+r {file}"]);

    public static readonly FindingKind ConnectionsNearlyFull = new(
        "connections-nearly-full", Severity.Warning, Host,
        "Nine in ten of the connections that the host takes at a time are taken.",
        "More people connect than was planned, or somebody holds connections open.",
        "Look who is connected; raise MaxConnections in the options if they are all wanted.",
        ["ostiary sessions list"]);

    public static readonly FindingKind Observing = new(
        "observing", Severity.Information, Host,
        "The host only observes: decisions are made and recorded, nobody is refused.",
        "It was started so.",
        "Read the report; then start the host again without it.",
        ["ostiary observe report", "ostiary run session-host --set SessionHost:Observe=false"]);

    public static readonly FindingKind LicenseServerNotJoined = new(
        "license-server-not-joined", Severity.Error, Host,
        "Policy names a license server that this host has not joined.",
        "Its key is not pinned here, so it is not asked. Where no other that policy names is joined, nobody is asked.",
        "Join it with an invitation of its own, or take it out of the policy.",
        ["ostiary policy show", "ostiary hosts join INVITATION"], "M4", "S57", "S62", "C4");

    public static readonly FindingKind PolicyValueWrong = new(
        "policy-value-wrong", Severity.Warning, Host,
        "A value of the policy cannot be used; the rest of it counts.",
        "It is not of its form, beyond its limit, or has a name that is not known.",
        "Mend it where the evidence says, then read the policy again.",
        ["ostiary policy update --force", "ostiary policy show"], "M3", "S62", "C4");

    public static readonly FindingKind PeopleRefused = new(
        "people-refused", Severity.Warning, Host,
        "Connections or logons were refused within the last 24 hours.",
        "The rule and its reason are named; the newest refusal is explained with its own way on.",
        "{fix}",
        ["ostiary refusals list", "ostiary explain NAME"], "M2", "S54", "C15");

    public static IReadOnlyList<FindingKind> All { get; } =
    [
        NoLicenseServerYet, NoLicenseServer, NoLicenseServerAnswers, ModeNotConfigured, VersionUnknown, LicenseServersDisagree, LicenseServerNotFound, LicenseServerNoRoute,
        LicenseServerPortClosed, LicenseServerNoAnswer, LicenseServerNoTls, LicenseServerOtherKey, LicenseServerClockDiffers, LicenseServerUnreachable, HostNotMember,
        LicenseServerRevoked, RevocationListStale, LedgerWentBack, HostCertificateEnding, HostCertificateEnded, LicenseServerOlder, LicenseServerNewer,
        GraceRunning, GraceEndsSoon, GraceExpired, GraceRecordLost,
        ClockUnconfirmed, DiskSpaceLow, DiskFull, DatabaseFails, StateDirectoryOpen, TlsCertificateEnding, TlsCertificateEnded, TlsFilesUnusable, TlsKeyOpen,
        BackEndUnreachable, BackEndSecurity, BackEndNotSupported, BackEndOpen, XrdpListens, BackEndSocketOpen, KernelHelperMissing, KernelHelperSilent, PamHookMissing, LogonSocketMissing,
        XrdpSectionAroundSesman, XrdpSettingsUnreadable, ConnectionsNearlyFull, Observing, LicenseServerNotJoined, PolicyValueWrong, PeopleRefused,
    ];

    // One license server that is silent is a warning: another may answer. That none does is a finding of its own.
    private static FindingKind Link(string code, string what, string cause, string fix, string[] commands, params string[] answers)
        => new(code, Severity.Warning, Host, $"A license server does not answer: {what}.", cause, fix, commands, ["M6", "S60", .. answers]);
}
