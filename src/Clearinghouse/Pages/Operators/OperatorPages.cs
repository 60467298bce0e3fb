using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Ostiary.Clearinghouse.Agreements;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Telephone;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;
using Ostiary.Doors.Accounts;
using static Ostiary.Clearinghouse.Pages.PageAnswers;

namespace Ostiary.Clearinghouse.Pages.Operators;

/// <summary>
/// <c>/operator</c>: the telephone desk in a browser, for accounts with the role operator. It works without scripts; with them each group is
/// checked as it is typed, by the server's own rules. What it does is what the routes under <c>/v1/telephone</c> do.
/// </summary>
internal sealed class OperatorPages(AnswerTelephone telephone, CheckProductKey keys, DrawCals draws)
{
    private const string Start = "/operator/activation";

    private static readonly string[] DrawFields = ["program", "number1", "number2", "type", "version", "quantity"];

    private static readonly PageMetadata OfDesk = new("/operator", "/operator/sign-in");

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/operator/clearinghouse.css", Style).At(Door.Administration).ForAnyone();
        routes.MapGet("/operator/clearinghouse.js", Script).At(Door.Administration).ForAnyone();
        routes.MapGet("/operator/sign-in", (HttpContext context) => Page<SignInPage>(context, StatusCodes.Status200OK, new { })).At(Door.Administration).ForAnyone().WithMetadata(OfDesk);
        routes.MapPost("/operator/sign-in", (Delegate)SignInAsync).At(Door.Administration).ForAnyone().WithMetadata(OfDesk);
        routes.MapPost("/operator/sign-out", (Delegate)SignOutAsync).At(Door.Administration).For(AccountRole.Reader).ByCookie().WithMetadata(OfDesk);
        routes.MapGet("/operator", () => TypedResults.Redirect(Start)).At(Door.Administration).ForAnyone();
        routes.MapGet(Start, (HttpContext context) => Page<ActivationPage>(context, StatusCodes.Status200OK, new
        {
            Caller = Caller.Of(context).Name,
            Groups = DeskGroups.Activation.Empty,
        })).At(Door.Administration).For(AccountRole.Operator).ByCookie().WithMetadata(OfDesk);
        routes.MapPost(Start, (HttpContext context, OperatorPages pages) => pages.ActivateAsync(context)).At(Door.Administration).For(AccountRole.Operator).ByCookie().WithMetadata(OfDesk);
        routes.MapGet("/operator/key-pack", (HttpContext context) => Page<KeyPackPage>(context, StatusCodes.Status200OK, new
        {
            Caller = Caller.Of(context).Name,
            Server = DeskGroups.Server.Empty,
            Key = DeskGroups.Key.Empty,
        })).At(Door.Administration).For(AccountRole.Operator).ByCookie().WithMetadata(OfDesk);
        routes.MapPost("/operator/key-pack", (HttpContext context, OperatorPages pages) => pages.KeyPackAsync(context)).At(Door.Administration).For(AccountRole.Operator).ByCookie().WithMetadata(OfDesk);
        routes.MapGet("/operator/agreement", (HttpContext context) => Page<AgreementPage>(context, StatusCodes.Status200OK, new
        {
            Caller = Caller.Of(context).Name,
            Draw = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(DrawRequest.NonceLength)),
            Server = DeskGroups.Server.Empty,
        })).At(Door.Administration).For(AccountRole.Operator).ByCookie().WithMetadata(OfDesk);
        routes.MapPost("/operator/agreement", (HttpContext context, OperatorPages pages) => pages.DrawAsync(context)).At(Door.Administration).For(AccountRole.Operator).ByCookie().WithMetadata(OfDesk);
        routes.MapPost("/operator/groups", (Delegate)CheckAsync).At(Door.Administration).For(AccountRole.Operator).ByCookie().WithMetadata(OfDesk);
    }

    private static async Task<IResult> SignInAsync(HttpContext context)
    {
        TokenCookie.RequireOwnForm(context);
        var form = await ReadFormAsync(context);
        var name = form["name"].ToString();
        try
        {
            TokenCookie.Set(context, await SignIn.FromFormAsync(context, name, form["password"]));
            return TypedResults.LocalRedirect(Start);
        }
        catch (ProblemException refused) when (refused.Problem is LicensingProblem.NotAuthenticated or LicensingProblem.InvalidField)
        {
            return Page<SignInPage>(context, StatusOf(refused), new { Error = Sentence(refused.Message), Name = name });
        }
    }

    private static async Task<IResult> SignOutAsync(HttpContext context)
    {
        await SignIn.EndAsync(context);
        TokenCookie.Clear(context);
        return TypedResults.LocalRedirect("/operator/sign-in");
    }

    private async Task<IResult> ActivateAsync(HttpContext context)
    {
        var form = await ReadFormAsync(context);
        var groups = DeskGroups.Activation.Read(form);
        var entered = CompanyForm.Entered(form);
        var company = CompanyForm.Read(entered);
        var errors = DeskGroups.Activation.Check(groups, all: true);
        foreach (var (field, error) in company.Check())
            errors.TryAdd(field, error);
        var problem = (Message: errors.Count == 0 ? null : "Some fields are missing or not right; they are marked below.", Status: StatusCodes.Status400BadRequest);
        if (errors.Count == 0)
            try
            {
                return Page<ReadAloudPage>(context, StatusCodes.Status200OK, new
                {
                    Caller = Caller.Of(context).Name,
                    What = "It is activated.",
                    Answer = await telephone.ActivateAsync(groups, company, context.RequestAborted),
                });
            }
            catch (ProblemException refused)
            {
                problem = (Sentence(refused.Message), StatusOf(refused));
            }

        return Page<ActivationPage>(context, problem.Status, new { Caller = Caller.Of(context).Name, Error = problem.Message, Groups = groups, Entered = entered, Errors = errors });
    }

    private async Task<IResult> KeyPackAsync(HttpContext context)
    {
        var form = await ReadFormAsync(context);
        var (server, key) = (DeskGroups.Server.Read(form), DeskGroups.Key.Read(form));
        var (serverText, keyText) = (string.Join('-', server), string.Join('-', key));
        var errors = DeskGroups.Server.Check(server, all: true).Concat(DeskGroups.Key.Check(key, all: true)).ToDictionary();
        var shown = new { Caller = Caller.Of(context).Name, Server = server, Key = key, Errors = errors };
        if (errors.Count > 0)
            return Page<KeyPackPage>(context, StatusCodes.Status400BadRequest, new { shown.Caller, shown.Server, shown.Key, shown.Errors, Error = "Some groups are missing or not right; they are marked below." });
        var asked = $"{serverText}/{keyText}".ToUpperInvariant();
        try
        {
            if (form["redeem"] == asked)
                return Page<ReadAloudPage>(context, StatusCodes.Status200OK, new
                {
                    shown.Caller,
                    What = "The product key is redeemed.",
                    Answer = await telephone.RedeemAsync(serverText, keyText, context.RequestAborted),
                });
            var id = LicenseServerId.TryParse(serverText, out var parsed, out _) ? parsed : null;
            var found = await keys.CheckAsync(ProductKeyProblems.Parse(keyText), id, context.RequestAborted);
            return Page<KeyPackPage>(context, StatusCodes.Status200OK, new { shown.Caller, shown.Server, shown.Key, shown.Errors, Found = found, Asked = asked });
        }
        catch (ProblemException refused)
        {
            return Page<KeyPackPage>(context, StatusOf(refused), new { shown.Caller, shown.Server, shown.Key, shown.Errors, Error = Sentence(refused.Message) });
        }
    }

    private async Task<IResult> DrawAsync(HttpContext context)
    {
        var form = await ReadFormAsync(context);
        var server = DeskGroups.Server.Read(form);
        var errors = DeskGroups.Server.Check(server, all: true);
        var entered = DrawFields.ToDictionary(name => name, name => form[name].ToString().Trim());
        var draw = form["draw"].ToString();
        string? message = null;
        var status = StatusCodes.Status400BadRequest;
        try
        {
            string?[] numbers = entered["number2"].Length == 0 ? [entered["number1"]] : [entered["number1"], entered["number2"]];
            if (draw.Length != DrawRequest.NonceLength * 2 || !draw.All(char.IsAsciiHexDigit))
                throw new ProblemException(LicensingProblem.InvalidField, "the form is not whole; open it again", "draw");
            if (!Enum.TryParse<CalType>(entered["type"], out var type) || !Enum.IsDefined(type) || !CalVersion.TryParse(entered["version"], out var version))
                throw new ProblemException(LicensingProblem.InvalidField, "type and version are chosen from their lists", "version");
            if (!int.TryParse(entered["quantity"], NumberStyles.None, CultureInfo.InvariantCulture, out var quantity))
                throw new ProblemException(LicensingProblem.InvalidField, $"quantity is a number from 1 to {ProductKey.MaxQuantity}", "quantity");
            if (errors.Count == 0)
            {
                var key = await draws.ByTelephoneAsync(
                    new(string.Join('-', server), entered["program"], numbers!, type, version, quantity, Convert.FromHexString(draw)), context.RequestAborted);
                return Page<DrawnPage>(context, StatusCodes.Status200OK, new { Caller = Caller.Of(context).Name, Server = string.Join('-', server).ToUpperInvariant(), Key = key });
            }

            message = "Some groups are missing or not right; they are marked below.";
        }
        catch (ProblemException refused)
        {
            (message, status) = (Sentence(refused.Message), StatusOf(refused));
            if (refused.Field is { } field)
                errors.TryAdd(field, Sentence(refused.Message));
        }

        return Page<AgreementPage>(context, status, new { Caller = Caller.Of(context).Name, Draw = draw, Error = message, Server = server, Entered = entered, Errors = errors });
    }

    // What the script asks as groups are typed: what is wrong, by field.
    private static async Task<IResult> CheckAsync(HttpContext context)
    {
        var form = await ReadFormAsync(context);
        var groups = DeskGroups.Of(form["kind"].ToString());
        return TypedResults.Json(groups.Check(groups.Read(form), all: false));
    }
}
