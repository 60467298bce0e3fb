using Microsoft.EntityFrameworkCore;

namespace Ostiary.Doors.Accounts;

/// <summary>Changes of the table of tokens, each with its audit entry.</summary>
public static class Tokens
{
    private const int AtOnce = 100;

    /// <summary>How long a token that is over can still be looked at.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    public static Token Add(AccountWork work, Token token)
    {
        work.Audit("token-created", token);
        work.Tokens.Add(token);
        work.SaveChanges();
        return token;
    }

    /// <summary>The token as it is then; one that was revoked before stays as it was. Null when there is none.</summary>
    public static Token? Revoke(AccountWork work, Guid tokenId)
    {
        if (work.Tokens.AsTracking().SingleOrDefault(row => row.TokenId == tokenId) is not { } token)
            return null;
        Revoke(work, token);
        work.SaveChanges();
        return token;
    }

    /// <summary>Revokes those of an account.</summary>
    /// <param name="work">The transaction.</param>
    /// <param name="accountId">The account.</param>
    /// <param name="which">Which of them.</param>
    public static void RevokeAll(AccountWork work, Guid accountId, Func<Token, bool> which)
    {
        foreach (var token in work.Tokens.AsTracking().Where(row => row.AccountId == accountId && row.RevokedAt == null).ToList().Where(which))
            Revoke(work, token);
        work.SaveChanges();
    }

    /// <summary>Drops up to 100 that have been over for 30 days.</summary>
    /// <returns>How many there were.</returns>
    public static int DropOld(AccountWork work)
    {
        var end = work.Now - Kept;
        var old = work.Tokens.AsTracking().Where(row => row.ExpiresAt < end).OrderBy(row => row.ExpiresAt).Take(AtOnce).ToList();
        foreach (var token in old)
        {
            work.AuditRemoved(token);
            work.Tokens.Remove(token);
        }

        work.SaveChanges();
        return old.Count;
    }

    private static void Revoke(AccountWork work, Token token)
    {
        if (token.RevokedAt is not null)
            return;
        token.Revoke(work.Now);
        work.Audit("token-revoked", token);
    }
}
