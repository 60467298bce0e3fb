using Ostiary.Contracts.Policy;

namespace Ostiary.Contracts.Administration;

/// <summary>
/// <c>GET /v1/policy</c> of a session host: each value, who said it and whom that overrode. <c>POST /v1/policy/update</c> reads all sources again, applies what
/// they say at once, and answers the same.
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
