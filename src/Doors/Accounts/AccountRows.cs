using Ostiary.Contracts.Administration;

namespace Ostiary.Doors.Accounts;

/// <summary>Somebody who may administer the license server from elsewhere (table <c>accounts</c>). A removed one stays, for the audit.</summary>
public sealed class Account
{
    public required Guid AccountId { get; init; }

    /// <summary>In small letters; no two accounts that are there have the same.</summary>
    public required string Name { get; init; }

    public required AccountRole Role { get; set; }

    /// <summary>As <see cref="Accounts.Passwords"/> makes it.</summary>
    public required string PasswordHash { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? RemovedAt { get; private set; }

    public long LedgerNumber { get; set; }

    public void Remove(DateTimeOffset now) => RemovedAt ??= now;
}

/// <summary>What a caller shows to be let in (table <c>tokens</c>). The token itself is not stored. It goes some days after its end.</summary>
public sealed class Token
{
    /// <summary>Of version 7: tokens stand in the order in which they were made.</summary>
    public required Guid TokenId { get; init; }

    public required TokenKind Kind { get; init; }

    /// <summary>SHA-256 of the token, which has 256 random bits: nothing finds it by trying.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>Null for a sign-in.</summary>
    public required string? Name { get; init; }

    /// <summary>The account; null when the local root made it.</summary>
    public required Guid? AccountId { get; init; }

    public required AccountRole Role { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Written at most once a minute, without an audit entry.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }

    public DateTimeOffset? RevokedAt { get; private set; }

    public long LedgerNumber { get; set; }

    public void Revoke(DateTimeOffset now) => RevokedAt ??= now;
}

/// <summary>
/// Wrong passwords for a name (table <c>sign_in_failures</c>), whether or not there is an account of that name: so both take the same time.
/// A row goes when a right password was given, or 15 minutes after the last wrong one.
/// </summary>
public sealed class SignInFailure
{
    public const int Most = 5;

    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(15);

    /// <summary>SHA-256 of the name: what people type there may be a password.</summary>
    public required byte[] NameHash { get; init; }

    public int Count { get; private set; }

    public DateTimeOffset LastAt { get; private set; }

    /// <summary>Until when no password is taken; null when it may be tried.</summary>
    public DateTimeOffset? LockedUntil => Count >= Most ? LastAt + Remembered : null;

    public void Add(DateTimeOffset now)
    {
        Count = IsOver(now) ? 1 : Count + 1;
        LastAt = now;
    }

    public bool IsLocked(DateTimeOffset now) => LockedUntil > now && !IsOver(now);

    // A clock that was set back must not lock anybody out.
    private bool IsOver(DateTimeOffset now) => LastAt + Remembered <= now || LastAt > now;
}
