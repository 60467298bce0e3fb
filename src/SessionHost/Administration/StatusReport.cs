using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.Gateway;
using Ostiary.SessionHost.Grace;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Licensing;

namespace Ostiary.SessionHost.Administration;

/// <summary>Makes <c>GET /v1/status</c>.</summary>
internal sealed class StatusReport(
    SessionHostOptions options, RdpTransport transport, BackEndConnector backEnd, Servers servers, Revocations revocations, GracePeriod grace, HostClock clock,
    Admission admission, GatewayMetrics metrics, TlsIdentity tls)
{
    public SessionHostStatus Make() => new(
        options.Name, transport.Bound?.ToString() ?? options.Listen, backEnd.Name, servers.Mode, servers.HostVersion,
        [.. servers.Links.Select(link => link.ToRecord())], admission.Connections, metrics.ActiveSessions, metrics.Admitted, metrics.Refused,
        tls.Fingerprint.Hex, tls.Until, options.Observe, [.. Findings()]);

    private IEnumerable<Finding> Findings()
    {
        foreach (var link in servers.Links)
            if (link.Revoked is { } revoked)
                yield return HostFindings.LicenseServerRevoked.Found(link.Address.AbsoluteUri, $"The publisher revoked {link.Address} on {revoked.RevokedAt:u} ({KebabCase.Of(revoked.Reason)}).");
        foreach (var link in servers.Links)
            if (link.Revocations is not { } list || !revocations.IsFresh(list.IssuedAt))
                yield return HostFindings.RevocationListStale.Found(
                    link.Address.AbsoluteUri, $"The revocation list of {link.Address} is {(link.Revocations is { } old ? $"of {old.IssuedAt:u}" : "missing")}; it counts for one hour.");
        if (XrdpFinding() is { } xrdp)
            yield return xrdp;
        if (clock.Unconfirmed is { } leapt)
            yield return HostFindings.ClockUnconfirmed.Found(options.Name, $"The machine's clock leapt to {leapt:u}; {clock.Now:u} counts until that is confirmed.");
        if (grace.Lost)
            yield return HostFindings.GraceRecordLost.Found(options.Name, $"Neither of the two files in {options.StateDirectory} is a record of this machine, {grace.MachineId}.");
        if (grace.State is GraceState.Running { DaysLeft: <= GraceRules.WarnDays } running)
            yield return HostFindings.GraceEndsSoon.Found(options.Name, $"The grace period ends on {running.Until:u}, in {running.DaysLeft} days; then nobody is admitted without a CAL.");
    }

    private Finding? XrdpFinding()
    {
        var file = options.XrdpSettings;
        try
        {
            return !File.Exists(file) || XrdpSections.AroundSesman(file) is not { Count: > 0 } sections ? null : HostFindings.XrdpSectionAroundSesman.Found(
                file,
                $"In {file} {(sections.Count == 1 ? "the section" : "the sections")} {string.Join(", ", sections)} {(sections.Count == 1 ? "starts its" : "start their")} session without sesman.",
                ("file", file));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return HostFindings.XrdpSettingsUnreadable.Found(file, failure.Message, ("file", file));
        }
    }
}
