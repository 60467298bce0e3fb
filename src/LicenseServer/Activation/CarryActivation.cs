using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Telephone;
using Ostiary.Doors;
using Ostiary.LicenseServer.Status;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Activation;

/// <summary>
/// <c>POST /v1/activation/request</c> and <c>POST /v1/activation/answer</c>: activation by the clearinghouse's page or by telephone. The request is the one
/// that is sent automatically, so methods mix; the answer is checked in the same way.
/// </summary>
internal static class CarryActivation
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/activation/request", Request).At(Door.Administration).For(AccountRole.Administrator)
            .Answers<CarriedActivation>("What is carried to the clearinghouse by hand or read aloud.");
        routes.MapPost("/v1/activation/answer", Answer).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<CarriedActivationAnswer>().Answers<LicenseServerStatus>("Activates the license server with what came back.");
    }

    private static async Task Request(HttpContext context)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var clearinghouse = context.RequestServices.GetRequiredService<ClearinghouseConnection>();
        var encoded = (await Activate.RequestAsync(context).ConfigureAwait(false)).Encode();
        var code = RequestCode.Activation(encoded, ledger.Identity.Key.Sign(ActivateRequest.ToBeProven(encoded)));
        await Json.WriteAsync(
            context, new(ledger.Identity.Id.Text, code.Text, SpokenForm.ActivationRequest.Write(encoded), clearinghouse.Address?.AbsoluteUri, clearinghouse.Root.ExportCertificatePem(),
                context.RequestServices.GetRequiredService<CarriedIssuers>().TelephoneNumbers()),
            ContractsJson.Default.CarriedActivation).ConfigureAwait(false);
    }

    private static async Task Answer(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.CarriedActivationAnswer).ConfigureAwait(false);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        if (!ledger.Identity.Current.IsActivated)
            await ActivateAsync(context, request).ConfigureAwait(false);
        await GetStatus.AnswerAsync(context).ConfigureAwait(false);
    }

    private static async Task ActivateAsync(HttpContext context, CarriedActivationAnswer request)
    {
        var issuers = context.RequestServices.GetRequiredService<CarriedIssuers>();
        var asked = await Activate.RequestAsync(context).ConfigureAwait(false);
        if (request.Groups is { } groups)
        {
            var answer = ActivationAnswer.Decode(CarriedIssuers.ReadGroups(SpokenForm.ActivationAnswer, groups));
            using var issuing = await issuers.FindAsync(answer.KeyId, request.IssuingCertificates, context.RequestAborted).ConfigureAwait(false);
            await Activate.AcceptAsync(context, asked, answer, issuing).ConfigureAwait(false);
            return;
        }

        if (CarriedIssuers.ReadCode(request.ResponseCode).ReadActivation() is not { } parts)
            throw new ProblemException(LicensingProblem.InvalidField, "responseCode is not that of an activation", "responseCode");
        using var sent = await issuers.ReadAsync(parts.IssuingCertificate, context.RequestAborted).ConfigureAwait(false);
        await Activate.AcceptAsync(context, asked, parts.Answer, sent).ConfigureAwait(false);
    }
}
