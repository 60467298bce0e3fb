using Ostiary.Contracts.Policy;

namespace Ostiary.Contracts.Administration;

/// <summary>
/// <c>GET /v1/policy</c> of a session host: each value, who said it and whom that overrode. <c>POST /v1/policy/update?force=true</c> reads all sources again,
/// applies what they say at once, and answers the same; with <c>force</c> the revocation lists are fetched, too, and silent license servers asked.
/// </summary>
/// <param name="Values">What is in force.</param>
/// <param name="Faults">What does not count, and why.</param>
/// <param name="NotJoined">License servers that policy names and this host has not joined: they are not asked.</param>
/// <param name="Group">The host's group at its license server; null where it is in none.</param>
/// <param name="ReadAt">When the sources were last read.</param>
/// <param name="Changed">Of an update: the names of the values that are others than before; else null.</param>
/// <param name="Unreached">Of an update: license servers that could not be asked for the group's policy; what they said before counts.</param>
public sealed record HostPolicyReport(
    IReadOnlyList<EffectiveValue> Values, IReadOnlyList<PolicyFault> Faults, IReadOnlyList<string> NotJoined, string? Group, DateTimeOffset ReadAt,
    IReadOnlyList<string>? Changed = null, IReadOnlyList<string>? Unreached = null);

/// <summary><c>GET /v1/host-groups</c>, by name; also what <c>PUT /v1/host-groups/{name}</c> and <c>DELETE</c> answer.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Values">What the license server says to its session hosts.</param>
/// <param name="Hosts">How many session hosts are in it.</param>
public sealed record HostGroupRecord(string Name, PolicyValues Values, int Hosts);

/// <summary><c>PUT /v1/host-groups/{name}</c>: makes a group, or gives one other values.</summary>
/// <param name="Values">All of them; one that is not there is not said from now on.</param>
public sealed record SetHostGroupRequest(PolicyValues Values);
