using Ostiary.Contracts.Licensing;

namespace Ostiary.LicenseServer.Storage;

/// <summary>
/// The one row that every batch locks first (table <c>ledger_head</c>): it orders seats, audit and ledger number, across nodes too.
/// </summary>
internal sealed class HeadRow
{
    public const int TheOne = 1;

    public int Id { get; init; } = TheOne;

    public long Number { get; set; }

    /// <summary>32 bytes: the audit chain's hash at <see cref="Number"/>.</summary>
    public required byte[] Hash { get; set; }

    /// <summary>The ledger number of the newest change to the revocation list; the list's own number.</summary>
    public long ListNumber { get; set; }

    /// <summary>The latest time that counted as now, to the minute: the clock goes on from it after a restart.</summary>
    public DateTimeOffset SeenAt { get; set; }
}

/// <summary>An administrator's word that the machine's clock is right after a leap, or the clearinghouse's of what time it is (table <c>clock_confirmations</c>).</summary>
internal sealed class ClockConfirmation
{
    public long Id { get; private set; }

    /// <summary>What counted as now before it.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What the machine's clock said.</summary>
    public required DateTimeOffset Machine { get; init; }

    public long LedgerNumber { get; set; }
}

/// <summary>
/// A host has shown a ledger head of this license server's own signature with a higher number than the ledger has: it was rebuilt, or put back from a
/// copy (table <c>recoveries</c>). Until it ends no seat is given to anybody new.
/// </summary>
internal sealed class Recovery
{
    public static readonly TimeSpan Longest = TimeSpan.FromDays(90);

    public long Id { get; private set; }

    public required DateTimeOffset BeganAt { get; init; }

    /// <summary>The highest number that was shown.</summary>
    public required long SeenNumber { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    public long LedgerNumber { get; set; }

    /// <summary>When it ends at the latest: every CAL of before is over then.</summary>
    public DateTimeOffset Until => BeganAt + Longest;
}

/// <summary>An entry of the audit chain (table <c>audit</c>), append-only.</summary>
internal sealed class AuditEntry
{
    public required long Number { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>What happened, e.g. <c>license-validated</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The table of the row that changed.</summary>
    public required string Table { get; init; }

    /// <summary>The key of the row that changed.</summary>
    public required string Row { get; init; }

    /// <summary>32 bytes: SHA-256 over salt, author and content of the detail.</summary>
    public required byte[] Commitment { get; init; }

    /// <summary>32 bytes; see <see cref="Audit.AuditChain"/>.</summary>
    public required byte[] Hash { get; init; }
}

/// <summary>What an audit entry commits to (table <c>audit_details</c>). It may hold personal data, and can be erased without breaking the chain.</summary>
internal sealed class AuditDetail
{
    public required long Number { get; init; }

    /// <summary>16 random bytes, so that nobody finds an erased content by trying.</summary>
    public required byte[] Salt { get; init; }

    /// <summary>Who did it, see <see cref="Doors.Author"/>.</summary>
    public required string By { get; init; }

    /// <summary>The canonical content of the row after the change; see <see cref="Audit.CanonicalContent"/>.</summary>
    public required byte[] Content { get; init; }
}

internal enum AnswerKind
{
    Granted = 0,
    Refused = 1,
    Validated = 2,
    NotValidated = 3,

    /// <summary>Granted, and the serial is a User CAL's.</summary>
    UserGranted = 4,
}

/// <summary>A request id of the last 24 hours and what it was answered (table <c>requests</c>).</summary>
internal sealed class AnsweredRequest
{
    public required Guid RequestId { get; init; }

    public required Guid HostId { get; init; }

    /// <summary>32 bytes.</summary>
    public required byte[] BodyHash { get; init; }

    public required AnswerKind Answer { get; init; }

    /// <summary>The CAL of the answer; null where it is a refusal.</summary>
    public required CalSerial? Serial { get; init; }

    public required RefusalReason? Reason { get; init; }

    public required string? Detail { get; init; }

    public required DateTimeOffset At { get; init; }

    public long Touches { get; set; }
}

/// <summary>The license server's own certificates (table <c>identity</c>, one row).</summary>
internal sealed class IdentityRow
{
    public const int TheOne = 1;

    public int Id { get; init; } = TheOne;

    /// <summary>DER. Signed by the key itself; what the license server shows until it is activated.</summary>
    public required byte[] SelfMadeCertificate { get; init; }

    /// <summary>Nonce of the first activation request, stored before it is sent, so that a retry is the same request; then that of the accepted one.</summary>
    public long? ActivationNonce { get; set; }

    /// <summary>The kind of the accepted request; null for a first activation.</summary>
    public int? AcceptedKind { get; private set; }

    /// <summary>
    /// Nonce of a request that is on its way while an activation is accepted, or was: a reactivation, a deactivation, or the activation after one. It does not take
    /// the accepted one's place before its answer is there, since documents are asked for again under the name of the accepted one.
    /// </summary>
    public long? PendingNonce { get; private set; }

    /// <summary>The kind of the pending request; null where none is.</summary>
    public int? PendingKind { get; private set; }

    /// <summary>A reactivation has got key packs up to here, and more are to come.</summary>
    public long? PendingAfter { get; private set; }

    /// <summary>When the key packs were given up; null while it is not so. With a pending deactivation the clearinghouse has not confirmed it yet.</summary>
    public DateTimeOffset? DeactivatedAt { get; private set; }

    /// <summary>The clearinghouse's confirmation of the last deactivation, COSE_Sign1.</summary>
    public byte[]? Confirmation { get; private set; }

    /// <summary>DER; null until activated.</summary>
    public byte[]? Certificate { get; private set; }

    /// <summary>The issuing certificate, DER; null until activated.</summary>
    public byte[]? IssuingCertificate { get; private set; }

    /// <summary>The published root, DER; null until activated.</summary>
    public byte[]? Root { get; private set; }

    public DateTimeOffset? ActivatedAt { get; private set; }

    /// <summary>What is known of the publisher beyond <see cref="Root"/> (<see cref="Contracts.Trust.PublisherTrust.Encode"/>); null while that is nothing.</summary>
    public byte[]? Trust { get; private set; }

    public long LedgerNumber { get; set; }

    /// <summary>The request that is pending: the one before, if it is of this kind, else one with this nonce.</summary>
    public void Ask(int kind, uint nonce)
    {
        if (PendingKind != kind)
            (PendingKind, PendingNonce, PendingAfter) = (kind, nonce, null);
    }

    /// <summary>The answer to a request is there: it is the accepted one.</summary>
    /// <param name="kind">Of the request.</param>
    /// <param name="nonce">Of the request.</param>
    /// <param name="certificate">DER.</param>
    /// <param name="issuing">DER.</param>
    /// <param name="root">DER.</param>
    /// <param name="now">When.</param>
    /// <param name="next">Where key packs go on; null when all are there.</param>
    public void Accept(int kind, uint nonce, byte[] certificate, byte[] issuing, byte[] root, DateTimeOffset now, long? next)
    {
        (AcceptedKind, ActivationNonce) = (kind, nonce);
        (Certificate, IssuingCertificate, Root) = (certificate, issuing, Root ?? root);
        (ActivatedAt, DeactivatedAt) = (now, null);
        if (PendingKind == kind && PendingNonce == nonce)
            (PendingKind, PendingNonce, PendingAfter) = next is null ? (null, null, null) : (PendingKind, PendingNonce, next);
    }

    /// <summary>Nothing is issued from here on, whatever becomes of the request.</summary>
    public void BeginDeactivation(int kind, uint nonce, DateTimeOffset now)
    {
        (PendingKind, PendingNonce, PendingAfter) = (kind, nonce, null);
        DeactivatedAt = now;
    }

    /// <summary>The clearinghouse has confirmed it. Certificate and key stay: what was issued runs to its end under them.</summary>
    public void EndDeactivation(byte[] confirmation) => (PendingKind, PendingNonce, ActivatedAt, Confirmation) = (null, null, null, confirmation);

    /// <summary>The same key, certified by another issuing key.</summary>
    public void Recertify(byte[] certificate, byte[] issuing) => (Certificate, IssuingCertificate) = (certificate, issuing);

    /// <summary>Another key, certified; its activation request has this nonce.</summary>
    public void Succeed(byte[] certificate, byte[] issuing, long nonce) => (Certificate, IssuingCertificate, AcceptedKind, ActivationNonce) = (certificate, issuing, null, nonce);

    public void Know(byte[] trust) => Trust = trust;
}
