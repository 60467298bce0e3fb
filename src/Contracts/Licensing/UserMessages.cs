using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Statements;

namespace Ostiary.Contracts.Licensing;

// Per-user licensing between session hosts and license servers. A host asks at each logon; see docs/rules.md, "Logons".

/// <summary>
/// Who logs on, as the host's NSS says; none of it is the client's word. One person is one CAL: a directory account is its realm and
/// <see cref="StableId"/>, so that a new name keeps the CAL; a local account is its name, on any of the license server's hosts.
/// </summary>
/// <param name="Name">The account's name as NSS returned it; 1 to 255 characters.</param>
/// <param name="Realm">
/// Empty for an account of the host's own files, else the directory's realm, lower case, at most 255 characters.
/// </param>
/// <param name="StableId">The directory's id that outlives a new name (the user number where there is no other); null for a local account; at most 64 characters.</param>
public sealed record UserClaim(string Name, string Realm, string? StableId)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(UserClaim);
}

/// <summary>
/// <c>POST /v1/user-cals</c>: a person logs on at a per-user host. The same request id again gets the same answer; the same id with
/// another body is the problem <c>request-id-reused</c>.
/// </summary>
/// <param name="RequestId">Chosen by the host.</param>
/// <param name="User">Who logs on.</param>
/// <param name="Pass">What may be granted.</param>
/// <param name="Lease">The lease of this license server that the host keeps of the person: a ledger that has lost the CAL takes it up again. Null where there is none.</param>
public sealed record UserCalRequest(Guid RequestId, UserClaim User, AskingPass Pass, byte[]? Lease = null)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(UserCalRequest);
}

/// <summary>With several license servers the first pass asks each for what takes a seat, the second for what does not.</summary>
public enum AskingPass
{
    /// <summary>
    /// What is held already, or a free seat: a permanent Device CAL (a device that has not logged on yet: the temporary CAL that it may
    /// have, since no server can give it more), or a User CAL from a pack.
    /// </summary>
    Permanent = 0,

    /// <summary>Anything: also a temporary Device CAL, or a User CAL beyond the packs where over-use is allowed.</summary>
    Any = 1,
}

/// <summary>A User CAL as a host keeps it.</summary>
/// <param name="Serial">32 hexadecimal digits.</param>
/// <param name="Version">The CAL's version.</param>
/// <param name="AssignedAt">When this person first had it.</param>
/// <param name="ExpiresAt">60 days after the logon that is being answered.</param>
/// <param name="OverUsed">Granted beyond the packs, by policy <c>track</c> or break-glass.</param>
/// <param name="Lease">A signed <see cref="UserLeaseStatement"/>: admits this person at this host while no license server answers.</param>
public sealed record GrantedUserCal(string Serial, CalVersion Version, DateTimeOffset AssignedAt, DateTimeOffset ExpiresAt, bool OverUsed, byte[] Lease);

/// <summary>Exactly one of <see cref="Granted"/> and <see cref="Refused"/> is there.</summary>
/// <param name="Granted">The CAL.</param>
/// <param name="Refused">Why there is none.</param>
/// <param name="Detail">One sentence with the numbers that decided, for the refusal's record.</param>
/// <param name="Head">The ledger's head after the commit that this answer rests on.</param>
public sealed record UserCalAnswer(GrantedUserCal? Granted, RefusalReason? Refused, string? Detail, LedgerHead Head);
