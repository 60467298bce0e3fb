using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.ProductKeys;

/// <summary><c>POST /v1/product-keys/find</c>, for operators: one product key with its text, while that is kept.</summary>
internal sealed class FindProductKey(Database database, ProductKeySecrets secrets)
{
    public async Task<JsonHttpResult<ProductKeyRecord>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var request = await Json.ReadAsync(context, ContractsJson.Default.FindProductKeyRequest);
        if (request.ProductKey is null == request.Id is null)
            throw new ProblemException(LicensingProblem.InvalidField, "either productKey or id is given", "productKey");
        var hash = request.ProductKey is { } text ? secrets.LookupHash(ProductKeyProblems.Parse(text)) : null;
        var row = await database.ReadAsync(
            store => store.ProductKeys.AsNoTracking().SingleOrDefaultAsync(row => hash == null ? row.Id == request.Id : row.LookupHash == hash, cancellation), cancellation);
        if (row is null)
            throw hash is null ? new ProblemException(LicensingProblem.NotFound, $"there is no product key {request.Id}", "id") : ProductKeyProblems.Unknown();
        return TypedResults.Json(
            ProductKeyRecords.Of(row, row.SealedText is { } sealedText ? secrets.Decrypt(sealedText, row.LookupHash) : null),
            ContractsJson.Default.ProductKeyRecord);
    }
}
