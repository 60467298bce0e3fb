using Ostiary.Contracts.Administration;
using Ostiary.SessionHost.Diagnosis;
using Ostiary.SessionHost.Gateway;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Policy;

namespace Ostiary.SessionHost.Administration;

/// <summary>Makes <c>GET /v1/status</c>.</summary>
internal sealed class StatusReport(
    SessionHostOptions options, PolicyInForce policy, RdpTransport transport, BackEndConnector backEnd, Servers servers, Admission admission, GatewayMetrics metrics,
    TlsIdentity tls, HostChecks checks)
{
    public SessionHostStatus Make() => new(
        options.Name, transport.Bound?.ToString() ?? options.Listen, backEnd.Name, servers.Mode, servers.HostVersion,
        [.. servers.Links.Select(link => link.ToRecord())], admission.Connections, metrics.ActiveSessions, metrics.Admitted, metrics.Refused,
        tls.Fingerprint.Hex, tls.Until, policy.Observe, checks.RunHere());
}
