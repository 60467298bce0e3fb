using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Doors;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Packs;

/// <summary><c>POST /v1/packs/check</c>: what a product key is, without spending it.</summary>
internal static class CheckPack
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/packs/check", Handle).At(Door.Administration).For(AccountRole.Operator)
        .Takes<ProductKeyRequest>().Answers<CheckProductKeyResponse>("What a product key is for; spends nothing.");

    private static async Task Handle(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.ProductKeyRequest).ConfigureAwait(false);
        var productKey = ProductKeyText.Parse(request.ProductKey);
        var clearinghouse = context.RequestServices.GetRequiredService<ClearinghouseConnection>();
        var own = context.RequestServices.GetRequiredService<Ledger>().Identity.Id.Text;
        var answer = await clearinghouse.Client.CheckProductKeyAsync(new(productKey.Spelling, own), context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, answer, ContractsJson.Default.CheckProductKeyResponse).ConfigureAwait(false);
    }
}
