using Ostiary.Contracts.Administration;

namespace Ostiary.LicenseServer.Storage;

internal enum LicenseKind
{
    /// <summary>90 days, once a device, no seat.</summary>
    Temporary = 0,

    /// <summary>52 to 89 days, takes a seat of a key pack.</summary>
    Permanent = 1,
}

internal enum LicenseStatus
{
    /// <summary>Held by its device.</summary>
    Live = 0,

    /// <summary>Past its end; a permanent one has given its seat back.</summary>
    Expired = 1,

    /// <summary>A newer CAL of the device took its place: a permanent one, or a renewal.</summary>
    Replaced = 2,

    /// <summary>Void before its end; a permanent one has given its seat back.</summary>
    Revoked = 3,

    /// <summary>Its key pack was signed away to another license server, and it with it.</summary>
    Transferred = 4,
}

/// <summary>A CAL over which somebody has logged on, or that takes a seat (table <c>licenses</c>). Each change of it is an audit entry.</summary>
internal sealed class License : Cal
{
    public required LicenseKind Kind { get; init; }

    public LicenseStatus Status { get; private set; }

    /// <summary>Who logged on over it; null for an adopted one until somebody does.</summary>
    public string? Account { get; set; }

    /// <summary>The key pack that the seat is from; null for a temporary one.</summary>
    public Guid? PackId { get; init; }

    /// <summary>The ledger entry that made it what it is.</summary>
    public long LedgerNumber { get; set; }

    public DateTimeOffset? RevokedAt { get; private set; }

    /// <summary>The administrator's words, or what revoked it.</summary>
    public string? RevocationReason { get; private set; }

    /// <summary>It was revoked for a reason that does not count against the limit: a removed host's, or a clone's.</summary>
    public bool OutsideLimit { get; private set; }

    /// <summary>It was revoked because another CAL of the same device stands for it: devices were merged, or it was made anew for another hardware id of a merged device.</summary>
    public bool Merged { get; private set; }

    /// <summary>In use from more than one address: hosts ask before they admit with it.</summary>
    public bool AskFirst { get; private set; }

    public bool TakesSeat => Kind == LicenseKind.Permanent && Status == LicenseStatus.Live;

    public void Expire(DateTimeOffset now)
    {
        if (Status != LicenseStatus.Live || !IsOver(now))
            throw new InvalidOperationException($"license {Serial} is {Status} until {NotAfter:O}; it cannot expire at {now:O}");
        Status = LicenseStatus.Expired;
    }

    public void Replace()
    {
        if (Status != LicenseStatus.Live)
            throw new InvalidOperationException($"license {Serial} is {Status}; only a live one is replaced");
        Status = LicenseStatus.Replaced;
    }

    public void Transfer()
    {
        if (Status != LicenseStatus.Live)
            throw new InvalidOperationException($"license {Serial} is {Status}; only a live one is transferred");
        Status = LicenseStatus.Transferred;
    }

    /// <summary>The transfer was taken back.</summary>
    public void Return()
    {
        if (Status != LicenseStatus.Transferred)
            throw new InvalidOperationException($"license {Serial} is {Status}; it was not transferred");
        Status = LicenseStatus.Live;
    }

    public void Revoke(DateTimeOffset now, string reason, bool outsideLimit)
    {
        if (Status != LicenseStatus.Live)
            throw new InvalidOperationException($"license {Serial} is {Status}; only a live one is revoked");
        (Status, RevokedAt, RevocationReason, OutsideLimit) = (LicenseStatus.Revoked, now, reason, outsideLimit);
    }

    public void RevokeAsMerged(DateTimeOffset now, string reason, bool outsideLimit)
    {
        Revoke(now, reason, outsideLimit);
        Merged = true;
    }

    public void LiftRevocation(DateTimeOffset now)
    {
        if (!IsRevoked(now))
            throw new InvalidOperationException($"license {Serial} is {Status} until {NotAfter:O}; there is no revocation to lift at {now:O}");
        (Status, RevokedAt, RevocationReason, OutsideLimit, Merged) = (LicenseStatus.Live, null, null, false, false);
    }

    public void DoubtUse() => AskFirst = true;

    /// <summary>Void, and not yet past its own end.</summary>
    public bool IsRevoked(DateTimeOffset now) => Status == LicenseStatus.Revoked && !IsOver(now);

    public override CalStatus StatusAt(DateTimeOffset now) => (Status, Kind) switch
    {
        (LicenseStatus.Expired, _) => CalStatus.Expired,
        (LicenseStatus.Replaced, _) => CalStatus.Upgraded,
        (LicenseStatus.Transferred, _) => CalStatus.Transferred,
        _ when IsOver(now) => CalStatus.Expired,
        (LicenseStatus.Revoked, _) => CalStatus.Revoked,
        (_, LicenseKind.Permanent) => CalStatus.Active,
        _ => CalStatus.Temporary,
    };
}
