using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.ProductKeys;

/// <summary><c>GET /v1/product-keys?after=&amp;limit=</c>, for operators: product keys by number, without their texts.</summary>
internal sealed class ListProductKeys(Database database)
{
    public async Task<JsonHttpResult<Page<ProductKeyRecord>>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var limit = Json.Limit(context);
        var after = Json.After(context) is not { } text ? 0
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Json.NotACursor();
        // One more than asked for says whether there is a next page.
        var rows = await database.ReadAsync(
            store => store.ProductKeys.AsNoTracking().Where(row => row.Id > after).OrderBy(row => row.Id).Take(limit + 1).ToListAsync(cancellation), cancellation);
        var next = rows.Count > limit ? rows[limit - 1].Id.ToString(CultureInfo.InvariantCulture) : null;
        return TypedResults.Json(
            new Page<ProductKeyRecord>([.. rows.Take(limit).Select(row => ProductKeyRecords.Of(row, null))], next),
            ContractsJson.Default.PageProductKeyRecord);
    }
}
