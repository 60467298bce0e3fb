using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Licensing;

namespace Ostiary.Contracts.Administration;

// What session hosts have told of themselves, as administrators of the license server read it.

/// <summary><c>GET /v1/host-sessions?running=&amp;host=&amp;search=&amp;after=&amp;limit=</c>, the newest first.</summary>
/// <param name="HostId">The host.</param>
/// <param name="Host">Its name.</param>
/// <param name="Session">As the host told it.</param>
/// <param name="ToldAt">When it was told last. A session that runs by it may have ended on a host that is away since.</param>
public sealed record HostSessionRecord(Guid HostId, string Host, SessionRecord Session, DateTimeOffset ToldAt)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(HostSessionRecord);
}

/// <summary><c>GET /v1/host-refusals?host=&amp;search=&amp;after=&amp;limit=</c>, the newest first.</summary>
/// <param name="HostId">The host.</param>
/// <param name="Host">Its name.</param>
/// <param name="Refusal">As the host told it.</param>
public sealed record HostRefusalRecord(Guid HostId, string Host, RefusalRecord Refusal)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(HostRefusalRecord);
}

/// <summary><c>GET /v1/host-states?after=&amp;limit=</c>, by name.</summary>
/// <param name="HostId">The host.</param>
/// <param name="Host">Its name.</param>
/// <param name="ToldAt">When; null where it has told nothing yet.</param>
/// <param name="State">What; null where it has told nothing yet, or something that this version does not understand.</param>
public sealed record HostStateRecord(Guid HostId, string Host, DateTimeOffset? ToldAt, HostState? State);

/// <summary><c>GET /v1/usage?days=N</c>: CALs over time, when they run out, and what people and devices would have needed.</summary>
/// <param name="From">The first day.</param>
/// <param name="Days">One entry for each day, type and version of which there is a record; days on which the license server did not run have none.</param>
/// <param name="Outlooks">By type and version.</param>
/// <param name="Needs">What was really used.</param>
public sealed record UsageReport(DateOnly From, IReadOnlyList<UsageDay> Days, IReadOnlyList<UsageOutlook> Outlooks, UsageNeeds Needs);

/// <summary>The highest numbers of a day (UTC).</summary>
public sealed record UsageDay(DateOnly Day, CalType Type, CalVersion Version, int Installed, int Issued, int Temporary, int OverUsed);

/// <param name="Type">Type.</param>
/// <param name="Version">Version.</param>
/// <param name="Installed">CALs of key packs that are good now.</param>
/// <param name="Issued">Of these issued.</param>
/// <param name="Available">Installed without issued; negative where they are over-used.</param>
/// <param name="Unused">CALs that were not issued on any of these days, not even on the busiest.</param>
/// <param name="PerDay">By how many a day the issued CALs grew over the days of which there is a record; null with less than seven of them.</param>
/// <param name="RunsOutOn">The day on which none is available any more, at that rate or by the end of a pack; null where that is not in sight.</param>
/// <param name="PackEndsOn">The next end of a key pack of these; null where none ends.</param>
public sealed record UsageOutlook(
    CalType Type, CalVersion Version, int Installed, int Issued, int Available, int Unused, double? PerDay, DateOnly? RunsOutOn, DateOnly? PackEndsOn);

/// <summary>What the sessions of these days needed, whatever the licensing mode was.</summary>
/// <param name="Hosts">Hosts that have told of sessions.</param>
/// <param name="Sessions">Sessions, administrative ones left out.</param>
/// <param name="Devices">Distinct devices: as many Device CALs would do.</param>
/// <param name="Users">Distinct persons who logged on: as many User CALs would do.</param>
/// <param name="AdmittedByGrace">Sessions that only the grace period admitted.</param>
/// <param name="WouldBeRefused">Refusals of hosts that only observe.</param>
/// <param name="Advice">Which type covers it with fewer CALs; null where both do, or nothing was used.</param>
public sealed record UsageNeeds(int Hosts, int Sessions, int Devices, int Users, int AdmittedByGrace, int WouldBeRefused, CalType? Advice);
