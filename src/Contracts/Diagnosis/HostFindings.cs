namespace Ostiary.Contracts.Diagnosis;

/// <summary>What a session host finds at itself.</summary>
public static class HostFindings
{
    public static readonly FindingKind LicenseServerRevoked = new(
        "license-server-revoked", Severity.Error, Finder.SessionHost,
        "The publisher has revoked a license server that this host joined.",
        "The publisher revoked its certificate: its key was stolen, it was replaced, or its purchase was taken back. It is not asked any more, and its CALs and leases admit nobody.",
        "Ask the publisher why; then let this host join another license server.",
        ["ostiary hosts invite", "ostiary hosts join INVITATION"], "M17");

    public static readonly FindingKind RevocationListStale = new(
        "revocation-list-stale", Severity.Warning, Finder.SessionHost,
        "The license server's revocation list is missing or older than an hour.",
        "The license server has not answered for so long. CALs are asked about first, and admitted where it does not answer.",
        "Look at the license server, then at what lies between this host and it.",
        ["ostiary status", "ostiary diagnose"], "M6");

    public static readonly FindingKind XrdpSectionAroundSesman = new(
        "xrdp-section-around-sesman", Severity.Error, Finder.SessionHost,
        "A section of xrdp.ini starts its session without sesman.",
        "The section does not say port=-1, so that xrdp connects to a server of its own there and the logon rules are not asked.",
        "In {file} remove the section, or set port=-1 in it; then restart xrdp.",
        ["editor {file}", "systemctl restart xrdp"]);

    public static readonly FindingKind XrdpSettingsUnreadable = new(
        "xrdp-settings-unreadable", Severity.Warning, Finder.SessionHost,
        "The host may not read xrdp's settings.",
        "The file is there, and its mode keeps the session host's user out: nobody can tell whether a section goes around the logon rules.",
        "Let the session host's user read {file}, or name another file: XrdpSettings in the options.",
        ["chmod a+r {file}"]);

    public static readonly FindingKind ClockUnconfirmed = new(
        "clock-unconfirmed", Severity.Error, Finder.SessionHost,
        "The machine's clock leapt by more than 24 hours, and nobody has said that it is right.",
        "The clock was set, or the machine slept. Until it is confirmed, the time of before counts: nothing ends, and nothing is refused for it.",
        "Set the clock; or, if it is right, confirm it.",
        ["ostiary host clock confirm"]);

    public static readonly FindingKind GraceRecordLost = new(
        "grace-record-lost", Severity.Error, Finder.SessionHost,
        "The record of the grace period is damaged or gone.",
        "Its files were deleted or written by something else, and no license server has given its copy; without a record the grace period counts as ended.",
        "Reach the license server that keeps the copy, or install an extension that the publisher signed for this machine.",
        ["ostiary grace show", "ostiary grace install FILE"], "C1", "S56");

    public static readonly FindingKind GraceEndsSoon = new(
        "grace-ends-soon", Severity.Warning, Finder.SessionHost,
        "The grace period ends within days.",
        "No CAL has been granted for this host since people first connected without one.",
        "Install CALs on the license server. To have the period extended, send the machine id to the publisher.",
        ["ostiary packs install KEY", "ostiary grace show"], "M5", "S53", "S55");

    public static IReadOnlyList<FindingKind> All { get; } =
    [
        LicenseServerRevoked, RevocationListStale, XrdpSectionAroundSesman, XrdpSettingsUnreadable, ClockUnconfirmed, GraceRecordLost, GraceEndsSoon,
    ];
}
