using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Trust;

namespace Ostiary.Contracts.Http;

/// <summary>A clearinghouse, as its operators call it.</summary>
public sealed class ClearinghouseAdministrationClient(HttpClient http)
{
    public Task<ClearinghouseStatus> StatusAsync(CancellationToken cancellation)
        => http.GetAsync<ClearinghouseStatus>("v1/status", cancellation);

    public Task<MintResponse> MintAsync(MintRequest request, CancellationToken cancellation)
        => http.PostAsync<MintRequest, MintResponse>("v1/product-keys", request, cancellation);

    public Task<TelephoneAnswer> TelephoneActivationAsync(TelephoneActivationRequest request, CancellationToken cancellation)
        => http.PostAsync<TelephoneActivationRequest, TelephoneAnswer>("v1/telephone/activations", request, cancellation);

    public Task<TelephoneAnswer> TelephoneRedemptionAsync(TelephoneRedemptionRequest request, CancellationToken cancellation)
        => http.PostAsync<TelephoneRedemptionRequest, TelephoneAnswer>("v1/telephone/key-packs", request, cancellation);

    public Task<ClearinghouseRevocationRecord> RevokeAsync(RevokeLicenseServerRequest request, CancellationToken cancellation)
        => http.PostAsync<RevokeLicenseServerRequest, ClearinghouseRevocationRecord>("v1/revocations/license-servers", request, cancellation);

    public Task<ClearinghouseRevocationRecord> RevokeAsync(RevokeKeyPackRequest request, CancellationToken cancellation)
        => http.PostAsync<RevokeKeyPackRequest, ClearinghouseRevocationRecord>("v1/revocations/key-packs", request, cancellation);

    public Task<SuccessionRecord> SucceedAsync(string licenseServerId, SucceedServerRequest request, CancellationToken cancellation)
        => http.PostAsync<SucceedServerRequest, SuccessionRecord>($"v1/license-servers/{Uri.EscapeDataString(licenseServerId)}/succession", request, cancellation);

    public Task<Page<RevocationEntry>> RevocationsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<RevocationEntry>>(Query.Page("v1/revocations", after, limit), cancellation);

    public Task<LiftedRevocationRecord> LiftRevocationAsync(long number, LiftRevocationRequest request, CancellationToken cancellation)
        => http.PostAsync<LiftRevocationRequest, LiftedRevocationRecord>($"v1/revocations/{number}/lift", request, cancellation);

    public Task<TrustDocuments> TrustAsync(CancellationToken cancellation)
        => http.GetAsync<TrustDocuments>("v1/trust/documents", cancellation);

    public Task<ExtendGraceResponse> ExtendGraceAsync(ExtendGraceRequest request, CancellationToken cancellation)
        => http.PostAsync<ExtendGraceRequest, ExtendGraceResponse>("v1/grace-extensions", request, cancellation);

    public Task<ProductKeyRecord> FindProductKeyAsync(FindProductKeyRequest request, CancellationToken cancellation)
        => http.PostAsync<FindProductKeyRequest, ProductKeyRecord>("v1/product-keys/find", request, cancellation);

    public Task<TransferRecord> TransferAsync(TransferRequest request, CancellationToken cancellation)
        => http.PostAsync<TransferRequest, TransferRecord>("v1/transfers", request, cancellation);

    public Task<Page<ActivatedServerRecord>> LicenseServersAsync(string? search, string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<ActivatedServerRecord>>(Query.Page("v1/license-servers", after, limit) + (search is null ? "" : "&search=" + Uri.EscapeDataString(search)), cancellation);

    public Task<CustomerExport> ExportCustomerAsync(string licenseServerId, CancellationToken cancellation)
        => http.GetAsync<CustomerExport>($"v1/license-servers/{Uri.EscapeDataString(licenseServerId)}/export", cancellation);

    public Task<ActivatedServerRecord> ChangeCompanyAsync(string licenseServerId, Activation.CompanyInformation company, CancellationToken cancellation)
        => http.PutAsync<ChangeCompanyRequest, ActivatedServerRecord>($"v1/license-servers/{Uri.EscapeDataString(licenseServerId)}/company", new(company), cancellation);

    public Task<ActivatedServerRecord> EraseCompanyAsync(string licenseServerId, CancellationToken cancellation)
        => http.DeleteAsync<ActivatedServerRecord>($"v1/license-servers/{Uri.EscapeDataString(licenseServerId)}/company", cancellation);

    public Task<AgreementRecord> AddAgreementAsync(AddAgreementRequest request, CancellationToken cancellation)
        => http.PostAsync<AddAgreementRequest, AgreementRecord>("v1/agreements", request, cancellation);

    public Task<Page<AgreementRecord>> AgreementsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<AgreementRecord>>(Query.Page("v1/agreements", after, limit), cancellation);

    public Task<AgreementRecord> AgreementAsync(long id, CancellationToken cancellation)
        => http.GetAsync<AgreementRecord>($"v1/agreements/{id}", cancellation);

    public Task<AgreementRecord> ChangeAgreementAsync(long id, ChangeAgreementRequest request, CancellationToken cancellation)
        => http.PutAsync<ChangeAgreementRequest, AgreementRecord>($"v1/agreements/{id}", request, cancellation);

    public Task<Page<DrawRecord>> DrawsAsync(long agreement, string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<DrawRecord>>(Query.Page($"v1/agreements/{agreement}/draws", after, limit), cancellation);

    public Task<DrawRecord> ReleaseDrawAsync(long number, CancellationToken cancellation)
        => http.PostAsync<ReleaseDrawRequest, DrawRecord>("v1/draws/release", new(number), cancellation);

    public Task<ProductKeyRecord> TelephoneDrawAsync(TelephoneDrawRequest request, CancellationToken cancellation)
        => http.PostAsync<TelephoneDrawRequest, ProductKeyRecord>("v1/telephone/draws", request, cancellation);

    public Task<Page<ClearinghouseAuditRecord>> AuditAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<ClearinghouseAuditRecord>>(Query.Page("v1/audit", after, limit), cancellation);

    public Task<ClearinghouseAuditVerification> VerifyAuditAsync(CancellationToken cancellation)
        => http.GetAsync<ClearinghouseAuditVerification>("v1/audit/verification", cancellation);

    /// <summary>Likewise, and compares the chain with what others have kept of it.</summary>
    public Task<ClearinghouseAuditVerification> VerifyAuditAsync(VerifyAuditRequest request, CancellationToken cancellation)
        => http.PostAsync<VerifyAuditRequest, ClearinghouseAuditVerification>("v1/audit/verification", request, cancellation);

    public Task<Page<ProductKeyRecord>> ProductKeysAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<ProductKeyRecord>>(Query.Page("v1/product-keys", after, limit), cancellation);
}
