using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Policy;

/// <summary>What one source of policy says. What is absent it says nothing about.</summary>
/// <param name="LicenseServers">License servers in the order in which they are asked: a name, an address, or either with a port.</param>
/// <param name="LicensingMode">How session hosts ask for CALs.</param>
/// <param name="Observe">Decisions are made and recorded, and nobody is refused.</param>
/// <param name="Notifications">Whether a session host warns of licensing problems.</param>
/// <param name="GraceWarningDays">How many days before the grace period's end it warns.</param>
/// <param name="SecurityGroup">A license server answers only session hosts that an administrator has allowed.</param>
/// <param name="PreventLicenseUpgrade">No CAL newer than the host is given.</param>
/// <param name="OverUse">What a license server does when no User CAL is free.</param>
public sealed record PolicyValues(
    IReadOnlyList<string>? LicenseServers = null, LicensingMode? LicensingMode = null, bool? Observe = null, bool? Notifications = null, int? GraceWarningDays = null,
    bool? SecurityGroup = null, bool? PreventLicenseUpgrade = null, UserOverUse? OverUse = null)
{
    public static PolicyValues None { get; } = new();

    /// <summary>Nothing is said about anything.</summary>
    public bool IsEmpty => PolicyCatalogue.All.All(definition => definition.Get(this) is null);
}
