using System.Globalization;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.SessionHost.Grace;
using static Ostiary.Contracts.Diagnosis.HostFindings;

namespace Ostiary.SessionHost.Diagnosis;

/// <summary>What is wrong with a session host. Pure: facts in, findings out, errors first.</summary>
internal static class FindingRules
{
    private const long LowBytes = 1024L * 1024 * 1024;
    private const long FullBytes = 64L * 1024 * 1024;
    private static readonly TimeSpan CertificateEnds = TimeSpan.FromDays(7);
    private static readonly TimeSpan TlsEnds = TimeSpan.FromDays(30);

    public static IReadOnlyList<Finding> Find(HostFacts facts) =>
    [
        .. Servers(facts).Concat(Policy(facts)).Concat(facts.Links.SelectMany(link => Link(facts, link))).Concat(Grace(facts)).Concat(Machine(facts)).Concat(Tls(facts)).Concat(BackEnd(facts)).Concat(Logon(facts))
            .OrderByDescending(finding => finding.Severity),
    ];

    private static IEnumerable<Finding> Policy(HostFacts facts)
    {
        foreach (var name in facts.NotJoined)
            yield return LicenseServerNotJoined.Found(facts.Name, $"Policy names the license server {name}, and this host has not joined it.");
        foreach (var fault in facts.PolicyFaults)
            yield return PolicyValueWrong.Found(facts.Name, $"{fault.Origin}{(fault.Field.Length == 0 ? "" : $", {fault.Field}")}: {fault.Detail}.");
    }

    private static IEnumerable<Finding> Servers(HostFacts facts)
    {
        if (facts.Links is not [var first, ..])
        {
            yield return facts.Grace is GraceState.Ended
                ? NoLicenseServer.Found(facts.Name, "No license server has been joined, and the grace period is over.")
                : NoLicenseServerYet.Found(facts.Name, facts.Grace is GraceState.Running running
                    ? $"No license server has been joined; the grace period ends in {running.DaysLeft} days, on {running.Until:u}."
                    : "No license server has been joined; the grace period begins with the first connection.");
            yield return ModeNotConfigured.Found(facts.Name, "The mode is per-device because nothing else has been said.");
            yield break;
        }

        if (facts.Links.All(link => !link.Answers))
            yield return NoLicenseServerAnswers.Found(facts.Name, $"{facts.Links.Count} license {(facts.Links.Count == 1 ? "server is" : "servers are")} configured, and none answers: {string.Join(", ", facts.Links.Select(link => link.Address.Authority))}.");
        if (!first.Version.IsKnown)
            yield return VersionUnknown.Found(facts.Name, $"{first.Address.Authority} gave this host version {first.Version}.");
        if (facts.Links.Where(link => link.Mode != first.Mode || link.Version != first.Version).ToList() is { Count: > 0 } others)
            yield return LicenseServersDisagree.Found(
                facts.Name,
                $"{first.Address.Authority}: {KebabCase.Of(first.Mode)}, version {first.Version}; {string.Join("; ", others.Select(link => $"{link.Address.Authority}: {KebabCase.Of(link.Mode)}, version {link.Version}"))}.",
                ("mode", KebabCase.Of(first.Mode)), ("version", first.Version.ToString()));
    }

    private static IEnumerable<Finding> Link(HostFacts facts, LinkFacts link)
    {
        var server = link.Address.Authority;
        if (link.Revoked is var (at, reason))
            yield return LicenseServerRevoked.Found(server, $"The publisher revoked {link.Address} on {at:u} ({reason}).");
        if (link.Fault is var (fault, text))
            yield return KindOf(fault).Found(server, $"{text}.", ("host", link.Address.Host), ("port", link.Address.Port.ToString(CultureInfo.InvariantCulture)));
        if (link.NotMember is { } words)
            yield return HostNotMember.Found(server, words);
        if (!link.ListIsFresh)
            yield return RevocationListStale.Found(server, $"The revocation list of {link.Address} is {(link.ListAt is { } signed ? $"of {signed:u}" : "missing")}; it counts for one hour.");
        if (link.LedgerWentBackFrom is { } seen)
            yield return LedgerWentBack.Found(server, $"Entry {seen} of its ledger was seen here, and it has shown a lower number since.");
        if (link.CertificateUntil <= facts.Now)
            yield return HostCertificateEnded.Found(server, $"This host's certificate for {server} ended on {link.CertificateUntil:u}.");
        else if (link.CertificateUntil - facts.Now <= CertificateEnds)
            yield return HostCertificateEnding.Found(server, $"This host's certificate for {server} ends on {link.CertificateUntil:u}.");
        if (link.Diagnosis is not { } diagnosis)
            yield break;
        if (SoftwareVersion.Compare(diagnosis.SoftwareVersion, SoftwareVersion.Own) is not 0 and var older)
            yield return (older < 0 ? LicenseServerOlder : LicenseServerNewer).Found(server, $"{server} runs version {diagnosis.SoftwareVersion}, this host version {SoftwareVersion.Own}.");
        foreach (var finding in diagnosis.Findings)
            yield return finding with { Subject = server };
    }

    private static FindingKind KindOf(ConnectionFault fault) => fault switch
    {
        ConnectionFault.Name => LicenseServerNotFound,
        ConnectionFault.Route => LicenseServerNoRoute,
        ConnectionFault.Port => LicenseServerPortClosed,
        ConnectionFault.NoAnswer => LicenseServerNoAnswer,
        ConnectionFault.Tls => LicenseServerNoTls,
        ConnectionFault.Certificate => LicenseServerOtherKey,
        ConnectionFault.Clock => LicenseServerClockDiffers,
        _ => LicenseServerUnreachable,
    };

    private static IEnumerable<Finding> Grace(HostFacts facts)
    {
        if (facts.GraceLost)
            yield return GraceRecordLost.Found(facts.Name, $"Neither of the two files in {facts.StateDirectory} is a record of this machine, {facts.MachineId}.");
        switch (facts.Grace)
        {
            case GraceState.Running soon when soon.DaysLeft <= facts.GraceWarningDays:
                yield return GraceEndsSoon.Found(facts.Name, $"The grace period ends on {soon.Until:u}, in {soon.DaysLeft} days; then nobody is admitted without a CAL.");
                break;
            case GraceState.Running running:
                yield return GraceRunning.Found(facts.Name, $"The grace period ends on {running.Until:u}, in {running.DaysLeft} days.");
                break;
            // Past grace with a license server that answers is licensed, and not to be confused with this.
            case GraceState.Ended { Early: false } ended when !facts.GraceLost && facts.Links.All(link => !link.Answers):
                yield return GraceExpired.Found(facts.Name, $"The grace period of machine {facts.MachineId} ended on {ended.At:u}.");
                break;
        }
    }

    private static IEnumerable<Finding> Machine(HostFacts facts)
    {
        var directory = ("directory", facts.StateDirectory);
        if (facts.ClockLeaptTo is { } leapt)
            yield return ClockUnconfirmed.Found(facts.Name, $"The machine's clock leapt to {leapt:u}; {facts.Now:u} counts until that is confirmed.");
        if (facts.FreeBytes is < LowBytes and var free)
            yield return (free < FullBytes ? DiskFull : DiskSpaceLow).Found(facts.StateDirectory, $"{free / (1024 * 1024)} MiB are free where {facts.StateDirectory} is.", directory);
        if (facts.DatabaseFault is { } fault)
            yield return DatabaseFails.Found(facts.StateDirectory, fault, directory);
        if (facts.OpenStateMode is { } mode)
            yield return StateDirectoryOpen.Found(facts.StateDirectory, $"The mode of {facts.StateDirectory} is {Octal(mode)}.", directory);
        if (facts.Connections is var (now, most) && now >= most - most / 10)
            yield return ConnectionsNearlyFull.Found(facts.Name, $"{now} of {most} connections are taken.");
        if (facts.Observing)
            yield return Observing.Found(facts.Name, "The option Observe is on.");
        if (facts.Refusals is [var newest, ..])
            yield return PeopleRefused.Found(
                facts.Name,
                $"{facts.Refusals.Count} refused and not admitted since; the newest: {newest.Who}, {newest.At:u}, {newest.Reason} (row {newest.Rule}). {newest.Detail}", ("fix", newest.Fix));
    }

    private static IEnumerable<Finding> Tls(HostFacts facts)
    {
        var files = facts.Tls;
        (string, string) certificate = ("certificate", files.CertificateFile), key = ("key", files.KeyFile);
        if (files.Until <= facts.Now)
            yield return TlsCertificateEnded.Found(files.CertificateFile, $"It ended on {files.Until:u}.", certificate, key);
        else if (files.Until - facts.Now <= TlsEnds)
            yield return TlsCertificateEnding.Found(files.CertificateFile, $"It ends on {files.Until:u}.", certificate, key);
        if (files.Fault is { } fault)
            yield return TlsFilesUnusable.Found(files.CertificateFile, fault, certificate, key);
        if (files.OpenKeyMode is { } mode)
            yield return TlsKeyOpen.Found(files.KeyFile, $"The mode of {files.KeyFile} is {Octal(mode)}.", key);
    }

    private static IEnumerable<Finding> BackEnd(HostFacts facts)
    {
        var behind = facts.BackEnd;
        if (behind.Unreachable is { } why)
            yield return BackEndUnreachable.Found(behind.Address, why, ("address", behind.Address));
        if (behind.OtherSecurity)
            yield return BackEndSecurity.Found(behind.Address, $"{behind.Address} did not choose the security that is configured.", ("file", behind.Settings));
        if (behind.LicensesSince is { } since)
            yield return BackEndNotSupported.Found(behind.Address, $"At {since:u} it licensed its client for itself, and nobody has been admitted since.");
        if (behind.OpenAt is { } open)
            yield return BackEndOpen.Found(behind.Address, $"{behind.Address} answers at {open}, too.", ("port", open.Port.ToString(CultureInfo.InvariantCulture)));
        foreach (var port in behind.XrdpPorts ?? [])
            yield return XrdpListens.Found(
                behind.Settings, $"{behind.Settings} lets xrdp listen at TCP port {port}, and something answers there.",
                ("port", port.ToString(CultureInfo.InvariantCulture)), ("file", behind.Settings), ("socket", behind.Address["unix:".Length..]));
        if (behind.OpenSocket is { } socket)
            yield return BackEndSocketOpen.Found(socket, $"The mode of {socket} lets others write to it, and every folder above it lets them enter.", ("socket", socket));
        if (behind.SectionsAroundSesman is { Count: > 0 } sections)
            yield return XrdpSectionAroundSesman.Found(
                behind.Settings,
                $"In {behind.Settings} {(sections.Count == 1 ? "the section" : "the sections")} {string.Join(", ", sections)} {(sections.Count == 1 ? "starts its" : "start their")} session without sesman.",
                ("file", behind.Settings));
        if (behind.UnreadableSettings is var (file, text))
            yield return XrdpSettingsUnreadable.Found(file, text, ("file", file));
    }

    private static IEnumerable<Finding> Logon(HostFacts facts)
    {
        var logon = facts.Logon;
        if (logon.KernelHelper is not { } helper)
        {
            if (facts.Links is not [{ Mode: LicensingMode.PerUser }, ..])
                yield return KernelHelperMissing.Found(facts.Name, "The option KernelHelper is not set.");
        }
        else if (logon.HelperFault is { } fault)
        {
            yield return KernelHelperSilent.Found(helper, fault, ("socket", helper));
        }

        if (logon.HookMissing)
            yield return PamHookMissing.Found(logon.PamSettings, $"{logon.PamSettings} has no line of the kind account, required or requisite, with pam_exec.so and {Path.GetFileName(logon.Socket)}.", ("file", logon.PamSettings), ("socket", logon.Socket));
        if (logon.SocketMissing)
            yield return LogonSocketMissing.Found(logon.Socket, $"{logon.Socket} is not there.");
    }

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');
}
