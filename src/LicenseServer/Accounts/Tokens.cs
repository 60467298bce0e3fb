using Microsoft.EntityFrameworkCore;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Accounts;

/// <summary>Changes of the table of tokens, each with its audit entry.</summary>
internal static class Tokens
{
    private const int AtOnce = 100;

    /// <summary>How long a token that is over can still be looked at.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    public static Token Add(LedgerBatch batch, Token token)
    {
        Enter(batch, "token-created", token);
        batch.Db.Add(token);
        batch.Db.SaveChanges();
        return token;
    }

    /// <summary>The token as it is then; one that was revoked before stays as it was. Null when there is none.</summary>
    public static Token? Revoke(LedgerBatch batch, Guid tokenId)
    {
        if (batch.Db.Tokens.AsTracking().SingleOrDefault(row => row.TokenId == tokenId) is not { } token)
            return null;
        Revoke(batch, token);
        batch.Db.SaveChanges();
        return token;
    }

    /// <summary>Revokes those of an account.</summary>
    /// <param name="batch">The transaction.</param>
    /// <param name="accountId">The account.</param>
    /// <param name="which">Which of them.</param>
    public static void RevokeAll(LedgerBatch batch, Guid accountId, Func<Token, bool> which)
    {
        foreach (var token in batch.Db.Tokens.AsTracking().Where(row => row.AccountId == accountId && row.RevokedAt == null).ToList().Where(which))
            Revoke(batch, token);
        batch.Db.SaveChanges();
    }

    /// <summary>Drops up to 100 that have been over for 30 days.</summary>
    /// <returns>How many there were.</returns>
    public static int DropOld(LedgerBatch batch)
    {
        var end = batch.Now - Kept;
        var old = batch.Db.Tokens.AsTracking().Where(row => row.ExpiresAt < end).OrderBy(row => row.ExpiresAt).Take(AtOnce).ToList();
        foreach (var token in old)
        {
            batch.Audit(AuditKinds.TokenRemoved, CanonicalContent.Tokens, token.TokenId.ToString(), _ => []);
            batch.Db.Remove(token);
        }

        batch.Db.SaveChanges();
        return old.Count;
    }

    private static void Revoke(LedgerBatch batch, Token token)
    {
        if (token.RevokedAt is not null)
            return;
        token.Revoke(batch.Now);
        Enter(batch, "token-revoked", token);
    }

    private static void Enter(LedgerBatch batch, string kind, Token token)
        => batch.Audit(kind, CanonicalContent.Tokens, token.TokenId.ToString(), number =>
        {
            token.LedgerNumber = number;
            return CanonicalContent.Of(token);
        });
}
