using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;

namespace Ostiary.Clearinghouse.Operations;

/// <summary><c>GET /v1/status</c>, for operators.</summary>
internal sealed class ShowStatus(Database database, Issuers issuers, ListeningAddress address)
{
    public async Task<JsonHttpResult<ClearinghouseStatus>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var reachable = await issuers.TryRefreshAsync(cancellation);
        var counts = await database.ReadAsync(
            async store => (
                Activations: await store.Activations.LongCountAsync(row => row.Signature != null, cancellation),
                Minted: await store.ProductKeys.LongCountAsync(cancellation),
                Redeemed: await store.ProductKeys.LongCountAsync(row => row.RedeemedAt != null, cancellation)),
            cancellation);
        var issuing = issuers.Current;
        return TypedResults.Json(
            new ClearinghouseStatus(
                address.Public.AbsoluteUri, RootCeremony.PublisherOf(issuers.Root), KeyFingerprint.Of(issuers.Root).Hex, KeyFingerprint.Of(issuing).Hex,
                IssuingKey.SignsUntil(issuing), counts.Activations, counts.Minted, counts.Redeemed, reachable),
            ContractsJson.Default.ClearinghouseStatus);
    }
}
