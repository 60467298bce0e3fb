namespace Ostiary.Contracts.Licensing;

// What a session host tells its license server without asking for a CAL, and what it fetches. HTTPS with mutual TLS, path /v1/.

/// <summary>A session over a CAL, at the host that reports it.</summary>
/// <param name="SessionId">The host's own number for the connection; host and number together are one session.</param>
/// <param name="Serial">32 hexadecimal digits: the Device CAL that it was admitted with.</param>
/// <param name="Address">The client's address as the host sees it.</param>
/// <param name="StartedAt">When it was admitted.</param>
/// <param name="EndedAt">When it ended; null while it runs.</param>
public sealed record ReportedSession(long SessionId, string Serial, string Address, DateTimeOffset StartedAt, DateTimeOffset? EndedAt);

/// <summary>
/// <c>POST /v1/sessions</c>: sessions that began or ended since the last report, at most <see cref="MaxSessions"/>. Idempotent.
/// Running sessions are reported again every 5 minutes, so that one whose end was never reported is over after 15.
/// Answers an empty object.
/// </summary>
public sealed record SessionReport(IReadOnlyList<ReportedSession> Sessions)
{
    /// <summary>Sessions in one report.</summary>
    public const int MaxSessions = 100;

    /// <summary>A session that was not reported for so long is over.</summary>
    public static TimeSpan Lapse { get; } = TimeSpan.FromMinutes(15);

    /// <summary>Says nothing: addresses are personal data.</summary>
    public override string ToString() => nameof(SessionReport);
}

/// <summary>
/// <c>POST /v1/grace</c>: the license server keeps a copy of the host's grace record by machine id, and answers the record that counts:
/// of those that it has seen for this machine the one that began first. A host that joins gets it in its <see cref="Membership"/>.
/// </summary>
/// <param name="Record">A signed <see cref="Statements.GraceRecordStatement"/>; null only asks.</param>
public sealed record GraceCopyRequest(byte[]? Record);

/// <param name="Record">What counts; null when this machine never had one.</param>
public sealed record GraceCopyAnswer(byte[]? Record);

/// <summary>
/// <c>POST /v1/time</c>: what time it is, signed (a <see cref="Statements.SignedTimeStatement"/>, <c>application/cose</c> in base64).
/// </summary>
/// <param name="Nonce">16 random bytes that the answer repeats.</param>
public sealed record TimeRequest(byte[] Nonce);

/// <param name="Statement">A signed <see cref="Statements.SignedTimeStatement"/>.</param>
public sealed record TimeAnswer(byte[] Statement);

/// <summary>
/// <c>GET /v1/revocations?after=N&amp;wait=S&amp;trust=TAG&amp;successions=TAG</c>: the license server's newest revocation list, at once when its number is greater than
/// N or a TAG is there and not the answer's, otherwise as soon as it is, or after S seconds (0 to 60) the same list again. A host keeps one such call open: that is how
/// lists are pushed; and it asks without waiting every 5 minutes.
/// </summary>
/// <param name="List">A signed <see cref="Statements.RevocationListStatement"/>.</param>
/// <param name="Trust">Names what the license server knows of the publisher (<see cref="Trust.PublisherTrust.Tag"/>): a host that knows something else asks for it.</param>
/// <param name="Successions">Names the keys that the license server had before (<see cref="Trust.SuccessionDocuments.TagOf"/>): a host that knows of others asks for them. Null where there were none.</param>
public sealed record RevocationAnswer(byte[] List, string? Trust = null, string? Successions = null);
