namespace Ostiary.Contracts.Administration;

// Who may administer a license server, over HTTPS with "Authorization: Bearer TOKEN". Over its unix socket nobody needs any of it:
// whom the socket's mode lets in is an administrator, and stands as "root" in the audit.

/// <summary>What an account or a token may do; each role may also do what those before it may.</summary>
public enum AccountRole
{
    /// <summary>Sees everything but accounts and others' tokens; changes nothing but its own password and tokens.</summary>
    Reader,

    /// <summary>The daily work: invites and changes hosts; releases, revokes and converts CALs; installs key packs.</summary>
    Operator,

    /// <summary>All of it: accounts, others' tokens, activation, policy, and what is removed for good.</summary>
    Administrator,
}

/// <summary>How a token came about.</summary>
public enum TokenKind
{
    /// <summary>By signing in; it lasts 8 hours.</summary>
    SignIn,

    /// <summary>Made for a program; it lasts as many days as were asked for.</summary>
    Api,
}

/// <summary><c>POST /v1/sign-in</c>: the one route without a credential. A wrong name, a wrong password and an account that is locked are answered alike.</summary>
/// <param name="Name">The account's name, at most 64 characters.</param>
/// <param name="Password">At most 128 characters.</param>
public sealed record SignInRequest(string Name, string Password)
{
    /// <summary>Says nothing: the password is a secret.</summary>
    public override string ToString() => nameof(SignInRequest);
}

/// <param name="Token">For <c>Authorization: Bearer</c>. It is not shown again.</param>
/// <param name="Name">The account.</param>
/// <param name="Role">What it may do.</param>
/// <param name="ExpiresAt">The token's end, 8 hours later.</param>
public sealed record SignInResponse(string Token, string Name, AccountRole Role, DateTimeOffset ExpiresAt)
{
    /// <summary>Says nothing: the token is a secret.</summary>
    public override string ToString() => nameof(SignInResponse);
}

/// <summary><c>GET /v1/caller</c>: who asks. <c>POST /v1/sign-out</c> answers the same and ends the token.</summary>
/// <param name="Name">As it stands in the audit: <c>root</c>, the account, or <c>ACCOUNT/TOKEN</c>.</param>
/// <param name="Role">What the caller may do.</param>
/// <param name="Token">The token's id; null over the unix socket.</param>
/// <param name="ExpiresAt">The token's end; null over the unix socket.</param>
public sealed record CallerRecord(string Name, AccountRole Role, Guid? Token, DateTimeOffset? ExpiresAt);

/// <summary><c>POST /v1/accounts</c>.</summary>
/// <param name="Name">1 to 64 of a–z, 0–9, <c>.</c>, <c>_</c>, <c>-</c> and <c>@</c>; capital letters are taken for small ones. Not <c>root</c>.</param>
/// <param name="Role">What it may do.</param>
/// <param name="Password">12 to 128 characters.</param>
public sealed record AddAccountRequest(string Name, AccountRole? Role, string Password)
{
    /// <summary>Says nothing: the password is a secret.</summary>
    public override string ToString() => nameof(AddAccountRequest);
}

/// <summary><c>PUT /v1/accounts/{name}/role</c>.</summary>
/// <param name="Role">What it may do from now on, with the tokens that it has.</param>
public sealed record SetRoleRequest(AccountRole? Role);

/// <summary><c>PUT /v1/accounts/{name}/password</c>. It ends all other sign-ins of the account.</summary>
/// <param name="Password">The new one, 12 to 128 characters.</param>
/// <param name="Current">The password until now: whoever changes their own gives it.</param>
public sealed record SetPasswordRequest(string Password, string? Current)
{
    /// <summary>Says nothing: the passwords are secrets.</summary>
    public override string ToString() => nameof(SetPasswordRequest);
}

/// <summary><c>GET /v1/accounts?after=&amp;limit=</c>, by name. <c>DELETE /v1/accounts/{name}</c> answers the account that was removed.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Role">What it may do.</param>
/// <param name="CreatedAt">Since when it is there.</param>
/// <param name="LockedUntil">Until when no sign-in is taken, after 5 wrong passwords; null when it is not locked.</param>
public sealed record AccountRecord(string Name, AccountRole Role, DateTimeOffset CreatedAt, DateTimeOffset? LockedUntil);

/// <summary><c>POST /v1/tokens</c>. Whoever signed in, and the local root, can make tokens; a token made for a program cannot.</summary>
/// <param name="Name">1 to 64 of a–z, 0–9, <c>.</c>, <c>_</c> and <c>-</c>.</param>
/// <param name="Role">What it may do; not more than its owner.</param>
/// <param name="Days">How long it lasts, 1 to 365.</param>
public sealed record CreateTokenRequest(string Name, AccountRole? Role, int Days);

/// <param name="Token">For <c>Authorization: Bearer</c>. It is not shown again.</param>
/// <param name="Record">What is kept of it.</param>
public sealed record CreateTokenResponse(string Token, TokenRecord Record)
{
    /// <summary>Says nothing: the token is a secret.</summary>
    public override string ToString() => nameof(CreateTokenResponse);
}

/// <summary>
/// <c>GET /v1/tokens?after=&amp;limit=</c>, by when they were made: the caller's own, or all of them for administrators.
/// <c>DELETE /v1/tokens/{id}</c> answers the token that was revoked.
/// </summary>
/// <param name="Id">Its number.</param>
/// <param name="Kind">How it came about.</param>
/// <param name="Name">Its name; null for a sign-in.</param>
/// <param name="Owner">The account, or <c>root</c>.</param>
/// <param name="Role">What it may do, as long as its owner may.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">Its end.</param>
/// <param name="LastUsedAt">When it was last used, to the minute; null before.</param>
/// <param name="RevokedAt">When it was revoked; null when it was not.</param>
public sealed record TokenRecord(
    Guid Id, TokenKind Kind, string? Name, string Owner, AccountRole Role, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt);

/// <summary><c>GET /v1/audit?after=&amp;limit=</c>, newest first.</summary>
/// <param name="Number">The ledger number.</param>
/// <param name="At">When.</param>
/// <param name="By">Who did it: <c>root</c>, an account, or <c>ACCOUNT/TOKEN</c>; empty where a host asked for it or it came about by itself; null where it was erased.</param>
/// <param name="Kind">What happened, e.g. <c>pack-installed</c>.</param>
/// <param name="Table">The table of the row that changed.</param>
/// <param name="Row">The key of the row that changed.</param>
public sealed record AuditRecord(long Number, DateTimeOffset At, string? By, string Kind, string Table, string Row);
