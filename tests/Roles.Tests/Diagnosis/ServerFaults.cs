using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.LicenseServer.Diagnosis;
using static Ostiary.Contracts.Diagnosis.LicenseServerFindings;

namespace Ostiary.Roles.Tests.Diagnosis;

/// <summary>Every fault that a license server finds, seeded into the facts of one that is well.</summary>
internal static class ServerFaults
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly CalVersion V2022 = new(2022);
    private static readonly Guid HostId = Guid.Parse("11111111-2222-3333-4444-555555555555");
    private static readonly Guid PackId = Guid.Parse("aaaaaaaa-2222-3333-4444-555555555555");

    public static HostFacts Host { get; } = new()
    {
        HostId = HostId,
        Name = "host-1",
        Version = V2022,
        Mode = LicensingMode.PerDevice,
        HeardAt = Now.AddMinutes(-1),
        CertificateUntil = Now.AddDays(25),
        QuotaPerHour = 3_600,
    };

    public static PoolFacts Pool { get; } = new()
    {
        Name = "HESXE-YFZP3-A7F9R-2SNSV-JXZ2S-CC3N4-13Q5T",
        Counts = [Count(CalType.Device, 2022, 100, 40)],
        Packs = [new(PackId, CalType.Device, V2022, 60)],
    };

    public static ServerFacts Well { get; } = new()
    {
        Now = Now,
        StateDirectory = "/var/lib/ostiary/license-server",
        Pool = Pool,
        CertificateUntil = Now.AddYears(9),
        Hosts = [Host],
        Clearinghouse = new("https://clearinghouse.example/"),
        PublisherHeardAt = Now.AddHours(-3),
        FreeBytes = 100L << 30,
    };

    public static IReadOnlyList<SeededFault> All { get; } =
    [
        InPool(NotActivated, pool => pool with { Activated = false, Counts = [], Packs = [] }),
        InPool(LicenseServerFindings.IssuesNothing, pool => pool with { IssuesNothing = "This license server gave its key packs up on 2026-05-01; it issues nothing until it is activated again." }),
        Fault(CertificateEnding, Well with { CertificateUntil = Now.AddDays(100) }),
        Fault(NoClearinghouse, Well with { Pool = Pool with { Activated = false }, Clearinghouse = null }, ["license-server-not-activated"]),
        Fault(NoRoot, Well with { Pool = Pool with { Activated = false }, HasRoot = false }, ["license-server-not-activated"]),
        Unreachable(ClearinghouseNotFound, ConnectionFault.Name),
        Unreachable(ClearinghouseNoRoute, ConnectionFault.Route),
        Unreachable(ClearinghousePortClosed, ConnectionFault.Port),
        Unreachable(ClearinghouseNoAnswer, ConnectionFault.NoAnswer),
        Unreachable(ClearinghouseProxy, ConnectionFault.Proxy),
        Unreachable(ClearinghouseNoTls, ConnectionFault.Tls),
        Unreachable(ClearinghouseIntercepted, ConnectionFault.Certificate),
        Unreachable(ClearinghouseClockDiffers, ConnectionFault.Clock),
        Unreachable(ClearinghouseUnreachable, ConnectionFault.Other),
        Fault(PublisherNotHeard, Well with { PublisherHeardAt = Now.AddDays(-31) }),
        Fault(PublisherHeadContradicts, Well with { PublisherContradicts = "the clearinghouse's audit is at entry 10, and was at entry 12 before: entries are gone" }),
        Fault(SuccessionPending, Well with { SuccessionSince = Now.AddHours(-2) }),
        InPool(NoPacks, pool => pool with { Counts = [], Packs = [] }),
        InPool(OtherTypeOnly, pool => pool with { Counts = [Count(CalType.User, 2022, 100, 40)], Packs = [new(PackId, CalType.User, V2022, 60)] }),
        InPool(PacksTooOld, pool => pool with { Counts = [Count(CalType.Device, 2019, 100, 40)] }),
        InPool(UpgradePrevented, pool => pool with { Counts = [Count(CalType.Device, 2025, 100, 40)], PreventLicenseUpgrade = true }),
        InPool(NoCalFree, pool => pool with { Counts = [Count(CalType.Device, 2022, 100, 100)] }),
        InPool(FewCalsFree, pool => pool with { Counts = [Count(CalType.Device, 2022, 100, 91)] }),
        Fault(OverUsed, Well with { Hosts = [Host with { Mode = LicensingMode.PerUser }], Pool = Pool with { Counts = [Count(CalType.User, 2022, 10, 12)], UsersMayOverUse = true } }),
        InPool(PackExpiring, pool => pool with { Packs = [pool.Packs[0] with { ExpiresAt = Now.AddDays(20) }] }),
        InPool(PackExpired, pool => pool with { Packs = [pool.Packs[0] with { ExpiresAt = Now }] }),
        InPool(PackRevoked, pool => pool with { Packs = [pool.Packs[0] with { RevokedAt = Now.AddDays(-1), RevocationReason = "refunded" }] }),
        Fault(TemporariesEnding, Well with { TemporariesEnding = 7, Pool = Pool with { Counts = [Count(CalType.Device, 2022, 100, 100)] } }, ["no-cal-free"]),
        Fault(BreakGlassRunning, Well with { BreakGlassUntil = Now.AddHours(20) }),
        Fault(NoHosts, Well with { Hosts = [] }),
        InHost(HostNotAllowed, host => host with { Allowed = false }),
        InHost(HostQuotaReached, host => host with { QuotaReached = true }),
        InHost(HostSilent, host => host with { HeardAt = Now.AddDays(-3) }),
        InHost(JoinedHostCertificateEnding, host => host with { CertificateUntil = Now.AddDays(6) }),
        InHost(HostFindings.VersionUnknown, host => host with { Version = new(2031) }),
        Fault(DevicesFlagged, Well with { Flagged = [("shared-hardware-id", 3)] }),
        InPool(LicenseServerFindings.Recovering, pool => pool with { Recovery = new(Now.AddDays(-1), Now.AddDays(89), 900, 2) }),
        InPool(ClockUnconfirmed, pool => pool with { ClockLeaptTo = Now.AddDays(3) }),
        Fault(AuditBroken, Well with { AuditFault = "1 rows do not fit; the first: licenses 00: the hash is another." }),
        Fault(HostFindings.DiskSpaceLow, Well with { FreeBytes = 500L << 20 }),
        Fault(HostFindings.DiskFull, Well with { FreeBytes = 10L << 20 }),
        Fault(HostFindings.DatabaseFails, Well with { DatabaseFault = "SQLite Error 11: 'database disk image is malformed'." }),
        Fault(HostFindings.StateDirectoryOpen, Well with { OpenStateMode = (UnixFileMode)Convert.ToInt32("755", 8) }),
    ];

    /// <summary>What the license server says to the host that asks.</summary>
    public static IReadOnlyList<SeededFault> ForHost { get; } =
    [
        ForOne(NotActivated, Host, Pool with { Activated = false, Counts = [], Packs = [] }),
        ForOne(LicenseServerFindings.IssuesNothing, Host, Pool with { IssuesNothing = "The publisher revoked this license server on 2026-05-01 (refunded); it issues nothing more." }),
        ForOne(NoPacks, Host, Pool with { Counts = [], Packs = [] }),
        ForOne(OtherTypeOnly, Host with { Mode = LicensingMode.PerUser }, Pool, mended: Pool with { Counts = [.. Pool.Counts, Count(CalType.User, 2022, 60, 0)] }),
        ForOne(PacksTooOld, Host with { Version = new(2025) }, Pool, mended: Pool with { Counts = [.. Pool.Counts, Count(CalType.Device, 2025, 5, 0)] }),
        ForOne(UpgradePrevented, Host with { Version = new(2019) }, Pool with { PreventLicenseUpgrade = true }, mended: Pool),
        ForOne(NoCalFree, Host, Pool with { Counts = [Count(CalType.Device, 2022, 5, 5)] }),
        ForOne(FewCalsFree, Host, Pool with { Counts = [Count(CalType.Device, 2022, 100, 95)] }),
        ForOne(OverUsed, Host with { Mode = LicensingMode.PerUser }, Pool with { Counts = [Count(CalType.User, 2022, 10, 12)], UsersMayOverUse = true }, mended: Pool with { Counts = [Count(CalType.User, 2022, 20, 12)] }),
        ForOne(HostNotAllowed, Host with { Allowed = false }, Pool, mendedHost: Host),
        ForOne(HostQuotaReached, Host with { QuotaReached = true }, Pool, mendedHost: Host),
        ForOne(LicenseServerFindings.Recovering, Host, Pool with { Recovery = new(Now.AddDays(-1), Now.AddDays(89), 900, 2) }),
        ForOne(ClockUnconfirmed, Host, Pool with { ClockLeaptTo = Now.AddDays(3) }),
    ];

    private static CalCounts Count(CalType type, int version, int installed, int issued)
        => new(type, new(version), installed, issued, installed - issued, 0, Math.Max(0, issued - installed));

    private static SeededFault Fault(FindingKind kind, ServerFacts broken, string[]? follows = null) => new(kind.Code, () => FindingRules.Find(broken), () => FindingRules.Find(Well), follows);

    private static SeededFault InPool(FindingKind kind, Func<PoolFacts, PoolFacts> change) => Fault(kind, Well with { Pool = change(Pool) });

    private static SeededFault InHost(FindingKind kind, Func<HostFacts, HostFacts> change) => Fault(kind, Well with { Hosts = [change(Host)] });

    private static SeededFault Unreachable(FindingKind kind, ConnectionFault fault) => Fault(kind, Well with { ClearinghouseFault = (fault, $"{KebabCase.Of(fault)}: it does not answer") });

    private static SeededFault ForOne(FindingKind kind, HostFacts host, PoolFacts broken, PoolFacts? mended = null, HostFacts? mendedHost = null)
        => new(kind.Code, () => FindingRules.For(host, broken), () => FindingRules.For(mendedHost ?? host, mended ?? Pool));
}
