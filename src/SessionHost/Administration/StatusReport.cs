using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.Gateway;
using Ostiary.SessionHost.Grace;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Licensing;
using Ostiary.SessionHost.Policy;

namespace Ostiary.SessionHost.Administration;

/// <summary>Makes <c>GET /v1/status</c>.</summary>
internal sealed class StatusReport(
    SessionHostOptions options, PolicyInForce policy, RdpTransport transport, BackEndConnector backEnd, Servers servers, Revocations revocations, GracePeriod grace, HostClock clock,
    Admission admission, GatewayMetrics metrics, TlsIdentity tls)
{
    public SessionHostStatus Make() => new(
        options.Name, transport.Bound?.ToString() ?? options.Listen, backEnd.Name, servers.Mode, servers.HostVersion,
        [.. servers.Links.Select(link => link.ToRecord())], admission.Connections, metrics.ActiveSessions, metrics.Admitted, metrics.Refused,
        tls.Fingerprint.Hex, tls.Until, policy.Observe, [.. Findings()]);

    private IEnumerable<HostFinding> Findings()
    {
        foreach (var link in servers.Links)
            if (link.Revoked is { } revoked)
                yield return new(
                    "license-server-revoked",
                    $"The publisher revoked {link.Address} on {revoked.RevokedAt:u} ({KebabCase.Of(revoked.Reason)}). It is not asked, and its CALs and leases admit nobody.",
                    "Ask the publisher; then join another license server: ostiary hosts invite there, ostiary hosts join INVITATION here.");
        foreach (var link in servers.Links)
            if (link.Revocations is not { } list || !revocations.IsFresh(list.IssuedAt))
                yield return new(
                    "revocation-list-stale",
                    $"The revocation list of {link.Address} is {(link.Revocations is { } old ? $"of {old.IssuedAt:u}" : "missing")}; it counts for one hour. CALs are asked about first, and admitted where it does not answer.",
                    "On the license server: ostiary status; then look at what lies between this host and it.");
        foreach (var name in servers.NotJoined)
            yield return new(
                "license-server-not-joined",
                $"Policy names the license server {name}, and this host has not joined it: its key is not pinned, and it is not asked.{(servers.Asked.Count == 0 ? " No other that policy names is joined: none is asked." : "")}",
                "On that license server: ostiary hosts invite; here: ostiary hosts join INVITATION. Or take it out of the policy: ostiary policy show says where it stands.");
        foreach (var fault in policy.Files.Faults)
            yield return new(
                "policy-value-wrong", $"{fault.Origin}{(fault.Field.Length == 0 ? "" : $", {fault.Field}")}: {fault.Detail}. The rest of the policy counts.",
                "Mend it there, then: ostiary policy update --force.");
        if (XrdpFinding() is { } xrdp)
            yield return xrdp;
        if (clock.Unconfirmed is { } leapt)
            yield return new(
                "clock-unconfirmed", $"The machine's clock leapt to {leapt:u}; {clock.Now:u} counts until that is confirmed.",
                "Set the clock, or if it is right: ostiary host clock confirm.");
        if (grace.Lost)
            yield return new(
                "grace-record-lost", "The grace record is damaged or gone, and no license server has given its copy: the grace period counts as ended.",
                "Reach the license server (ostiary status), or install an extension: ostiary grace install FILE.");
        if (grace.State is GraceState.Running running && running.DaysLeft <= policy.GraceWarningDays)
            yield return new(
                "grace-ends-soon", $"The grace period ends on {running.Until:u}, in {running.DaysLeft} days; then nobody is admitted without a CAL.",
                "On the license server: ostiary packs install KEY. To have it extended: ostiary grace show, and send the machine id to the publisher.");
    }

    private HostFinding? XrdpFinding()
    {
        var file = options.XrdpSettings;
        try
        {
            return !File.Exists(file) || XrdpSections.AroundSesman(file) is not { Count: > 0 } sections ? null : new(
                "xrdp-section-around-sesman",
                $"In {file} {(sections.Count == 1 ? "the section" : "the sections")} {string.Join(", ", sections)} {(sections.Count == 1 ? "starts its" : "start their")} session without sesman: the logon rules are not asked there.",
                $"In {file} remove {(sections.Count == 1 ? "that section" : "those sections")} (or set port=-1), then restart xrdp.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new("xrdp-settings-unreadable", failure.Message, $"Let the session host's user read {file}, or name another file: XrdpSettings in the options.");
        }
    }
}
