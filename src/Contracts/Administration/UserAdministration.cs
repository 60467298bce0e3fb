using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Administration;

// User CALs and the policy of a license server, as its administrators see them.

/// <summary>What a User CAL is at the moment.</summary>
public enum UserCalStatus
{
    /// <summary>Held by its person.</summary>
    Active,

    /// <summary>60 days without a logon, or its pack ended; its seat went back.</summary>
    Expired,

    /// <summary>An administrator took it back.</summary>
    Released,

    /// <summary>Its key pack went to another license server, and it with it.</summary>
    Transferred,
}

/// <summary><c>GET /v1/user-cals?after=&amp;limit=&amp;search=</c> and <c>GET /v1/user-cals/{serial}</c>.</summary>
/// <param name="Serial">32 hexadecimal digits.</param>
/// <param name="Account">The account's newest name.</param>
/// <param name="Realm">The directory's realm; empty for a local account.</param>
/// <param name="AccountHost">The host whose local account it is, where that host keeps its accounts apart; else null.</param>
/// <param name="Version">The CAL's version.</param>
/// <param name="Status">What it is at the moment.</param>
/// <param name="OverUsed">It takes no seat: it is beyond the packs.</param>
/// <param name="AssignedAt">When the person first had it.</param>
/// <param name="LastLogonAt">The last logon, to a day.</param>
/// <param name="ExpiresAt">The last second.</param>
/// <param name="PackId">The key pack that the seat is from.</param>
/// <param name="ReleasedAt">When it was taken back.</param>
/// <param name="ReleaseReason">Why.</param>
/// <param name="LedgerNumber">The ledger entry that made it what it is.</param>
public sealed record UserCalRecord(
    string Serial, string Account, string Realm, Guid? AccountHost, CalVersion Version, UserCalStatus Status, bool OverUsed, DateTimeOffset AssignedAt,
    DateTimeOffset LastLogonAt, DateTimeOffset ExpiresAt, Guid? PackId, DateTimeOffset? ReleasedAt, string? ReleaseReason, long LedgerNumber)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(UserCalRecord);
}

/// <summary><c>POST /v1/user-cals/{serial}/release</c>: the seat is free at once. Answers the <see cref="UserCalRecord"/>.</summary>
/// <param name="Reason">At most 255 characters; required within 90 days of the assignment.</param>
public sealed record ReleaseUserCalRequest(string? Reason)
{
    /// <summary>Says nothing: a reason may hold names.</summary>
    public override string ToString() => nameof(ReleaseUserCalRequest);
}

/// <summary><c>POST /v1/user-cals/{serial}/rename</c>: a local account has another name now. Answers the <see cref="UserCalRecord"/>.</summary>
/// <param name="Name">1 to 255 characters.</param>
public sealed record RenameUserCalRequest(string Name)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(RenameUserCalRequest);
}

/// <summary>What happens at a logon when no User CAL is free.</summary>
public enum UserOverUse
{
    /// <summary>The person is refused.</summary>
    Enforce,

    /// <summary>The person gets a CAL beyond the packs; the number available is shown below zero.</summary>
    Track,
}

/// <summary><c>GET /v1/policy</c>.</summary>
/// <param name="UserOverUse">What happens when no User CAL is free, as it is set here.</param>
/// <param name="PreventLicenseUpgrade">A CAL newer than the host is not given where the host's own version is used up; as it is set here.</param>
/// <param name="BreakGlassUntil">The end of the break-glass that runs now; else null.</param>
/// <param name="BreakGlassNext">When break-glass is possible again; null when it is now.</param>
/// <param name="SecurityGroup">Session hosts that join are answered only when an administrator has allowed them; as it is set here.</param>
/// <param name="Values">What is in force: a policy of the domain goes over what is set here.</param>
/// <param name="Faults">What in the policy files of the license server's machine does not count.</param>
public sealed record PolicyRecord(
    UserOverUse UserOverUse, bool PreventLicenseUpgrade, DateTimeOffset? BreakGlassUntil, DateTimeOffset? BreakGlassNext, bool SecurityGroup = false,
    IReadOnlyList<Policy.EffectiveValue>? Values = null, IReadOnlyList<Policy.PolicyFault>? Faults = null);

/// <summary><c>PUT /v1/policy</c>: what is not given stays as it is. Answers a <see cref="PolicyRecord"/>.</summary>
public sealed record SetPolicyRequest(UserOverUse? UserOverUse, bool? PreventLicenseUpgrade, bool? SecurityGroup = null);

/// <summary><c>POST /v1/break-glass</c>: for 24 hours User CALs are granted beyond the packs; once in 30 days. Answers a <see cref="PolicyRecord"/>.</summary>
/// <param name="Reason">1 to 255 characters; it is kept in the ledger.</param>
public sealed record BreakGlassRequest(string Reason)
{
    /// <summary>Says nothing: a reason may hold names.</summary>
    public override string ToString() => nameof(BreakGlassRequest);
}

/// <summary><c>POST /v1/packs/{id}/conversion</c>: free seats become seats of the other type, as a pack of their own. Answers the new pack.</summary>
/// <param name="Count">1 to the number of free seats.</param>
public sealed record ConvertPackRequest(int Count);

/// <summary>Answer to <c>DELETE /v1/packs/{id}?force=</c>.</summary>
/// <param name="Pack">The pack that was removed.</param>
/// <param name="StillIssued">CALs of it that run to their end and are over-use until then.</param>
/// <param name="Detail">One sentence on what was done.</param>
public sealed record PackRemoval(PackRecord Pack, int StillIssued, string Detail);
