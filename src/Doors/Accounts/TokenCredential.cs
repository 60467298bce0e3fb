using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Problems;

namespace Ostiary.Doors.Accounts;

/// <summary>
/// <c>Authorization: Bearer</c> and a token. It is looked up at each request, with its account: what is revoked, removed or demoted is so at once.
/// A token is <c>ostiary_</c> and 32 random bytes as base64url; the word lets scanners find one that was published by mistake.
/// </summary>
public static class TokenCredential
{
    private const string Scheme = "Bearer ";
    private const string Prefix = "ostiary_";
    private const int RandomLength = 32;

    /// <summary>How exactly <see cref="Token.LastUsedAt"/> is kept.</summary>
    private static readonly TimeSpan Noted = TimeSpan.FromMinutes(1);

    /// <summary>A new token's text, a secret, and how it is stored.</summary>
    public static (string Text, byte[] Hash) Draw()
    {
        var text = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomLength));
        return (text, HashOf(text));
    }

    /// <exception cref="ProblemException">No token, or none that is good now.</exception>
    public static async Task<Caller> RequireAsync(HttpContext context)
    {
        var isPage = context.GetEndpoint()?.Metadata.GetMetadata<CookieMetadata>() is not null;
        if (isPage)
            TokenCookie.RequireOwnForm(context);
        if (!TryRead(isPage ? Scheme + TokenCookie.Of(context) : context.Request.Headers.Authorization.ToString(), out var hash))
            throw new ProblemException(LicensingProblem.NotAuthenticated, "a token is needed in the header Authorization: Bearer TOKEN; sign in, or make a token");
        var store = context.RequestServices.GetRequiredService<IAccountStore>();
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        await using var db = store.OpenReader();
        var token = await db.Tokens.SingleOrDefaultAsync(row => row.Hash == hash, context.RequestAborted).ConfigureAwait(false);
        var owner = token?.AccountId is { } accountId
            ? await db.Accounts.SingleOrDefaultAsync(row => row.AccountId == accountId, context.RequestAborted).ConfigureAwait(false)
            : null;
        if (token is not { RevokedAt: null } || token.ExpiresAt <= now || (token.AccountId is not null && owner is not { RemovedAt: null }))
            throw new ProblemException(LicensingProblem.NotAuthenticated, "the token is unknown, over or revoked; sign in again, or make another one");
        if (token.LastUsedAt is not { } last || now - last >= Noted)
            await store.WorkAsync(
                work => work.Tokens.Where(row => row.TokenId == token.TokenId).ExecuteUpdate(row => row.SetProperty(used => used.LastUsedAt, work.Now)),
                context.RequestAborted).ConfigureAwait(false);
        var name = owner?.Name ?? Author.Root;
        return new(token.Kind == TokenKind.Api ? $"{name}/{token.Name}" : name, Less(token.Role, owner?.Role ?? AccountRole.Administrator), token.AccountId, token);
    }

    private static bool TryRead(string header, [NotNullWhen(true)] out byte[]? hash)
    {
        hash = null;
        var text = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : "";
        // Of any other length it is none of ours; it is not hashed.
        if (text.Length != Prefix.Length + Base64Url.GetEncodedLength(RandomLength) || !text.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        hash = HashOf(text);
        return true;
    }

    private static byte[] HashOf(string text) => SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text));

    // What its owner may not do any more, a token may not either.
    private static AccountRole Less(AccountRole one, AccountRole other) => one < other ? one : other;
}
