using System.Text;

namespace Ostiary.Doors.Accounts;

/// <summary>The content of a row as an audit entry commits to it (<see cref="CanonicalJson"/>). When a token was last used is not part of it.</summary>
public static class AccountContent
{
    public const string Accounts = "accounts";
    public const string Tokens = "tokens";

    /// <summary>The kind of an entry whose row is gone, as it should be; its content is empty.</summary>
    public const string TokenRemoved = "token-removed";

    public static byte[] Of(Account account) => CanonicalJson.Write(json =>
    {
        json.WriteString("account"u8, account.AccountId);
        json.WriteString("name"u8, account.Name);
        json.WriteNumber("role"u8, (int)account.Role);
        json.WriteString("passwordHash"u8, CanonicalJson.Hash(Encoding.UTF8.GetBytes(account.PasswordHash)));
        json.WriteNumber("createdAt"u8, account.CreatedAt.ToUnixTimeSeconds());
        CanonicalJson.WriteTime(json, "removedAt", account.RemovedAt);
        json.WriteNumber("ledgerNumber"u8, account.LedgerNumber);
    });

    public static byte[] Of(Token token) => CanonicalJson.Write(json =>
    {
        json.WriteString("token"u8, token.TokenId);
        json.WriteNumber("kind"u8, (int)token.Kind);
        json.WriteString("hash"u8, Convert.ToHexStringLower(token.Hash));
        json.WriteString("name"u8, token.Name);
        json.WriteString("account"u8, token.AccountId?.ToString());
        json.WriteNumber("role"u8, (int)token.Role);
        json.WriteNumber("createdAt"u8, token.CreatedAt.ToUnixTimeSeconds());
        json.WriteNumber("expiresAt"u8, token.ExpiresAt.ToUnixTimeSeconds());
        CanonicalJson.WriteTime(json, "revokedAt", token.RevokedAt);
        json.WriteNumber("ledgerNumber"u8, token.LedgerNumber);
    });
}
