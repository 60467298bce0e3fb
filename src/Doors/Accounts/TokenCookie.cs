using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Problems;

namespace Ostiary.Doors.Accounts;

/// <summary>Metadata of a page for people: its token comes in a cookie, and no other route takes one.</summary>
public sealed record CookieMetadata;

/// <summary>
/// The token of a person at a browser: in a cookie that no script reads, that goes over TLS only and with requests of our own pages only (RFC 6265bis,
/// <c>__Host-</c>, SameSite=Strict). What a form changes is taken only from our own pages, by the browser's word for it (Fetch Metadata, else Origin).
/// </summary>
public static class TokenCookie
{
    private const string Name = "__Host-ostiary";

    public static TBuilder ByCookie<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder
        => endpoint.WithMetadata(new CookieMetadata());

    public static void Set(HttpContext context, SignInResponse signedIn) => context.Response.Cookies.Append(Name, signedIn.Token, Options(signedIn.ExpiresAt));

    public static void Clear(HttpContext context) => context.Response.Cookies.Delete(Name, Options(null));

    public static string? Of(HttpContext context) => context.Request.Cookies[Name];

    /// <exception cref="ProblemException">A form of another site, or of nobody knows whom.</exception>
    public static void RequireOwnForm(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
            return;
        var site = context.Request.Headers["Sec-Fetch-Site"].ToString();
        var isOwn = site.Length > 0
            ? site == "same-origin"
            : string.Equals(context.Request.Headers.Origin.ToString(), $"{context.Request.Scheme}://{context.Request.Host}", StringComparison.OrdinalIgnoreCase);
        if (!isOwn)
            throw new ProblemException(LicensingProblem.NotAllowed, "the form was not sent by a page of this server");
    }

    private static CookieOptions Options(DateTimeOffset? until)
        => new() { Secure = true, HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", Expires = until, IsEssential = true };
}
