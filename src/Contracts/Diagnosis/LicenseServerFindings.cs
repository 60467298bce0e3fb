namespace Ostiary.Contracts.Diagnosis;

/// <summary>What a license server finds at itself, and what it says to a host that asks.</summary>
public static class LicenseServerFindings
{
    private const Finder Server = Finder.LicenseServer;
    private const Finder Both = Finder.LicenseServer | Finder.LicenseServerForHost;
    private const string Activate = "ostiary server activate --first-name NAME --last-name NAME --company COMPANY --country COUNTRY";

    // Activation and the clearinghouse.

    public static readonly FindingKind NotActivated = new(
        "license-server-not-activated", Severity.Error, Both,
        "The license server is not activated: it gives temporary CALs of 90 days only.",
        "Nobody has activated it at a clearinghouse.",
        "Activate it; where it has no network, by the web page, by telephone, or carried by this machine.",
        [Activate, "ostiary server activate --method web", "ostiary server activate --method telephone"], "M10", "S48", "S51", "S52", "C8");

    public static readonly FindingKind IssuesNothing = new(
        "license-server-issues-nothing", Severity.Error, Both,
        "The license server issues nothing.",
        "It was deactivated, or the publisher has revoked it.",
        "Where it was deactivated, activate it again; where it was revoked, ask the publisher.",
        [Activate], "M10", "M17");

    public static readonly FindingKind CertificateEnding = new(
        "license-server-certificate-ending", Severity.Warning, Server,
        "The license server's certificate ends within 180 days; no CAL outlives it.",
        "It was activated nearly as long ago as its certificate lasts.",
        "Reactivate it: the key, the CALs and the key packs stay.",
        ["ostiary server reactivate --reason certificate-expired --first-name NAME --last-name NAME --email ADDRESS"], "M17");

    public static readonly FindingKind NoClearinghouse = new(
        "clearinghouse-not-configured", Severity.Warning, Server,
        "No clearinghouse is configured, and the license server is not activated.",
        "It was started without the clearinghouse's address.",
        "Start it with the address; or activate it by telephone.",
        ["ostiary run license-server --set LicenseServer:Clearinghouse=https://HOST:PORT/ --set LicenseServer:RootFile=FILE", "ostiary server activate --method telephone"], "S48", "S50");

    public static readonly FindingKind NoRoot = new(
        "root-not-configured", Severity.Warning, Server,
        "No published root is configured, and the license server is not activated: it cannot tell the publisher from others.",
        "It was started without the root's file.",
        "Start it with the root that the publisher has published.",
        ["ostiary run license-server --set LicenseServer:RootFile=FILE"], "S48");

    public static readonly FindingKind ClearinghouseNotFound = Clearinghouse("clearinghouse-not-found", "its name has no address",
        "DNS, or the hosts file, of this machine does not know the name.", "Mend the name or this machine's DNS.", ["getent hosts {host}"]);

    public static readonly FindingKind ClearinghouseNoRoute = Clearinghouse("clearinghouse-no-route", "no way leads to its network",
        "This machine has no route there, or no network.", "Mend the network or the routes.", ["ip route get {host}"]);

    public static readonly FindingKind ClearinghousePortClosed = Clearinghouse("clearinghouse-port-closed", "its machine is there, and nothing listens at the port",
        "The clearinghouse does not run, or a firewall refuses.", "Let TCP port {port} of {host} through.", ["nc -vz {host} {port}"]);

    public static readonly FindingKind ClearinghouseNoAnswer = Clearinghouse("clearinghouse-no-answer", "nothing comes back in time",
        "A firewall drops what is sent, or the clearinghouse is overloaded.", "Let TCP port {port} of {host} through.", ["nc -vz {host} {port}"]);

    public static readonly FindingKind ClearinghouseProxy = Clearinghouse("clearinghouse-proxy", "the proxy refuses",
        "The proxy that this machine names wants a password, or does not let us through.", "Name a proxy that lets the license server through, or except the clearinghouse.",
        ["export NO_PROXY={host}"]);

    public static readonly FindingKind ClearinghouseNoTls = Clearinghouse("clearinghouse-no-tls", "something answers that does not speak TLS, or breaks it off",
        "Another program answers there, or something in between cuts TLS.", "Look what answers at {host}, port {port}.", ["openssl s_client -connect {host}:{port}"]);

    public static readonly FindingKind ClearinghouseIntercepted = Clearinghouse("clearinghouse-intercepted", "it shows a certificate that is neither trusted here nor of the publisher's root",
        "Something in between opens TLS, or the root file is another publisher's.", "Let {host} through unopened, or put the publisher's root in place.",
        ["openssl s_client -connect {host}:{port} -showcerts"]);

    public static readonly FindingKind ClearinghouseClockDiffers = Clearinghouse("clearinghouse-clock-differs", "its certificate is the right one and does not hold at this machine's time",
        "This machine's clock is wrong.", "Set the clock; then confirm it.", ["ostiary server clock confirm"]);

    public static readonly FindingKind ClearinghouseUnreachable = Clearinghouse("clearinghouse-unreachable", "it cannot be reached for another reason",
        "The evidence says what failed.", "Look at the clearinghouse, then at what lies between.", ["ostiary diagnose --clearinghouse"]);

    public static readonly FindingKind PublisherNotHeard = new(
        "publisher-not-heard", Severity.Information, Server,
        "Nothing has been heard of the publisher for 30 days: revocations of before are what counts.",
        "The license server has no way to its clearinghouse. It works without; only revocations and new roots do not arrive.",
        "Bring the publisher's documents by hand, or mend the way.",
        ["ostiary server trust install FILE", "ostiary diagnose --clearinghouse"]);

    public static readonly FindingKind PublisherHeadContradicts = new(
        "publisher-audit-contradicts", Severity.Error, Server,
        "The clearinghouse's audit contradicts what it showed before.",
        "Its database was put back or written anew.",
        "Send the head that is kept here to the publisher: it is the evidence.",
        ["ostiary server publisher-head --out FILE"]);

    public static readonly FindingKind SuccessionPending = new(
        "succession-pending", Severity.Warning, Server,
        "Another key is to follow the license server's, and has not yet.",
        "The succession was interrupted, or the clearinghouse has not answered.",
        "Give the same command again: it goes on where it was.",
        ["ostiary server succeed"], "M17");

    // Key packs and CALs.

    public static readonly FindingKind NoPacks = new(
        "no-key-packs", Severity.Error, Both,
        "No key pack is installed: people get temporary CALs for 90 days and then nothing.",
        "Nobody has installed CALs on this license server.",
        "Install the product key that came with the purchase.",
        ["ostiary packs check KEY", "ostiary packs install KEY"], "M8", "S55", "C9");

    public static readonly FindingKind OtherTypeOnly = new(
        "packs-of-other-type", Severity.Error, Both,
        "CALs are installed, and none of the type that the host's mode asks for.",
        "The host is in one mode and the CALs are of the other type.",
        "Convert a pack that has free CALs, or let the host join again in the mode that the CALs are for.",
        ["ostiary packs convert {pack} --count {count}", "ostiary hosts invite --mode {mode}"], "M8", "S20", "S57", "S62", "C4");

    public static readonly FindingKind PacksTooOld = new(
        "packs-too-old", Severity.Error, Both,
        "CALs are installed, and all of them are of an older version than the host.",
        "A CAL serves hosts of its own or an older version; the host is newer than the CALs.",
        "Install CALs of version {version} or newer, or let the host join again with the version of the CALs.",
        ["ostiary packs install KEY", "ostiary hosts invite --version {older}"], "M8", "M12", "C7");

    public static readonly FindingKind UpgradePrevented = new(
        "license-upgrade-prevented", Severity.Error, Both,
        "Only CALs newer than the host are there, and the policy forbids to use them.",
        "The policy PreventLicenseUpgrade is on: a host gets CALs of exactly its version.",
        "Allow newer CALs, or install CALs of version {version}.",
        ["ostiary server policy set --prevent-license-upgrade false"], "M8", "C7");

    public static readonly FindingKind NoCalFree = new(
        "no-cal-free", Severity.Error, Both,
        "All CALs that serve the host are taken: devices keep their temporary CALs until those end, and then they are refused.",
        "More devices or people use the hosts than there are CALs.",
        "Buy CALs and install them; or take back those that are not used any more.",
        ["ostiary packs install KEY", "ostiary cals list", "ostiary cals revoke SERIAL --reason TEXT", "ostiary users release SERIAL"], "M9", "S47", "S55", "C11");

    public static readonly FindingKind FewCalsFree = new(
        "few-cals-free", Severity.Warning, Both,
        "Less than a tenth of the CALs that serve the host is free.",
        "The pool is nearly used up.",
        "Buy CALs before the pool is empty; look for those that are not used any more.",
        ["ostiary packs install KEY", "ostiary cals list"], "M9", "S45");

    public static readonly FindingKind OverUsed = new(
        "cals-over-used", Severity.Warning, Both,
        "More CALs are held than are installed.",
        "The policy for User CALs allows over-use, a pack was removed or revoked, or CALs were adopted in a recovery.",
        "Install as many CALs as are missing.",
        ["ostiary packs install KEY", "ostiary server status"], "M9");

    public static readonly FindingKind PackExpiring = new(
        "key-pack-expiring", Severity.Warning, Server,
        "A key pack ends within 30 days, and its CALs with it.",
        "It was bought for a time.",
        "Buy the next one and install it before.",
        ["ostiary packs install KEY"], "C8");

    public static readonly FindingKind PackExpired = new(
        "key-pack-expired", Severity.Warning, Server,
        "A key pack is over; nothing is issued of it.",
        "It was bought for a time.",
        "Install the next one; remove this one when its CALs are over.",
        ["ostiary packs install KEY", "ostiary packs remove {pack}"]);

    public static readonly FindingKind PackRevoked = new(
        "key-pack-revoked", Severity.Error, Server,
        "The publisher has revoked a key pack: nothing is issued of it, and what was issued runs to its end.",
        "The purchase was taken back, the product key was stolen, or it was replaced.",
        "Ask the publisher, install another one, and remove this one.",
        ["ostiary packs install KEY", "ostiary packs remove {pack} --force"], "C8");

    public static readonly FindingKind TemporariesEnding = new(
        "temporaries-ending", Severity.Warning, Server,
        "Temporary CALs end within 14 days, and no CAL is free for their devices.",
        "The devices came when the pool was empty; they are refused when their 90 days are over.",
        "Install CALs, or take back those that are not used any more.",
        ["ostiary packs install KEY", "ostiary cals list"], "M9");

    public static readonly FindingKind BreakGlassRunning = new(
        "break-glass-running", Severity.Information, Server,
        "User CALs are given beyond the packs at the moment.",
        "An administrator broke the glass.",
        "Install CALs before it ends.",
        ["ostiary packs install KEY", "ostiary server policy show"]);

    // Hosts and devices.

    public static readonly FindingKind NoHosts = new(
        "no-host-joined", Severity.Information, Server,
        "No session host has joined.",
        "Nobody has invited one, or it has not used its invitation.",
        "Make an invitation and use it on the host.",
        ["ostiary hosts invite", "ostiary hosts join INVITATION"], "S57");

    public static readonly FindingKind HostNotAllowed = new(
        "host-not-allowed", Severity.Error, Both,
        "The host has joined, and may not ask for CALs.",
        "An administrator has taken that from it.",
        "Allow it, or remove it.",
        ["ostiary hosts set {hostid} --allowed true"], "M11");

    public static readonly FindingKind HostQuotaReached = new(
        "host-quota-reached", Severity.Warning, Both,
        "The host has taken all the new CALs that it may in this hour.",
        "Many devices came new within an hour, or the host was stolen.",
        "Wait for the hour to end, or raise the quota.",
        ["ostiary hosts set {hostid} --quota {quota}"], "M11");

    public static readonly FindingKind HostSilent = new(
        "host-silent", Severity.Warning, Server,
        "A host has not been heard for 3 days.",
        "It is off, or does not reach this license server.",
        "Look at the host; remove it if it is gone.",
        ["ostiary diagnose", "ostiary hosts remove {hostid}"], "C12");

    public static readonly FindingKind JoinedHostCertificateEnding = new(
        "joined-host-certificate-ending", Severity.Warning, Server,
        "A host's certificate ends within 7 days.",
        "Hosts renew by themselves when a third is left; this one has not come.",
        "Let the host reach this license server, or remove it if it is gone.",
        ["ostiary diagnose", "ostiary hosts remove {hostid}"]);

    public static readonly FindingKind DevicesFlagged = new(
        "devices-flagged", Severity.Warning, Server,
        "Devices are flagged: hardware ids that several names share, that change at every visit, or CALs in use from two addresses at a time.",
        "Machines were cloned, their clients make up hardware ids, or somebody copies CALs.",
        "Look at them; merge those that are one machine, split those that are two.",
        ["ostiary devices list --flagged any", "ostiary devices merge DEVICE OTHER --reason TEXT"], "C2");

    // The license server itself.

    public static readonly FindingKind Recovering = new(
        "license-server-recovering", Severity.Warning, Both,
        "The license server is recovering: it adopts the CALs that it is shown, and gives newcomers temporary ones only.",
        "It was restored from a backup or set up anew, and hosts have seen later entries of its ledger.",
        "Let all hosts reach it; it ends when they have, and at the latest after 90 days.",
        ["ostiary server status", "ostiary hosts list"], "C6");

    public static readonly FindingKind ClockUnconfirmed = new(
        "license-server-clock-unconfirmed", Severity.Error, Both,
        "The license server's clock leapt by more than 24 hours, and nobody has said that it is right.",
        "The clock was set, or the machine slept. Until it is confirmed, the time of before counts.",
        "Set the clock; or, if it is right, confirm it.",
        ["ostiary server clock confirm"]);

    public static readonly FindingKind AuditBroken = new(
        "audit-chain-broken", Severity.Error, Server,
        "The audit chain does not fit the rows of the ledger.",
        "Something else than the license server has written into the database, or it is damaged.",
        "Look at the rows that are named; put the ledger back from a backup that verifies.",
        ["ostiary audit verify"]);

    public static IReadOnlyList<FindingKind> All { get; } =
    [
        NotActivated, IssuesNothing, CertificateEnding, NoClearinghouse, NoRoot, ClearinghouseNotFound, ClearinghouseNoRoute, ClearinghousePortClosed, ClearinghouseNoAnswer,
        ClearinghouseProxy, ClearinghouseNoTls, ClearinghouseIntercepted, ClearinghouseClockDiffers, ClearinghouseUnreachable, PublisherNotHeard, PublisherHeadContradicts,
        SuccessionPending, NoPacks, OtherTypeOnly, PacksTooOld, UpgradePrevented, NoCalFree, FewCalsFree, OverUsed, PackExpiring, PackExpired, PackRevoked, TemporariesEnding,
        BreakGlassRunning, NoHosts, HostNotAllowed, HostQuotaReached, HostSilent, JoinedHostCertificateEnding, DevicesFlagged, Recovering, ClockUnconfirmed, AuditBroken,
    ];

    // A license server works without its clearinghouse; where it needs it, that it is not activated is an error of its own.
    private static FindingKind Clearinghouse(string code, string what, string cause, string fix, string[] commands)
        => new(code, Severity.Warning, Server, $"The clearinghouse cannot be reached: {what}.", cause, fix,
            [.. commands, "ostiary server activate --method web", "ostiary server activate --method telephone"], "S48", "S49", "S50", "S51", "S52", "C8");
}
