using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Manager.SignIn;

/// <summary>
/// Signing in: with name and password, which go to the license server and are kept nowhere; or by a link that works once, which
/// <c>ostiary manager open</c> has made with a token of its own (<c>POST /sign-in/links</c>). Plain pages, since a cookie needs a response.
/// </summary>
internal static class SignInPages
{
    public const string Path = "/sign-in";
    public const string ReturnTo = "to";

    /// <summary>Bytes of a form or a body; names and passwords are short.</summary>
    private const long MostBytes = 16 * 1024;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, (HttpContext context) => Page(null, context.Request.Query[ReturnTo])).AllowAnonymous();
        routes.MapPost(Path, WithPasswordAsync).AllowAnonymous().DisableAntiforgery().WithMetadata(new RequestSizeLimit(MostBytes));
        routes.MapPost("/sign-in/links", MakeLinkAsync).AllowAnonymous().DisableAntiforgery().WithMetadata(new RequestSizeLimit(MostBytes));
        routes.MapGet("/sign-in/link", FollowLinkAsync).AllowAnonymous();
        routes.MapPost("/sign-out", SignOutAsync).DisableAntiforgery().RequireAuthorization();
    }

    private static async Task<IResult> WithPasswordAsync(HttpContext context, SignedInPeople people, ManagerOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        if (!IsOwnForm(context.Request) || !context.Request.HasFormContentType)
            return TypedResults.StatusCode(StatusCodes.Status403Forbidden);
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var to = form[ReturnTo].ToString();
        try
        {
            using var http = PinnedServer.Connect(options.LicenseServer, options.Pinned, null, options.RequestTimeout, time);
            var answer = await new AccountsClient(http).SignInAsync(new(form["name"].ToString(), form["password"].ToString()), context.RequestAborted);
            return await EnterAsync(context, people, new(answer.Token, answer.Name, answer.Role, answer.ExpiresAt), to, loggers);
        }
        catch (ProblemException problem)
        {
            context.Response.StatusCode = ProblemBody.Of(problem.Problem).Status;
            return Page(problem.Message, to);
        }
    }

    // Whoever has a token may sign in with it: the license server says whose it is. The link goes to a terminal, not into a page.
    private static async Task<IResult> MakeLinkAsync(HttpContext context, SignedInPeople people, ManagerOptions options, TimeProvider time)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) || header.Length > 256)
            return Problem(LicensingProblem.NotAuthenticated, "a token is needed in the header Authorization: Bearer TOKEN");
        var token = header["Bearer ".Length..].Trim();
        try
        {
            using var http = PinnedServer.Connect(options.LicenseServer, options.Pinned, token, options.RequestTimeout, time);
            var caller = await new AccountsClient(http).CallerAsync(context.RequestAborted);
            // A token's own name is for the audit; who is signed in is its owner.
            var code = people.Link(new(token, caller.Name.Split('/')[0], caller.Role, caller.ExpiresAt ?? time.GetUtcNow().AddHours(8)));
            return TypedResults.Text($"{context.Request.Scheme}://{context.Request.Host}/sign-in/link?code={code}");
        }
        catch (ProblemException problem)
        {
            return Problem(problem.Problem, problem.Message);
        }
    }

    private static async Task<IResult> FollowLinkAsync(HttpContext context, SignedInPeople people, ILoggerFactory loggers)
        => people.Take(context.Request.Query["code"]) is { } person
            ? await EnterAsync(context, people, person, null, loggers)
            : Page("This link has been used, or its two minutes are over. 'ostiary manager open' makes another one.", null);

    private static async Task<IResult> SignOutAsync(HttpContext context, SignedInPeople people, ManagerOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        if (!IsOwnForm(context.Request))
            return TypedResults.StatusCode(StatusCodes.Status403Forbidden);
        if (people.Leave(context.User) is { } person)
        {
            foreach (var (address, pinned, token) in person.Others.Connected.Select(other => (other.Address, other.Pinned, other.Token))
                .Append((options.LicenseServer, options.Pinned, person.Token)))
                try
                {
                    using var http = PinnedServer.Connect(address, pinned, token, options.RequestTimeout, time);
                    await new AccountsClient(http).SignOutAsync(context.RequestAborted);
                }
                catch (ProblemException)
                {
                    // The token is over, or its license server away; here nobody can use it any more.
                }

            Log.SignedOut(loggers.CreateLogger(typeof(SignInPages)), person.Name);
        }

        await context.SignOutAsync();
        return TypedResults.LocalRedirect("~" + Path);
    }

    private static async Task<IResult> EnterAsync(HttpContext context, SignedInPeople people, Person person, string? to, ILoggerFactory loggers)
    {
        await context.SignInAsync(people.Enter(person), new() { ExpiresUtc = person.ExpiresAt, IsPersistent = false });
        Log.SignedIn(loggers.CreateLogger(typeof(SignInPages)), person.Name, KebabCase.Of(person.Role));
        // Only to a page of ours: one slash, and no host behind it.
        return TypedResults.LocalRedirect(to is ['/', not ('/' or '\\'), ..] ? "~" + to : "~/");
    }

    // A form of another site could sign a person in as somebody else (Fetch Metadata, else Origin).
    private static bool IsOwnForm(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        return site.Length > 0 ? site == "same-origin" : string.Equals(request.Headers.Origin.ToString(), $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
    }

    private static RazorComponentResult<SignInPage> Page(string? error, string? to) => new(new { Error = error, To = to });

    private static JsonHttpResult<ProblemBody> Problem(LicensingProblem problem, string detail)
    {
        var body = ProblemBody.Of(problem, detail);
        return TypedResults.Json(body, ContractsJson.Default.ProblemBody, ProblemBody.ContentType, body.Status);
    }

    private sealed record RequestSizeLimit(long Bytes) : Microsoft.AspNetCore.Http.Metadata.IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => Bytes;
    }
}
