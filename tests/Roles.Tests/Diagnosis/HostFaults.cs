using System.Net;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.SessionHost.Diagnosis;
using Ostiary.SessionHost.Grace;
using static Ostiary.Contracts.Diagnosis.HostFindings;

namespace Ostiary.Roles.Tests.Diagnosis;

/// <summary>Every fault that a session host finds, seeded into the facts of a host that is well.</summary>
internal static class HostFaults
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    public static HostFacts Well { get; } = new()
    {
        Name = "host-1",
        Now = Now,
        StateDirectory = "/var/lib/ostiary/session-host",
        MachineId = "00112233445566778899aabbccddeeff",
        Grace = new GraceState.Ended(Now.AddDays(-20), Early: true),
        Links = [Link("licenses-1.example"), Link("licenses-2.example")],
        FreeBytes = 100L << 30,
        Tls = new(Now.AddYears(1), "/var/lib/ostiary/session-host/tls.pem", "/var/lib/ostiary/session-host/tls.key"),
        BackEnd = new("unix:/run/xrdp/rdp.sock", "/etc/xrdp/xrdp.ini"),
        Logon = new("/run/ostiary/kernel.sock", "/etc/pam.d/xrdp-sesman", "/var/lib/ostiary/session-host/logon.sock"),
        Connections = (3, 4096),
    };

    public static IReadOnlyList<SeededFault> All { get; } =
    [
        Fault(NoLicenseServerYet, Well with { Links = [], Grace = new GraceState.NotStarted() }, Well with { Grace = new GraceState.NotStarted() }, ["mode-not-configured"]),
        Fault(ModeNotConfigured, Well with { Links = [], Grace = new GraceState.NotStarted() }, Well with { Grace = new GraceState.NotStarted() }, ["no-license-server-yet"]),
        Fault(NoLicenseServer, Well with { Links = [] }, Well, ["mode-not-configured"]),
        Fault(NoLicenseServerAnswers, Well with { Links = [Silent(0), Silent(1)] }, Well, ["license-server-no-answer", "license-server-no-answer"]),
        Fault(GraceExpired, Well with { Links = [], Grace = new GraceState.Ended(Now.AddDays(-1), Early: false) }, Well, ["mode-not-configured", "no-license-server"]),
        Fault(VersionUnknown, Well with { Links = [Well.Links[0] with { Version = new(2031) }, Well.Links[1] with { Version = new(2031) }] }, Well),
        Fault(LicenseServersDisagree, Well with { Links = [Well.Links[0], Well.Links[1] with { Mode = LicensingMode.PerUser }] }, Well),
        Unreachable(LicenseServerNotFound, ConnectionFault.Name),
        Unreachable(LicenseServerNoRoute, ConnectionFault.Route),
        Unreachable(LicenseServerPortClosed, ConnectionFault.Port),
        Unreachable(LicenseServerNoAnswer, ConnectionFault.NoAnswer),
        Unreachable(LicenseServerNoTls, ConnectionFault.Tls),
        Unreachable(LicenseServerOtherKey, ConnectionFault.Certificate),
        Unreachable(LicenseServerClockDiffers, ConnectionFault.Clock),
        Unreachable(LicenseServerUnreachable, ConnectionFault.Other),
        InLink(HostNotMember, link => link with { NotMember = "the session host is not, or no longer, a member of this license server" }),
        InLink(LicenseServerRevoked, link => link with { Revoked = (Now.AddDays(-1), "key-compromised") }),
        InLink(RevocationListStale, link => link with { ListIsFresh = false, ListAt = Now.AddHours(-3) }),
        InLink(LedgerWentBack, link => link with { LedgerWentBackFrom = 1234 }),
        InLink(HostCertificateEnding, link => link with { CertificateUntil = Now.AddDays(6) }),
        InLink(HostCertificateEnded, link => link with { CertificateUntil = Now.AddHours(-1) }),
        InLink(LicenseServerOlder, link => link with { Diagnosis = link.Diagnosis! with { SoftwareVersion = "0.0.9" } }),
        InLink(LicenseServerNewer, link => link with { Diagnosis = link.Diagnosis! with { SoftwareVersion = "99.0.0" } }),
        Fault(GraceRunning, Well with { Grace = new GraceState.Running(Now.AddDays(100), 100) }, Well),
        Fault(GraceEndsSoon, Well with { Grace = new GraceState.Running(Now.AddDays(12), 12) }, Well),
        Fault(GraceRecordLost, Well with { GraceLost = true, Grace = new GraceState.Ended(Now, Early: false) }, Well),
        Fault(ClockUnconfirmed, Well with { ClockLeaptTo = Now.AddDays(40) }, Well),
        Fault(DiskSpaceLow, Well with { FreeBytes = 500L << 20 }, Well),
        Fault(DiskFull, Well with { FreeBytes = 10L << 20 }, Well),
        Fault(DatabaseFails, Well with { DatabaseFault = "SQLite Error 11: 'database disk image is malformed'." }, Well),
        Fault(StateDirectoryOpen, Well with { OpenStateMode = (UnixFileMode)Convert.ToInt32("755", 8) }, Well),
        Fault(TlsCertificateEnding, Well with { Tls = Well.Tls with { Until = Now.AddDays(29) } }, Well),
        Fault(TlsCertificateEnded, Well with { Tls = Well.Tls with { Until = Now } }, Well),
        Fault(TlsFilesUnusable, Well with { Tls = Well.Tls with { Fault = "The contents of the PEM are not a key." } }, Well),
        Fault(TlsKeyOpen, Well with { Tls = Well.Tls with { OpenKeyMode = (UnixFileMode)Convert.ToInt32("644", 8) } }, Well),
        Fault(BackEndUnreachable, Well with { BackEnd = Well.BackEnd with { Unreachable = "/run/xrdp/rdp.sock is not there." } }, Well),
        Fault(BackEndSecurity, Well with { BackEnd = Well.BackEnd with { OtherSecurity = true } }, Well),
        Fault(BackEndNotSupported, Well with { BackEnd = Well.BackEnd with { LicensesSince = Now.AddMinutes(-5) } }, Well),
        Fault(BackEndOpen, Well with { BackEnd = Well.BackEnd with { OpenAt = new(IPAddress.Parse("192.0.2.7"), 3390) } }, Well),
        Fault(XrdpListens, Well with { BackEnd = Well.BackEnd with { XrdpPorts = [3390] } }, Well),
        Fault(BackEndSocketOpen, Well with { BackEnd = Well.BackEnd with { OpenSocket = "/run/xrdp/rdp.sock" } }, Well),
        Fault(XrdpSectionAroundSesman, Well with { BackEnd = Well.BackEnd with { SectionsAroundSesman = ["vnc-any"] } }, Well),
        Fault(XrdpSettingsUnreadable, Well with { BackEnd = Well.BackEnd with { UnreadableSettings = ("/etc/xrdp/xrdp.ini", "Access to the path is denied.") } }, Well),
        Fault(KernelHelperMissing, Well with { Logon = Well.Logon with { KernelHelper = null } }, Well),
        Fault(KernelHelperSilent, Well with { Logon = Well.Logon with { HelperFault = "/run/ostiary/kernel.sock is not there." } }, Well),
        Fault(PamHookMissing, Well with { Logon = Well.Logon with { HookMissing = true } }, Well),
        Fault(LogonSocketMissing, Well with { Logon = Well.Logon with { SocketMissing = true } }, Well),
        Fault(ConnectionsNearlyFull, Well with { Connections = (3700, 4096) }, Well),
        Fault(Observing, Well with { Observing = true }, Well),
        Fault(LicenseServerNotJoined, Well with { NotJoined = ["ls9.example.org"] }, Well),
        Fault(PolicyValueWrong, Well with { PolicyFaults = [new("/etc/ostiary/policy.json", "graceWarningDays", "is 0 to 120, not 500")] }, Well),
        Fault(PeopleRefused, Well with { Refusals = [new(Now.AddMinutes(-1), "KIOSK-01, alice", "temporary-expired", "7", "The device's temporary CAL ended on 2026-05-31.", "On the license server: ostiary packs install KEY.")] }, Well),
    ];

    private static LinkFacts Link(string name) => new()
    {
        Address = new($"https://{name}:7402/"),
        Version = new(2022),
        Mode = LicensingMode.PerDevice,
        CertificateUntil = Now.AddDays(25),
        ListAt = Now.AddMinutes(-2),
        Diagnosis = new("HESXE-YFZP3-A7F9R-2SNSV-JXZ2S-CC3N4-13Q5T", SoftwareVersion.Own, true, CalType.Device, new(2022), LicensingMode.PerDevice, 100, 40, false, []),
    };

    private static LinkFacts Silent(int index) => Well.Links[index] with
    {
        SilentSince = Now.AddMinutes(-3),
        Diagnosis = null,
        Fault = (ConnectionFault.NoAnswer, "no answer: nothing comes back"),
    };

    private static SeededFault Fault(FindingKind kind, HostFacts broken, HostFacts mended, string[]? follows = null)
        => new(kind.Code, () => FindingRules.Find(broken), () => FindingRules.Find(mended), follows);

    // The first of two: the other one answers, so that it is one fault.
    private static SeededFault InLink(FindingKind kind, Func<LinkFacts, LinkFacts> change) => Fault(kind, Well with { Links = [change(Well.Links[0]), Well.Links[1]] }, Well);

    private static SeededFault Unreachable(FindingKind kind, ConnectionFault fault)
        => InLink(kind, link => link with { Fault = (fault, $"{KebabCase.Of(fault)}: it does not answer"), Diagnosis = null, SilentSince = Now.AddMinutes(-1) });
}
