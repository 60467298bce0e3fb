using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;

namespace Ostiary.Contracts.Diagnosis;

/// <summary><c>POST /v1/diagnosis</c> at a license server's hosts' door: what concerns the host that asks, and nothing of others.</summary>
/// <param name="SoftwareVersion">The host's, e.g. 1.4.0; at most 64 characters.</param>
public sealed record DiagnosisRequest(string SoftwareVersion);

/// <summary>What a license server says of the host that asks.</summary>
/// <param name="LicenseServerId">Its ID.</param>
/// <param name="SoftwareVersion">Its software.</param>
/// <param name="Activated">Whether a clearinghouse has certified it.</param>
/// <param name="Type">The type of CAL that the host's mode asks for.</param>
/// <param name="Version">The host's version.</param>
/// <param name="Mode">The host's mode.</param>
/// <param name="Installed">CALs that serve this host.</param>
/// <param name="Available">Of these, those that nobody holds; below zero with over-use.</param>
/// <param name="Recovering">It gives newcomers temporary CALs only.</param>
/// <param name="Findings">What stands in this host's way.</param>
public sealed record HostDiagnosis(
    string LicenseServerId, string SoftwareVersion, bool Activated, CalType Type, CalVersion Version, LicensingMode Mode, int Installed, int Available, bool Recovering,
    IReadOnlyList<Finding> Findings);

/// <summary>One address that a role needs, tried now.</summary>
/// <param name="Host">Its name or address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Purpose">What it is for.</param>
/// <param name="Fault">At which step it failed; null where it answers.</param>
/// <param name="Text">What failed, in words.</param>
public sealed record EndpointTest(string Host, int Port, string Purpose, ConnectionFault? Fault = null, string? Text = null);

/// <summary>A license server as a host that joined it sees it.</summary>
/// <param name="Address">HTTPS address.</param>
/// <param name="Diagnosis">What it says of this host; null where it does not say.</param>
public sealed record DiagnosedLicenseServer(string Address, HostDiagnosis? Diagnosis);

/// <summary><c>GET /v1/findings</c> of a session host and of a license server.</summary>
/// <param name="Role"><c>session-host</c> or <c>license-server</c>.</param>
/// <param name="Name">The host's name, or the License Server ID.</param>
/// <param name="SoftwareVersion">The role's software.</param>
/// <param name="At">When it looked.</param>
/// <param name="Findings">Errors first.</param>
/// <param name="Endpoints">What the role needs on the network, each tried.</param>
/// <param name="LicenseServers">Of a session host, in the order in which they are asked; else null.</param>
public sealed record RoleFindings(
    string Role, string Name, string SoftwareVersion, DateTimeOffset At, IReadOnlyList<Finding> Findings, IReadOnlyList<EndpointTest> Endpoints,
    IReadOnlyList<DiagnosedLicenseServer>? LicenseServers = null);
