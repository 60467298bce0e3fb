using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Trust;

namespace Ostiary.Contracts.Http;

/// <summary>A clearinghouse, as a license server calls it. The TLS of <paramref name="http"/> is the caller's to check.</summary>
public sealed class ClearinghouseClient(HttpClient http)
{
    public Task<ActivateResponse> ActivateAsync(ActivateRequest request, CancellationToken cancellation)
        => http.PostAsync<ActivateRequest, ActivateResponse>("v1/activations", request, cancellation);

    public Task<ReactivateResponse> ReactivateAsync(ReactivateRequest request, CancellationToken cancellation)
        => http.PostAsync<ReactivateRequest, ReactivateResponse>("v1/reactivations", request, cancellation);

    public Task<DeactivateResponse> DeactivateAsync(DeactivateRequest request, CancellationToken cancellation)
        => http.PostAsync<DeactivateRequest, DeactivateResponse>("v1/deactivations", request, cancellation);

    public Task<CheckProductKeyResponse> CheckProductKeyAsync(CheckProductKeyRequest request, CancellationToken cancellation)
        => http.PostAsync<CheckProductKeyRequest, CheckProductKeyResponse>("v1/product-keys/check", request, cancellation);

    public Task<RedeemResponse> RedeemAsync(RedeemRequest request, CancellationToken cancellation)
        => http.PostAsync<RedeemRequest, RedeemResponse>("v1/key-packs", request, cancellation);

    public Task<DrawCalsResponse> DrawAsync(DrawCalsRequest request, CancellationToken cancellation)
        => http.PostAsync<DrawCalsRequest, DrawCalsResponse>("v1/draws", request, cancellation);

    public Task<ClearinghouseTimeAnswer> TimeAsync(TimeRequest request, CancellationToken cancellation)
        => http.PostAsync<TimeRequest, ClearinghouseTimeAnswer>("v1/time", request, cancellation);

    public Task<TrustDocuments> TrustAsync(CancellationToken cancellation)
        => http.GetAsync<TrustDocuments>("v1/trust", cancellation);

    public Task<AuditHeadDocument> AuditHeadAsync(CancellationToken cancellation)
        => http.GetAsync<AuditHeadDocument>("v1/audit-head", cancellation);

    public Task<ReplacementAnswer> ReplaceAsync(ReplacementRequest request, CancellationToken cancellation)
        => http.PostAsync<ReplacementRequest, ReplacementAnswer>("v1/replacements", request, cancellation);

    public Task<MovePacksResponse> MovePacksAsync(MovePacksRequest request, CancellationToken cancellation)
        => http.PostAsync<MovePacksRequest, MovePacksResponse>("v1/key-packs/transfers", request, cancellation);

    public Task<UndoTransferRequest> UndoTransferAsync(UndoTransferRequest request, CancellationToken cancellation)
        => http.PostAsync<UndoTransferRequest, UndoTransferRequest>("v1/key-packs/transfers/undo", request, cancellation);

    public Task<SucceedResponse> SucceedAsync(SucceedRequest request, CancellationToken cancellation)
        => http.PostAsync<SucceedRequest, SucceedResponse>("v1/successions", request, cancellation);
}
