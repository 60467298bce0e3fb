using System.Globalization;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using static Ostiary.Contracts.Diagnosis.LicenseServerFindings;

namespace Ostiary.LicenseServer.Diagnosis;

/// <summary>What is wrong with a license server, and what stands in the way of one host. Pure: facts in, findings out, errors first.</summary>
internal static class FindingRules
{
    public static readonly TimeSpan TemporariesEnd = TimeSpan.FromDays(14);

    private const long LowBytes = 1024L * 1024 * 1024;
    private const long FullBytes = 64L * 1024 * 1024;
    private const int MostNames = 5;
    private static readonly TimeSpan Silent = TimeSpan.FromDays(3);
    private static readonly TimeSpan HostCertificateEnds = TimeSpan.FromDays(7);
    private static readonly TimeSpan OwnCertificateEnds = TimeSpan.FromDays(180);
    private static readonly TimeSpan PackEnds = TimeSpan.FromDays(30);
    private static readonly TimeSpan PublisherForgotten = TimeSpan.FromDays(30);

    /// <summary>For the administrator.</summary>
    public static IReadOnlyList<Finding> Find(ServerFacts facts)
    {
        var machine = Machine(facts);
        if (facts.DatabaseFault is not null)
            return [.. machine];
        return
        [
            .. Standing(facts.Pool).Concat(Activation(facts)).Concat(facts.Hosts.SelectMany(host => Host(facts, host))).Concat(Pools(facts)).Concat(Packs(facts)).Concat(machine)
                .OrderByDescending(finding => finding.Severity),
        ];
    }

    /// <summary>For the host that asks.</summary>
    public static IReadOnlyList<Finding> For(HostFacts host, PoolFacts pool) =>
        [.. Standing(pool).Concat(Membership(host)).Concat(Pool(pool, host.Type, host.Version, pool.Name)).OrderByDescending(finding => finding.Severity)];

    /// <summary>CALs that serve a host, and how many of them nobody holds.</summary>
    public static (int Installed, int Available) Serving(PoolFacts pool, CalType type, CalVersion host)
    {
        var serving = pool.Counts.Where(count => count.Type == type && Serves(pool, count.Version, host)).ToList();
        return (serving.Sum(count => count.Installed), serving.Sum(count => count.Available));
    }

    private static bool Serves(PoolFacts pool, CalVersion cal, CalVersion host) => pool.PreventLicenseUpgrade ? cal == host && host.IsKnown : cal.Serves(host);

    private static IEnumerable<Finding> Standing(PoolFacts pool)
    {
        if (pool.IssuesNothing is { } why)
            yield return IssuesNothing.Found(pool.Name, why);
        else if (!pool.Activated)
            yield return NotActivated.Found(pool.Name, $"License server {pool.Name} has the certificate that it made for itself.");
        if (pool.Recovery is { } recovery)
            yield return LicenseServerFindings.Recovering.Found(pool.Name, $"Since {recovery.BeganAt:u}; {recovery.HostsMissing} hosts are missing, entry {recovery.SeenNumber} was shown. It ends on {recovery.Until:u} at the latest.");
        if (pool.ClockLeaptTo is { } leapt)
            yield return ClockUnconfirmed.Found(pool.Name, $"The machine's clock leapt to {leapt:u}, and that is not confirmed.");
    }

    private static IEnumerable<Finding> Membership(HostFacts host)
    {
        if (!host.Version.IsKnown)
            yield return HostFindings.VersionUnknown.Found(host.Name, $"{host.Name} has version {host.Version}.");
        if (!host.Allowed)
            yield return HostNotAllowed.Found(host.Name, $"{host.Name} ({host.HostId}) has joined and is not allowed.", ("hostid", host.HostId.ToString()));
        if (host.QuotaReached)
            yield return HostQuotaReached.Found(
                host.Name, $"{host.Name} has taken {host.QuotaPerHour} new CALs within an hour, which is all that it may.", ("hostid", host.HostId.ToString()),
                ("quota", Math.Min(Storage.JoinedHost.MaxQuotaPerHour, host.QuotaPerHour * 2).ToString(CultureInfo.InvariantCulture)));
    }

    private static IEnumerable<Finding> Host(ServerFacts facts, HostFacts host)
    {
        var id = ("hostid", host.HostId.ToString());
        if (facts.Now - host.HeardAt >= Silent)
            yield return HostSilent.Found(host.Name, $"{host.Name} was heard last on {host.HeardAt:u}.", id);
        if (host.CertificateUntil - facts.Now <= HostCertificateEnds)
            yield return JoinedHostCertificateEnding.Found(host.Name, $"The certificate of {host.Name} {(host.CertificateUntil <= facts.Now ? "ended" : "ends")} on {host.CertificateUntil:u}.", id);
        foreach (var finding in Membership(host))
            yield return finding;
    }

    // One finding for all hosts of a mode and version.
    private static IEnumerable<Finding> Pools(ServerFacts facts)
    {
        var pool = facts.Pool;
        if (facts.Hosts.Count == 0)
            yield return NoHosts.Found(pool.Name, "No session host is a member.");
        if (!pool.Activated || pool.IssuesNothing is not null)
            yield break;
        if (pool.Counts.Sum(count => count.Installed) == 0)
        {
            yield return NoPacks.Found(pool.Name, "No CAL is installed.");
            yield break;
        }

        foreach (var group in facts.Hosts.Where(host => host.Version.IsKnown).GroupBy(host => (host.Type, host.Version)).OrderBy(group => group.Key))
        {
            var names = group.Select(host => host.Name).Take(MostNames + 1).ToList();
            var hosts = $"{string.Join(", ", names.Take(MostNames))}{(names.Count > MostNames ? $" and {group.Count() - MostNames} more" : "")}";
            foreach (var finding in Pool(pool, group.Key.Type, group.Key.Version, hosts))
                yield return finding;
        }
    }

    private static IEnumerable<Finding> Pool(PoolFacts pool, CalType type, CalVersion host, string subject)
    {
        if (!pool.Activated || pool.IssuesNothing is not null || !host.IsKnown)
            yield break;
        var installed = pool.Counts.Where(count => count.Installed > 0).ToList();
        var ofType = installed.Where(count => count.Type == type).ToList();
        var needed = $"{type} CALs of version {host} or newer";
        if (installed.Count == 0)
            yield return NoPacks.Found(subject, "No CAL is installed.");
        else if (ofType.Count == 0)
            yield return OtherType(pool, type, host, subject);
        else if (!ofType.Exists(count => count.Version.Serves(host)))
            yield return PacksTooOld.Found(
                subject, $"The host needs {needed}; what is installed is {string.Join(", ", ofType.Select(count => $"{count.Installed} of version {count.Version}"))}.", ("version", host.ToString()),
                ("older", ofType.Max(count => count.Version).ToString()));
        else if (pool.PreventLicenseUpgrade && !ofType.Exists(count => count.Version == host))
            yield return UpgradePrevented.Found(subject, $"The host is of version {host}; the CALs are of {string.Join(", ", ofType.Select(count => $"version {count.Version}"))}.", ("version", host.ToString()));
        else
            foreach (var finding in Fill(pool, type, host, subject))
                yield return finding;
    }

    private static Finding OtherType(PoolFacts pool, CalType type, CalVersion host, string subject)
    {
        var pack = pool.Packs.Where(pack => pack.Type != type).OrderByDescending(pack => pack.Version.Serves(host)).ThenByDescending(pack => pack.Free).First();
        return OtherTypeOnly.Found(
            subject, $"The host asks for {type} CALs, and only {pack.Type} CALs are installed; pack {pack.PackId} has {pack.Free} free ones.", ("pack", pack.PackId.ToString()),
            ("count", Math.Max(1, pack.Free).ToString(CultureInfo.InvariantCulture)), ("mode", KebabCase.Of(type == CalType.Device ? LicensingMode.PerUser : LicensingMode.PerDevice)));
    }

    private static IEnumerable<Finding> Fill(PoolFacts pool, CalType type, CalVersion host, string subject)
    {
        var (all, free) = Serving(pool, type, host);
        var overUsed = pool.Counts.Where(count => count.Type == type && Serves(pool, count.Version, host)).Sum(count => count.OverUsed);
        var numbers = $"{all} {type} CALs that serve version {host} are installed, {all - free} are held, {free} are free";
        if (overUsed > 0)
            yield return OverUsed.Found(subject, $"{numbers}; {overUsed} stand behind no installed seat.");
        if (free <= 0 && !(type == CalType.User && pool.UsersMayOverUse))
            yield return NoCalFree.Found(subject, $"{numbers}.");
        else if (free > 0 && free * 10 < all)
            yield return FewCalsFree.Found(subject, $"{numbers}.");
    }

    private static IEnumerable<Finding> Activation(ServerFacts facts)
    {
        var name = facts.Pool.Name;
        if (facts.Clearinghouse is { } clearinghouse && facts.ClearinghouseFault is var (fault, text))
            yield return KindOf(fault).Found(clearinghouse.Authority, $"{text}.", ("host", clearinghouse.Host), ("port", clearinghouse.Port.ToString(CultureInfo.InvariantCulture)));
        if (facts.Pool is { Activated: false, IssuesNothing: null })
        {
            if (facts.Clearinghouse is null)
                yield return NoClearinghouse.Found(name, "The option Clearinghouse is not set.");
            if (!facts.HasRoot)
                yield return NoRoot.Found(name, "The option RootFile is not set.");
            yield break;
        }

        if (facts.CertificateUntil - facts.Now <= OwnCertificateEnds)
            yield return CertificateEnding.Found(name, $"The certificate {(facts.CertificateUntil <= facts.Now ? "ended" : "ends")} on {facts.CertificateUntil:u}.");
        if (facts.Now - facts.PublisherHeardAt >= PublisherForgotten)
            yield return PublisherNotHeard.Found(name, $"The publisher was heard last on {facts.PublisherHeardAt:u}.");
        if (facts.PublisherContradicts is { } contradiction)
            yield return PublisherHeadContradicts.Found(facts.Clearinghouse?.Authority ?? name, contradiction);
        if (facts.SuccessionSince is { } since)
            yield return SuccessionPending.Found(name, $"It was begun on {since:u} and is not done.");
        if (facts.BreakGlassUntil is { } until)
            yield return BreakGlassRunning.Found(name, $"Until {until:u} User CALs are given beyond the packs.");
    }

    private static FindingKind KindOf(ConnectionFault fault) => fault switch
    {
        ConnectionFault.Name => ClearinghouseNotFound,
        ConnectionFault.Route => ClearinghouseNoRoute,
        ConnectionFault.Port => ClearinghousePortClosed,
        ConnectionFault.NoAnswer => ClearinghouseNoAnswer,
        ConnectionFault.Proxy => ClearinghouseProxy,
        ConnectionFault.Tls => ClearinghouseNoTls,
        ConnectionFault.Certificate => ClearinghouseIntercepted,
        ConnectionFault.Clock => ClearinghouseClockDiffers,
        _ => ClearinghouseUnreachable,
    };

    private static IEnumerable<Finding> Packs(ServerFacts facts)
    {
        foreach (var pack in facts.Pool.Packs)
        {
            var what = $"Pack {pack.PackId} ({pack.Type} CALs, version {pack.Version})";
            var id = ("pack", pack.PackId.ToString());
            if (pack.RevokedAt is { } revoked)
                yield return PackRevoked.Found(pack.PackId.ToString(), $"{what} was revoked on {revoked:u} ({pack.RevocationReason}).", id);
            else if (pack.ExpiresAt <= facts.Now)
                yield return PackExpired.Found(pack.PackId.ToString(), $"{what} ended on {pack.ExpiresAt:u}.", id);
            else if (pack.ExpiresAt - facts.Now <= PackEnds)
                yield return PackExpiring.Found(pack.PackId.ToString(), $"{what} ends on {pack.ExpiresAt:u}.", id);
        }

        if (facts.TemporariesEnding > 0 && facts.Pool is { Activated: true, IssuesNothing: null } && facts.Pool.Counts.Where(count => count.Type == CalType.Device).Sum(count => count.Available) <= 0)
            yield return TemporariesEnding.Found(facts.Pool.Name, $"{facts.TemporariesEnding} temporary CALs end within {TemporariesEnd.TotalDays:0} days, and no Device CAL is free.");
        if (facts.Flagged is { Count: > 0 } flagged)
            yield return DevicesFlagged.Found(facts.Pool.Name, $"{string.Join(", ", flagged.Select(flag => $"{flag.Devices} {flag.Flag}"))}.");
    }

    private static IEnumerable<Finding> Machine(ServerFacts facts)
    {
        var directory = ("directory", facts.StateDirectory);
        if (facts.DatabaseFault is { } fault)
            yield return HostFindings.DatabaseFails.Found(facts.StateDirectory, fault, directory);
        if (facts.FreeBytes is < LowBytes and var free)
            yield return (free < FullBytes ? HostFindings.DiskFull : HostFindings.DiskSpaceLow).Found(facts.StateDirectory, $"{free / (1024 * 1024)} MiB are free where {facts.StateDirectory} is.", directory);
        if (facts.OpenStateMode is { } mode)
            yield return HostFindings.StateDirectoryOpen.Found(facts.StateDirectory, $"The mode of {facts.StateDirectory} is {Convert.ToString((int)mode, 8).PadLeft(4, '0')}.", directory);
        if (facts.AuditFault is { } broken)
            yield return AuditBroken.Found(facts.Pool.Name, broken);
    }
}
