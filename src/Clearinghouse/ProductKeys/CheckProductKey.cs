using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.ProductKeys;

/// <summary><c>POST /v1/product-keys/check</c>: what a product key is good for. Spends nothing.</summary>
internal sealed class CheckProductKey(Database database, ProductKeySecrets secrets, WrongKeys wrong)
{
    public async Task<JsonHttpResult<CheckProductKeyResponse>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var body = await Json.ReadAsync(context, ContractsJson.Default.CheckProductKeyRequest);
        LicenseServerId? licenseServer = null;
        if (body.LicenseServerId is { } id && !LicenseServerId.TryParse(id, out licenseServer, out var error))
            throw new ProblemException(LicensingProblem.InvalidField, error, "licenseServerId");
        var productKey = ProductKeyProblems.Parse(Json.Require(body.ProductKey, "productKey"));
        return TypedResults.Json(await CheckAsync(productKey, licenseServer, cancellation), ContractsJson.Default.CheckProductKeyResponse);
    }

    /// <summary>What a product key is for, and whether it can be installed on the license server that asks.</summary>
    /// <exception cref="ProblemException">It was never minted here.</exception>
    public async Task<CheckProductKeyResponse> CheckAsync(ProductKey productKey, LicenseServerId? licenseServer, CancellationToken cancellation)
    {
        var hash = secrets.LookupHash(productKey);
        var row = await database.ReadAsync(
            store => store.ProductKeys.AsNoTracking().SingleOrDefaultAsync(row => row.LookupHash == hash, cancellation), cancellation);
        if (row is null)
        {
            await wrong.WaitAsync(productKey, licenseServer, cancellation);
            throw ProductKeyProblems.Unknown();
        }

        ProductKeyProblems.RequireDrawn(row);
        if (row.GivenBackAt is { } given)
            throw ProductKeyProblems.GivenBack(given);
        return new(StateOf(row, licenseServer), row.Type, row.Version, row.Quantity, row.Program);
    }

    private static ProductKeyState StateOf(ProductKeyRow row, LicenseServerId? asking) => row.RedeemedBy switch
    {
        null when row.BoundTo is { } drawnFor && drawnFor != asking?.Text => ProductKeyState.RedeemedElsewhere,
        null => ProductKeyState.Available,
        var by when by == asking?.Text => ProductKeyState.RedeemedHere,
        _ => ProductKeyState.RedeemedElsewhere,
    };
}
