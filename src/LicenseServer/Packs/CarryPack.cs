using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Telephone;
using Ostiary.Doors;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Packs;

/// <summary>
/// <c>POST /v1/packs/request</c> and <c>POST /v1/packs/answer</c>: a key pack by the clearinghouse's page or by telephone. The pack is the same, byte for
/// byte, by every method.
/// </summary>
internal static class CarryPack
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/packs/request", Request).At(Door.Administration).For(AccountRole.Operator)
            .Takes<ProductKeyRequest>().Answers<CarriedRedemption>("What is carried to the clearinghouse by hand to redeem a product key.");
        routes.MapPost("/v1/packs/answer", Answer).At(Door.Administration).For(AccountRole.Operator)
            .Takes<CarriedRedemptionAnswer>().Answers<PackRecord>("Installs the key pack that came back.");
    }

    private static async Task Request(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.ProductKeyRequest).ConfigureAwait(false);
        var productKey = ProductKeyText.Parse(request.ProductKey);
        var code = new RequestCode(CodeKind.KeyPack, await InstallPack.RequestAsync(context, productKey).ConfigureAwait(false));
        var clearinghouse = context.RequestServices.GetRequiredService<ClearinghouseConnection>();
        var identity = context.RequestServices.GetRequiredService<Ledger>().Identity;
        await Json.WriteAsync(
            context,
            new(identity.Id.Text, code.Text, clearinghouse.Address?.AbsoluteUri, clearinghouse.Root.ExportCertificatePem(), identity.Current.Certificate.ExportCertificatePem()),
            ContractsJson.Default.CarriedRedemption).ConfigureAwait(false);
    }

    private static async Task Answer(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.CarriedRedemptionAnswer).ConfigureAwait(false);
        var productKey = ProductKeyText.Parse(request.ProductKey);
        var pack = await InstallPack.FindAsync(context.RequestServices.GetRequiredService<Ledger>(), productKey, context.RequestAborted).ConfigureAwait(false)
            ?? await InstallAsync(context, request, productKey).ConfigureAwait(false);
        await Json.WriteAsync(context, ListPacks.RecordOf(pack), ContractsJson.Default.PackRecord).ConfigureAwait(false);
    }

    private static async Task<Pack> InstallAsync(HttpContext context, CarriedRedemptionAnswer request, ProductKeyText productKey)
    {
        var issuers = context.RequestServices.GetRequiredService<CarriedIssuers>();
        if (request.Groups is { } groups)
        {
            var answer = KeyPackAnswer.Decode(CarriedIssuers.ReadGroups(SpokenForm.KeyPackAnswer, groups));
            using var issuing = await issuers.FindAsync(answer.KeyId, request.IssuingCertificates, context.RequestAborted).ConfigureAwait(false);
            var identity = context.RequestServices.GetRequiredService<Ledger>().Identity.Current;
            var signed = identity.EverKeys.Select(key => answer.TryAssemble(productKey.Key, identity.Key.Fingerprint, issuing, redeemedBy: key)).FirstOrDefault(assembled => assembled is not null)
                ?? throw new ProblemException(LicensingProblem.SignatureInvalid, "the groups are right, but they are not for this product key on this license server", "groups");
            return await InstallPack.AcceptAsync(context, productKey, signed, issuing).ConfigureAwait(false);
        }

        if (CarriedIssuers.ReadCode(request.ResponseCode).ReadKeyPack() is not { } parts)
            throw new ProblemException(LicensingProblem.InvalidField, "responseCode is not that of a key pack", "responseCode");
        using var sent = await issuers.ReadAsync(parts.IssuingCertificate, context.RequestAborted).ConfigureAwait(false);
        return await InstallPack.AcceptAsync(context, productKey, parts.Statement, sent).ConfigureAwait(false);
    }
}
