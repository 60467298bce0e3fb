using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Diagnosis;

/// <summary>What <c>ostiary diagnose</c> found, on one machine at one time.</summary>
/// <param name="At">When.</param>
/// <param name="Verdict">One sentence.</param>
/// <param name="Host">The session host of this machine; null where there is none.</param>
/// <param name="Mode">Its mode.</param>
/// <param name="Version">Its version.</param>
/// <param name="CalsAvailable">CALs that its license servers have for it; null where none says.</param>
/// <param name="LicenseServers">As the host sees them, in the order in which they are asked.</param>
/// <param name="Roles">Roles of this machine that answered.</param>
/// <param name="Findings">Errors first.</param>
/// <param name="Endpoints">What the roles need on the network, each tried.</param>
/// <param name="Refusals">The last people who were refused, the newest first.</param>
public sealed record DiagnosisReport(
    DateTimeOffset At, string Verdict, string? Host, LicensingMode? Mode, CalVersion? Version, int? CalsAvailable, IReadOnlyList<DiagnosedLicenseServer> LicenseServers,
    IReadOnlyList<string> Roles, IReadOnlyList<Finding> Findings, IReadOnlyList<EndpointTest> Endpoints, IReadOnlyList<RefusalRecord> Refusals);
