using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
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

/// <summary>A license server, as a session host calls it.</summary>
public sealed class LicenseServerClient(HttpClient http)
{
    public Task<Membership> JoinAsync(JoinRequest request, CancellationToken cancellation)
        => http.PostAsync<JoinRequest, Membership>("v1/hosts/join", request, cancellation);

    public Task<Membership> RenewAsync(CancellationToken cancellation)
        => http.PostAsync<object, Membership>("v1/hosts/renew", new object(), cancellation);

    public Task<DeviceCalAnswer> RequestDeviceCalAsync(DeviceCalRequest request, CancellationToken cancellation)
        => http.PostAsync<DeviceCalRequest, DeviceCalAnswer>("v1/device-cals", request, cancellation);

    public Task<ValidationAnswer> ValidateAsync(ValidationRequest request, CancellationToken cancellation)
        => http.PostAsync<ValidationRequest, ValidationAnswer>("v1/validations", request, cancellation);

    public Task<UserCalAnswer> RequestUserCalAsync(UserCalRequest request, CancellationToken cancellation)
        => http.PostAsync<UserCalRequest, UserCalAnswer>("v1/user-cals", request, cancellation);

    public Task ReportSessionsAsync(SessionReport request, CancellationToken cancellation)
        => http.PostAsync<SessionReport, object>("v1/sessions", request, cancellation);

    public Task<RecoveryAnswer> RecoverAsync(RecoveryReport request, CancellationToken cancellation)
        => http.PostAsync<RecoveryReport, RecoveryAnswer>("v1/recovery", request, cancellation);

    public Task<GraceCopyAnswer> KeepGraceAsync(GraceCopyRequest request, CancellationToken cancellation)
        => http.PostAsync<GraceCopyRequest, GraceCopyAnswer>("v1/grace", request, cancellation);

    public Task<TimeAnswer> TimeAsync(TimeRequest request, CancellationToken cancellation)
        => http.PostAsync<TimeRequest, TimeAnswer>("v1/time", request, cancellation);

    public Task<RevocationAnswer> RevocationsAsync(long after, int waitSeconds, CancellationToken cancellation, string? trust = null, string? successions = null)
        => http.GetAsync<RevocationAnswer>(
            $"v1/revocations?after={after}&wait={waitSeconds}{(trust is null ? "" : "&trust=" + Uri.EscapeDataString(trust))}{(successions is null ? "" : "&successions=" + Uri.EscapeDataString(successions))}",
            cancellation);

    public Task<TrustDocuments> TrustAsync(CancellationToken cancellation)
        => http.GetAsync<TrustDocuments>("v1/trust", cancellation);

    public Task<SuccessionDocuments> SuccessionsAsync(CancellationToken cancellation)
        => http.GetAsync<SuccessionDocuments>("v1/successions", cancellation);
}

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

/// <summary>A license server, as its administrators call it.</summary>
public sealed class LicenseServerAdministrationClient(HttpClient http)
{
    public Task<PublisherAuditHead> PublisherAuditHeadAsync(CancellationToken cancellation)
        => http.GetAsync<PublisherAuditHead>("v1/publisher/audit-head", cancellation);

    public Task<LicenseServerStatus> StatusAsync(CancellationToken cancellation)
        => http.GetAsync<LicenseServerStatus>("v1/status", cancellation);

    public Task<TransferFile> TransferAsync(TransferPacksRequest request, CancellationToken cancellation)
        => http.PostAsync<TransferPacksRequest, TransferFile>("v1/transfers", request, cancellation);

    public Task<TransferUndone> UndoTransferAsync(Guid packId, CancellationToken cancellation)
        => http.DeleteAsync<TransferUndone>($"v1/transfers/{packId}", cancellation);

    public Task<ReceptionRecord> ReceiveAsync(TransferFile file, CancellationToken cancellation)
        => http.PostAsync<TransferFile, ReceptionRecord>("v1/receptions", file, cancellation);

    public Task<LicenseServerStatus> SucceedAsync(SucceedKeyRequest request, CancellationToken cancellation)
        => http.PostAsync<SucceedKeyRequest, LicenseServerStatus>("v1/succession", request, cancellation);

    public Task<LicenseServerStatus> ActivateAsync(ActivateServerRequest request, CancellationToken cancellation)
        => http.PostAsync<ActivateServerRequest, LicenseServerStatus>("v1/activation", request, cancellation);

    public Task<CarriedActivation> ActivationRequestAsync(CancellationToken cancellation)
        => http.PostAsync<object, CarriedActivation>("v1/activation/request", new object(), cancellation);

    public Task<LicenseServerStatus> ActivationAnswerAsync(CarriedActivationAnswer request, CancellationToken cancellation)
        => http.PostAsync<CarriedActivationAnswer, LicenseServerStatus>("v1/activation/answer", request, cancellation);

    public Task<ReactivationProgress> ReactivateAsync(ReactivateServerRequest request, CancellationToken cancellation)
        => http.PostAsync<ReactivateServerRequest, ReactivationProgress>("v1/reactivation", request, cancellation);

    public Task<CarriedExchange> ReactivationRequestAsync(CarriedReactivationRequest request, CancellationToken cancellation)
        => http.PostAsync<CarriedReactivationRequest, CarriedExchange>("v1/reactivation/request", request, cancellation);

    public Task<ReactivationProgress> ReactivationAnswerAsync(CarriedResponse request, CancellationToken cancellation)
        => http.PostAsync<CarriedResponse, ReactivationProgress>("v1/reactivation/answer", request, cancellation);

    public Task<LicenseServerStatus> DeactivateAsync(DeactivateServerRequest request, CancellationToken cancellation)
        => http.PostAsync<DeactivateServerRequest, LicenseServerStatus>("v1/deactivation", request, cancellation);

    public Task<CarriedExchange> DeactivationRequestAsync(CancellationToken cancellation)
        => http.PostAsync<BeginDeactivationRequest, CarriedExchange>("v1/deactivation/request", new(true), cancellation);

    public Task<LicenseServerStatus> DeactivationAnswerAsync(CarriedResponse request, CancellationToken cancellation)
        => http.PostAsync<CarriedResponse, LicenseServerStatus>("v1/deactivation/answer", request, cancellation);

    public Task<InstalledTrust> InstallTrustAsync(InstallTrustRequest request, CancellationToken cancellation)
        => http.PostAsync<InstallTrustRequest, InstalledTrust>("v1/trust", request, cancellation);

    public Task<CarriedRedemption> PackRequestAsync(ProductKeyRequest request, CancellationToken cancellation)
        => http.PostAsync<ProductKeyRequest, CarriedRedemption>("v1/packs/request", request, cancellation);

    public Task<PackRecord> PackAnswerAsync(CarriedRedemptionAnswer request, CancellationToken cancellation)
        => http.PostAsync<CarriedRedemptionAnswer, PackRecord>("v1/packs/answer", request, cancellation);

    public Task<PackRecord> DrawPackAsync(DrawPackRequest request, CancellationToken cancellation)
        => http.PostAsync<DrawPackRequest, PackRecord>("v1/packs/draws", request, cancellation);

    public Task<CarriedRedemption> DrawRequestAsync(DrawPackRequest request, CancellationToken cancellation)
        => http.PostAsync<DrawPackRequest, CarriedRedemption>("v1/packs/draws/request", request, cancellation);

    public Task<PackRecord> DrawAnswerAsync(CarriedDrawAnswer request, CancellationToken cancellation)
        => http.PostAsync<CarriedDrawAnswer, PackRecord>("v1/packs/draws/answer", request, cancellation);

    public Task<CheckProductKeyResponse> CheckPackAsync(ProductKeyRequest request, CancellationToken cancellation)
        => http.PostAsync<ProductKeyRequest, CheckProductKeyResponse>("v1/packs/check", request, cancellation);

    public Task<PackRecord> InstallPackAsync(ProductKeyRequest request, CancellationToken cancellation)
        => http.PostAsync<ProductKeyRequest, PackRecord>("v1/packs", request, cancellation);

    public Task<Page<PackRecord>> PacksAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<PackRecord>>(Query.Page("v1/packs", after, limit), cancellation);

    public Task<PackRecord> ConvertPackAsync(Guid packId, ConvertPackRequest request, CancellationToken cancellation)
        => http.PostAsync<ConvertPackRequest, PackRecord>($"v1/packs/{packId}/conversion", request, cancellation);

    public Task<PackRemoval> RemovePackAsync(Guid packId, bool force, CancellationToken cancellation)
        => http.DeleteAsync<PackRemoval>($"v1/packs/{packId}?force={(force ? "true" : "false")}", cancellation);

    public Task<Page<UserCalRecord>> UserCalsAsync(string? search, string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<UserCalRecord>>(Query.Page("v1/user-cals", after, limit) + (search is null ? "" : "&search=" + Uri.EscapeDataString(search)), cancellation);

    public Task<UserCalRecord> UserCalAsync(string serial, CancellationToken cancellation)
        => http.GetAsync<UserCalRecord>($"v1/user-cals/{Uri.EscapeDataString(serial)}", cancellation);

    public Task<UserCalRecord> ReleaseUserCalAsync(string serial, ReleaseUserCalRequest request, CancellationToken cancellation)
        => http.PostAsync<ReleaseUserCalRequest, UserCalRecord>($"v1/user-cals/{Uri.EscapeDataString(serial)}/release", request, cancellation);

    public Task<UserCalRecord> RenameUserCalAsync(string serial, RenameUserCalRequest request, CancellationToken cancellation)
        => http.PostAsync<RenameUserCalRequest, UserCalRecord>($"v1/user-cals/{Uri.EscapeDataString(serial)}/rename", request, cancellation);

    public Task<PolicyRecord> PolicyAsync(CancellationToken cancellation)
        => http.GetAsync<PolicyRecord>("v1/policy", cancellation);

    public Task<PolicyRecord> SetPolicyAsync(SetPolicyRequest request, CancellationToken cancellation)
        => http.PutAsync<SetPolicyRequest, PolicyRecord>("v1/policy", request, cancellation);

    public Task<PolicyRecord> BreakGlassAsync(BreakGlassRequest request, CancellationToken cancellation)
        => http.PostAsync<BreakGlassRequest, PolicyRecord>("v1/break-glass", request, cancellation);

    public Task<InviteResponse> InviteAsync(InviteRequest request, CancellationToken cancellation)
        => http.PostAsync<InviteRequest, InviteResponse>("v1/invitations", request, cancellation);

    public Task<Page<HostRecord>> HostsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<HostRecord>>(Query.Page("v1/hosts", after, limit), cancellation);

    public Task<Page<CalRecord>> CalsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<CalRecord>>(Query.Page("v1/cals", after, limit), cancellation);

    public Task<CalRecord> CalAsync(string serial, CancellationToken cancellation)
        => http.GetAsync<CalRecord>($"v1/cals/{Uri.EscapeDataString(serial)}", cancellation);

    public Task<RevocationRecord> RevokeAsync(string serial, RevokeRequest request, CancellationToken cancellation)
        => http.PostAsync<RevokeRequest, RevocationRecord>($"v1/cals/{Uri.EscapeDataString(serial)}/revocation", request, cancellation);

    public Task<RevocationRecord> LiftRevocationAsync(string serial, CancellationToken cancellation)
        => http.DeleteAsync<RevocationRecord>($"v1/cals/{Uri.EscapeDataString(serial)}/revocation", cancellation);

    /// <param name="after">Where the page before ended; null at the beginning.</param>
    /// <param name="limit">1 to 1,000.</param>
    /// <param name="flagged">A flag's kebab-case name, or any; null for all devices.</param>
    /// <param name="cancellation">Ends the call.</param>
    public Task<Page<DeviceRecord>> DevicesAsync(string? after, int limit, string? flagged, CancellationToken cancellation)
        => http.GetAsync<Page<DeviceRecord>>(Query.Page("v1/devices", after, limit) + (flagged is null ? "" : "&flagged=" + Uri.EscapeDataString(flagged)), cancellation);

    public Task<DeviceRecord> DeviceAsync(Guid device, CancellationToken cancellation)
        => http.GetAsync<DeviceRecord>($"v1/devices/{device}", cancellation);

    public Task<MergedDevices> MergeDevicesAsync(Guid device, MergeDevicesRequest request, CancellationToken cancellation)
        => http.PostAsync<MergeDevicesRequest, MergedDevices>($"v1/devices/{device}/merge", request, cancellation);

    public Task<SplitDevices> SplitDeviceAsync(Guid device, SplitDeviceRequest request, CancellationToken cancellation)
        => http.PostAsync<SplitDeviceRequest, SplitDevices>($"v1/devices/{device}/split", request, cancellation);

    public Task<ClockStatus> ClockAsync(CancellationToken cancellation)
        => http.GetAsync<ClockStatus>("v1/clock", cancellation);

    public Task<ClockStatus> ConfirmClockAsync(CancellationToken cancellation)
        => http.PostAsync<object, ClockStatus>("v1/clock", new object(), cancellation);

    public Task<Explanation> ExplainAsync(ExplainDecisionRequest request, CancellationToken cancellation)
        => http.PostAsync<ExplainDecisionRequest, Explanation>("v1/explanation", request, cancellation);

    public Task<HostRecord> ChangeHostAsync(Guid hostId, ChangeHostRequest request, CancellationToken cancellation)
        => http.PutAsync<ChangeHostRequest, HostRecord>($"v1/hosts/{hostId}", request, cancellation);

    public Task<RemovedHost> RemoveHostAsync(Guid hostId, DateTimeOffset? undoSince, CancellationToken cancellation)
        => http.DeleteAsync<RemovedHost>($"v1/hosts/{hostId}{(undoSince is { } since ? "?undoSince=" + Uri.EscapeDataString(since.ToString("O")) : "")}", cancellation);

    public Task<AuditVerification> VerifyAuditAsync(CancellationToken cancellation)
        => http.GetAsync<AuditVerification>("v1/audit/verification", cancellation);

    public Task<Page<AuditRecord>> AuditAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<AuditRecord>>(Query.Page("v1/audit", after, limit), cancellation);
}

/// <summary>A session host, as its administrators call it.</summary>
public sealed class SessionHostAdministrationClient(HttpClient http)
{
    public Task<SessionHostStatus> StatusAsync(CancellationToken cancellation)
        => http.GetAsync<SessionHostStatus>("v1/status", cancellation);

    public Task<SessionHostStatus> JoinAsync(JoinServerRequest request, CancellationToken cancellation)
        => http.PostAsync<JoinServerRequest, SessionHostStatus>("v1/membership", request, cancellation);

    public Task<GraceStatus> GraceAsync(CancellationToken cancellation)
        => http.GetAsync<GraceStatus>("v1/grace", cancellation);

    public Task<GraceStatus> InstallExtensionAsync(InstallExtensionRequest request, CancellationToken cancellation)
        => http.PostAsync<InstallExtensionRequest, GraceStatus>("v1/grace-extensions", request, cancellation);

    public Task<ClockStatus> ClockAsync(CancellationToken cancellation)
        => http.GetAsync<ClockStatus>("v1/clock", cancellation);

    public Task<ClockStatus> ConfirmClockAsync(CancellationToken cancellation)
        => http.PostAsync<object, ClockStatus>("v1/clock", new object(), cancellation);

    public Task<ObservationReport> ObservationAsync(int days, CancellationToken cancellation)
        => http.GetAsync<ObservationReport>($"v1/observation?days={days}", cancellation);

    public Task<Explanation> ExplainAsync(ExplanationRequest request, CancellationToken cancellation)
        => http.PostAsync<ExplanationRequest, Explanation>("v1/explanation", request, cancellation);

    public Task<Page<SessionRecord>> SessionsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<SessionRecord>>(Query.Page("v1/sessions", after, limit), cancellation);

    public Task<Page<RefusalRecord>> RefusalsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<RefusalRecord>>(Query.Page("v1/refusals", after, limit), cancellation);
}

/// <summary>Query strings of lists.</summary>
internal static class Query
{
    public static string Page(string path, string? after, int limit)
        => $"{path}?limit={limit}{(after is null ? "" : "&after=" + Uri.EscapeDataString(after))}";
}
