namespace Ostiary.Contracts.Diagnosis;

/// <summary>What only somebody outside the roles finds.</summary>
public static class OutsideFindings
{
    private const Finder Outside = Finder.Diagnoser;

    public static readonly FindingKind RoleNotRunning = new(
        "role-not-running", Severity.Error, Outside,
        "A role that was set up here does not run.",
        "It was stopped, or did not come up.",
        "Start it; it says at once what keeps it from running.",
        ["ostiary run {role} --state {state}"], "M6", "S60", "S61", "S63");

    public static readonly FindingKind RoleAccessDenied = new(
        "role-access-denied", Severity.Error, Outside,
        "A role runs here, and this user may not ask it.",
        "Its socket is for the user who runs the role, and for root.",
        "Ask as that user.",
        ["sudo ostiary diagnose --state {state}"], "M7", "C15");

    public static readonly FindingKind RdpUnreachable = new(
        "rdp-unreachable", Severity.Error, Outside,
        "Nothing answers where RDP clients connect.",
        "The session host does not run, listens at another address, or a firewall refuses.",
        "Start the session host; then look at its address and at firewalls.",
        ["ostiary run session-host", "nc -vz {host} {port}"], "S60");

    public static readonly FindingKind RdpNotSpoken = new(
        "rdp-not-spoken", Severity.Error, Outside,
        "What answers where RDP clients connect does not speak RDP.",
        "Another program listens at the port.",
        "Look what listens at the port, and give the session host one of its own.",
        ["ss -ltnp sport = :{port}", "ostiary run session-host --set SessionHost:Listen=ADDRESS:PORT"]);

    public static readonly FindingKind RdpWithoutTls = new(
        "rdp-without-tls", Severity.Error, Outside,
        "The RDP host does not offer TLS to clients: it is not behind the gateway.",
        "An xrdp answers there itself.",
        "Let the session host listen there, and xrdp at a unix socket behind it.",
        ["ostiary run session-host --set SessionHost:Listen=0.0.0.0:{port} --set SessionHost:BackEnd=unix:/run/xrdp/rdp.sock"]);

    public static readonly FindingKind LicensingNotAsked = new(
        "licensing-not-asked", Severity.Error, Outside,
        "What answers where RDP clients connect is not the gateway: clients get in without being asked for a CAL.",
        "An xrdp with TLS answers there itself: it tells every client that its license is good.",
        "Let the session host listen there, and xrdp at a unix socket behind it.",
        ["ostiary run session-host --set SessionHost:Listen=0.0.0.0:{port} --set SessionHost:BackEnd=unix:/run/xrdp/rdp.sock"]);

    public static readonly FindingKind SignerAway = new(
        "signer-away", Severity.Error, Outside,
        "The clearinghouse of this machine does not reach its signer: nothing is activated and no product key is redeemed.",
        "The signer does not run, or its socket is not the one that the clearinghouse knows.",
        "Start the signer.",
        ["ostiary run signer --state {state}"], "S48", "C8");

    public static readonly FindingKind IssuingKeyEnding = new(
        "issuing-key-ending", Severity.Warning, Outside,
        "The publisher's issuing key signs for less than 180 days more.",
        "It has signed for nearly as long as it may.",
        "Follow it by another, between a stop and a start of the signer; what it signed stays good.",
        ["ostiary clearinghouse rotate-issuing --state {state}"]);

    public static IReadOnlyList<FindingKind> All { get; } =
        [RoleNotRunning, RoleAccessDenied, RdpUnreachable, RdpNotSpoken, RdpWithoutTls, LicensingNotAsked, SignerAway, IssuingKeyEnding];
}
