using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Ostiary.Clearinghouse.Http;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Telephone;
using Ostiary.Doors;
using static Ostiary.Clearinghouse.Pages.PageAnswers;

namespace Ostiary.Clearinghouse.Pages;

/// <summary>
/// <c>/web</c>: the page that takes a request code on any device, shows what it asks, and gives the response code. It works without scripts; there is
/// nobody to be signed in, so there is nothing that a forged form could use.
/// </summary>
internal sealed class CarryPages(CarriedRequests requests, QrReader pictures, Issuers issuers, ClearinghouseOptions options)
{
    // A picture, and what else is in the form.
    private const long MaxUpload = QrReader.MaxBytes + Json.BodyLimit;

    private static readonly PageMetadata OfPublic = new("/web");

    public static void Map(IEndpointRouteBuilder routes, LimitedMetadata limited)
    {
        routes.MapGet("/", () => TypedResults.Redirect("/web")).At(Door.Public);
        routes.MapGet("/web/clearinghouse.css", Style).At(Door.Public);
        routes.MapGet("/web/clearinghouse.js", Script).At(Door.Public);
        routes.MapGet("/web", (HttpContext context) => Page<StartPage>(context, StatusCodes.Status200OK, new { })).At(Door.Public).WithMetadata(OfPublic);
        routes.MapPost("/web", (HttpContext context, CarryPages pages) => pages.ReviewAsync(context)).At(Door.Public).WithMetadata(OfPublic, limited, new BodyLimitMetadata(MaxUpload));
        routes.MapPost("/web/answer", (HttpContext context, CarryPages pages) => pages.AnswerAsync(context)).At(Door.Public).WithMetadata(OfPublic, limited);
        routes.MapGet("/web/root", (HttpContext context, CarryPages pages) => pages.Root(context)).At(Door.Public).WithMetadata(OfPublic);
        routes.MapGet("/web/telephone", (HttpContext context, CarryPages pages) => pages.Telephone(context)).At(Door.Public).WithMetadata(OfPublic);
    }

    private async Task<IResult> ReviewAsync(HttpContext context)
    {
        var form = await ReadFormAsync(context, MaxUpload);
        var code = form["code"].ToString();
        try
        {
            code = await CodeOfAsync(form, context.RequestAborted);
            return Page<ReviewPage>(context, StatusCodes.Status200OK, new { Asked = await requests.ReadAsync(code, context.RequestAborted), Code = code });
        }
        catch (ProblemException problem)
        {
            return Page<StartPage>(context, StatusOf(problem), new { Error = Sentence(problem.Message), Code = code });
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
            return Page<StartPage>(context, StatusOf(problem), new { Error = Sentence(problem.Message), Code = code });
        }

        var entered = asked.NeedsContact ? ContactForm.Entered(form) : CompanyForm.Entered(form);
        var company = asked.NeedsCompany ? CompanyForm.Read(entered) : null;
        var contact = asked.NeedsContact ? ContactForm.Read(entered) : null;
        if ((company?.Check() ?? contact?.Check()) is { Count: > 0 } errors)
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
            var answer = await requests.AnswerAsync(code, company, contact, context.RequestAborted);
            return Page<AnswerPage>(context, StatusCodes.Status200OK, new { Asked = asked, Answer = answer.Text });
        }
        catch (ProblemException problem)
        {
            return Page<ReviewPage>(context, StatusOf(problem), new { Asked = asked, Code = code, Entered = entered, Error = Sentence(problem.Message) });
        }
    }

    private RazorComponentResult<RootPage> Root(HttpContext context) => Page<RootPage>(context, StatusCodes.Status200OK, new
    {
        Fingerprint = Contracts.Certificates.KeyFingerprint.Of(issuers.Root).Hex,
        From = new DateTimeOffset(issuers.Root.NotBefore.ToUniversalTime()),
        Until = new DateTimeOffset(issuers.Root.NotAfter.ToUniversalTime()),
    });

    private RazorComponentResult<TelephonePage> Telephone(HttpContext context)
        => Page<TelephonePage>(context, StatusCodes.Status200OK, new { Numbers = TelephoneNumber.Of(options.TelephoneNumbers) });

    // What was pasted, else what was uploaded: a photo, or a file that is a text or a picture.
    private async Task<string> CodeOfAsync(IFormCollection form, CancellationToken cancellation)
    {
        var pasted = form["code"].ToString();
        if (!string.IsNullOrWhiteSpace(pasted))
            return pasted;
        var photo = form.Files.GetFile("picture") is { Length: > 0 } taken ? taken : null;
        if ((photo ?? form.Files.GetFile("file")) is not { Length: > 0 } file)
            return pasted;
        if (file.Length > QrReader.MaxBytes)
            throw new ProblemException(LicensingProblem.InvalidField, $"the file has {file.Length} bytes; at most {QrReader.MaxBytes} are taken", "picture");
        var bytes = new byte[file.Length];
        await using (var stream = file.OpenReadStream())
            await stream.ReadExactlyAsync(bytes, cancellation);
        if (photo is null && !QrReader.IsPicture(bytes) && bytes.Length > Json.BodyLimit)
            throw new ProblemException(LicensingProblem.InvalidField, $"the file has {bytes.Length} bytes and is no picture; a code's file has at most {Json.BodyLimit}", "file");
        return photo is not null || QrReader.IsPicture(bytes) ? RequestCode.OfLink(await pictures.ReadAsync(bytes, cancellation)) : Encoding.ASCII.GetString(bytes);
    }

}
