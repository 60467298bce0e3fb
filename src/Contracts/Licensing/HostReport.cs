using Ostiary.Contracts.Administration;

namespace Ostiary.Contracts.Licensing;

/// <summary>
/// <c>POST /v1/reports</c>: what a host shows its license server of itself, so that an administrator sees all hosts in one place. Nothing is decided by it.
/// Idempotent: a session and a refusal are told apart by host, number and time. Answers an empty object.
/// </summary>
/// <param name="Sessions">Sessions that began, ended or got an account since the last report; with the refusals at most <see cref="MaxRows"/>.</param>
/// <param name="Refusals">Refusals since the last report.</param>
/// <param name="State">The host itself; once a minute, null in between.</param>
public sealed record HostReport(IReadOnlyList<SessionRecord> Sessions, IReadOnlyList<RefusalRecord> Refusals, HostState? State)
{
    /// <summary>Sessions and refusals together in one report: within the limit on a body even with the longest names.</summary>
    public const int MaxRows = 16;

    /// <summary>Characters of the texts in a row.</summary>
    public const int MaxText = 512;

    /// <summary>A host that has said nothing for so long is away.</summary>
    public static TimeSpan Lapse { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(HostReport);
}

/// <summary>A session host as it sees itself.</summary>
/// <param name="Software">The version of its software.</param>
/// <param name="Status">What <c>ostiary status</c> shows there.</param>
/// <param name="Grace">Its grace period.</param>
/// <param name="Policy">What it goes by, and who said so.</param>
public sealed record HostState(string Software, SessionHostStatus Status, GraceStatus Grace, HostPolicyReport? Policy = null);
