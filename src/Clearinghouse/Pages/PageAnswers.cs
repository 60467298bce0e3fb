using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Pages;

/// <summary>Metadata of a page: what goes wrong is answered with a page too.</summary>
/// <param name="Folder">Where its style and script are.</param>
/// <param name="SignIn">Where those go who are not signed in; null where nobody is.</param>
internal sealed record PageMetadata(string Folder, string? SignIn = null);

/// <summary>What pages share: headers, forms, and how a problem is shown.</summary>
internal static class PageAnswers
{
    // Nothing but our own files; the answer's file is a data: link, which no policy needs to allow.
    private const string ContentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public static RazorComponentResult<TPage> Page<TPage>(HttpContext context, int status, object parameters)
        where TPage : IComponent
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
        return new(parameters) { StatusCode = status, PreventStreamingRendering = true };
    }

    public static FileStreamHttpResult Resource(string name, string type)
        => TypedResults.Stream(typeof(PageAnswers).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in the assembly"), type);

    public static FileStreamHttpResult Style() => Resource("clearinghouse.css", "text/css; charset=utf-8");

    public static FileStreamHttpResult Script() => Resource("clearinghouse.js", "text/javascript; charset=utf-8");

    /// <summary>Reads a form; the server's limit on a body holds for it too.</summary>
    public static Task<IFormCollection> ReadFormAsync(HttpContext context, long limit = Json.BodyLimit)
    {
        if (!context.Request.HasFormContentType)
            throw new ProblemException(LicensingProblem.InvalidField, "the body is a form");
        return new FormFeature(context.Request, new FormOptions { BufferBody = false, MultipartBodyLengthLimit = limit, ValueLengthLimit = Json.BodyLimit, ValueCountLimit = 64 })
            .ReadFormAsync(context.RequestAborted);
    }

    public static int StatusOf(ProblemException problem) => ProblemBody.Of(problem.Problem).Status;

    public static string Sentence(string message) => char.ToUpperInvariant(message[0]) + message[1..] + (message.EndsWith('.') ? "" : ".");

    /// <summary>Turns what a page's request fails with into a page. What is not meant for the caller is answered as everywhere.</summary>
    public static async Task Catch(HttpContext context, RequestDelegate next)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<PageMetadata>() is not { } page)
        {
            await next(context);
            return;
        }

        try
        {
            await next(context);
        }
        catch (ProblemException problem) when (problem.Problem != LicensingProblem.NotFound && !context.Response.HasStarted)
        {
            if (problem.Problem == LicensingProblem.NotAuthenticated && page.SignIn is not null)
            {
                context.Response.Redirect(page.SignIn);
                return;
            }

            if (problem.RetryAfter is { } wait)
                context.Response.Headers.RetryAfter = wait.TotalSeconds.ToString("0", System.Globalization.CultureInfo.InvariantCulture);
            await ShowAsync(context, page, StatusOf(problem), ProblemBody.Of(problem.Problem).Title, Sentence(problem.Message));
        }
        catch (BadHttpRequestException request) when (!context.Response.HasStarted)
        {
            var problem = request.StatusCode == StatusCodes.Status413PayloadTooLarge ? LicensingProblem.BodyTooLarge : LicensingProblem.InvalidField;
            await ShowAsync(context, page, ProblemBody.Of(problem).Status, ProblemBody.Of(problem).Title, Sentence(request.Message));
        }
    }

    private static Task ShowAsync(HttpContext context, PageMetadata page, int status, string title, string detail)
        => Page<ProblemPage>(context, status, new { page.Folder, Title = title, Detail = detail }).ExecuteAsync(context);
}
