using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Clearinghouse.Revocations;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Trust;

namespace Ostiary.Clearinghouse.Trust;

/// <summary><c>GET /v1/trust</c>, and <c>GET /v1/trust/documents</c> for operators: roots, cross certificates, withdrawn issuing keys and the revocation list, as they are signed.</summary>
internal sealed class ShowTrust(PublishedTrust trust, RevocationLists revocations)
{
    public async Task<JsonHttpResult<TrustDocuments>> HandleAsync(HttpContext context)
    {
        trust.Refresh();
        var documents = trust.Current.ToDocuments();
        return TypedResults.Json(
            await revocations.NewestAsync(context.RequestAborted) is var (list, issuer) ? documents with { Revocations = list, RevocationsIssuer = issuer } : documents,
            ContractsJson.Default.TrustDocuments);
    }
}
