using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Ostiary.Clearinghouse.Doors;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Contracts.Problems;

namespace Ostiary.Clearinghouse.Pages;

/// <summary>
/// <c>/web</c>: the page that takes a request code on any device, shows what it asks, and gives the response code. It works without scripts; there is
/// nobody to be signed in, so there is nothing that a forged form could use.
/// </summary>
internal sealed class CarryPages(CarriedRequests requests, Issuers issuers)
{
    // Nothing but our own files; the answer's file is a data: link, which no policy needs to allow.
    private const string ContentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", () => TypedResults.Redirect("/web")).Through(Door.Public);
        routes.MapGet("/web", (HttpContext context) => Page<StartPage>(context, StatusCodes.Status200OK, new { })).Through(Door.Public);
        routes.MapPost("/web", (HttpContext context, CarryPages pages) => pages.ReviewAsync(context)).Through(Door.Public).Limited();
        routes.MapPost("/web/answer", (HttpContext context, CarryPages pages) => pages.AnswerAsync(context)).Through(Door.Public).Limited();
        routes.MapGet("/web/root", (HttpContext context, CarryPages pages) => pages.Root(context)).Through(Door.Public);
        routes.MapGet("/web/clearinghouse.css", () => Resource("clearinghouse.css", "text/css; charset=utf-8")).Through(Door.Public);
        routes.MapGet("/web/clearinghouse.js", () => Resource("clearinghouse.js", "text/javascript; charset=utf-8")).Through(Door.Public);
    }

    private async Task<IResult> ReviewAsync(HttpContext context)
    {
        var form = await ReadFormAsync(context);
        var code = await CodeOfAsync(form, context.RequestAborted);
        try
        {
            return Page<ReviewPage>(context, StatusCodes.Status200OK, new { Asked = await requests.ReadAsync(code, context.RequestAborted), Code = code });
        }
        catch (ProblemException problem)
        {
            return Page<StartPage>(context, ProblemBody.Of(problem.Problem).Status, new { Error = Sentence(problem.Message), Code = code });
        }
    }

    private async Task<IResult> AnswerAsync(HttpContext context)
    {
        var form = await ReadFormAsync(context);
        var code = form["code"].ToString();
        CarriedRequest asked;
        try
        {
            asked = await requests.ReadAsync(code, context.RequestAborted);
        }
        catch (ProblemException problem)
        {
            return Page<StartPage>(context, ProblemBody.Of(problem.Problem).Status, new { Error = Sentence(problem.Message), Code = code });
        }

        var entered = CompanyForm.Entered(form);
        var company = asked.Kind == Contracts.Activation.CodeKind.Activation ? CompanyForm.Read(entered) : null;
        if (company?.Check() is { Count: > 0 } errors)
            return Page<ReviewPage>(context, StatusCodes.Status400BadRequest, new
            {
                Asked = asked,
                Code = code,
                Entered = entered,
                Error = "Some fields are missing or not right; they are marked below.",
                Errors = errors.DistinctBy(error => error.Field).ToDictionary(error => error.Field, error => error.Error),
            });
        try
        {
            var answer = await requests.AnswerAsync(code, company, context.RequestAborted);
            return Page<AnswerPage>(context, StatusCodes.Status200OK, new { Asked = asked, Answer = answer.Text });
        }
        catch (ProblemException problem)
        {
            return Page<ReviewPage>(context, ProblemBody.Of(problem.Problem).Status, new { Asked = asked, Code = code, Entered = entered, Error = Sentence(problem.Message) });
        }
    }

    private RazorComponentResult<RootPage> Root(HttpContext context) => Page<RootPage>(context, StatusCodes.Status200OK, new
    {
        Fingerprint = Contracts.Certificates.KeyFingerprint.Of(issuers.Root).Hex,
        From = new DateTimeOffset(issuers.Root.NotBefore.ToUniversalTime()),
        Until = new DateTimeOffset(issuers.Root.NotAfter.ToUniversalTime()),
    });

    private static RazorComponentResult<TPage> Page<TPage>(HttpContext context, int status, object parameters)
        where TPage : IComponent
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
        return new(parameters) { StatusCode = status, PreventStreamingRendering = true };
    }

    private static FileStreamHttpResult Resource(string name, string type)
        => TypedResults.Stream(typeof(CarryPages).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in the assembly"), type);

    // The server's limit on a body holds for a form too.
    private static Task<IFormCollection> ReadFormAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType)
            throw new ProblemException(LicensingProblem.InvalidField, "the body is a form");
        return new FormFeature(context.Request, new FormOptions { BufferBody = false, MultipartBodyLengthLimit = Listeners.MaxBodyLength, ValueLengthLimit = Listeners.MaxBodyLength, ValueCountLimit = 32 })
            .ReadFormAsync(context.RequestAborted);
    }

    // What was pasted, else what was uploaded.
    private static async Task<string> CodeOfAsync(IFormCollection form, CancellationToken cancellation)
    {
        var pasted = form["code"].ToString();
        if (!string.IsNullOrWhiteSpace(pasted) || form.Files.GetFile("file") is not { Length: > 0 } file)
            return pasted;
        await using var stream = file.OpenReadStream();
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return await reader.ReadToEndAsync(cancellation);
    }

    private static string Sentence(string message) => char.ToUpperInvariant(message[0]) + message[1..] + (message.EndsWith('.') ? "" : ".");
}
