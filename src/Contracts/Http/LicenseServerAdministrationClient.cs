using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Diagnosis;

namespace Ostiary.Contracts.Http;

/// <summary>A license server, as its administrators call it.</summary>
public sealed class LicenseServerAdministrationClient(HttpClient http)
{
    public Task<PublisherAuditHead> PublisherAuditHeadAsync(CancellationToken cancellation)
        => http.GetAsync<PublisherAuditHead>("v1/publisher/audit-head", cancellation);

    public Task<RoleFindings> FindingsAsync(CancellationToken cancellation)
        => http.GetAsync<RoleFindings>("v1/findings", cancellation);

    public Task<DiagnosisBundleAnswer> DiagnosisBundleAsync(CancellationToken cancellation)
        => http.PostAsync<object, DiagnosisBundleAnswer>("v1/diagnosis-bundle", new object(), cancellation);

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

    /// <param name="running">Only sessions that have not ended.</param>
    /// <param name="search">A part of a name, an address or a serial; empty for all.</param>
    /// <param name="after">The cursor of the page before.</param>
    /// <param name="limit">Entries at most.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public Task<Page<HostSessionRecord>> HostSessionsAsync(bool running, string search, string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<HostSessionRecord>>(Query.Page("v1/host-sessions", after, limit) + (running ? "&running=true" : "") + Query.Search(search), cancellation);

    public Task<Page<HostRefusalRecord>> HostRefusalsAsync(string search, string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<HostRefusalRecord>>(Query.Page("v1/host-refusals", after, limit) + Query.Search(search), cancellation);

    public Task<Page<HostStateRecord>> HostStatesAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<HostStateRecord>>(Query.Page("v1/host-states", after, limit), cancellation);

    public Task<UsageReport> UsageAsync(int days, CancellationToken cancellation)
        => http.GetAsync<UsageReport>($"v1/usage?days={days}", cancellation);

    public Task<Page<HostRecord>> HostsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<HostRecord>>(Query.Page("v1/hosts", after, limit), cancellation);

    /// <param name="after">Where the page before ended; null at the beginning.</param>
    /// <param name="limit">Entries at most.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <param name="search">A part of a device's name, an account or a serial; empty for all.</param>
    /// <param name="status">Only of this status; null for all.</param>
    /// <param name="order">How they are ordered.</param>
    public Task<Page<CalRecord>> CalsAsync(string? after, int limit, CancellationToken cancellation, string search = "", CalStatus? status = null, CalOrder order = CalOrder.Oldest)
        => http.GetAsync<Page<CalRecord>>(
            Query.Page("v1/cals", after, limit) + Query.Search(search) + (status is { } only ? "&status=" + KebabCase.Of(only) : "") + (order == CalOrder.Oldest ? "" : "&order=" + KebabCase.Of(order)), cancellation);

    public Task<CalRecord> CalAsync(string serial, CancellationToken cancellation)
        => http.GetAsync<CalRecord>($"v1/cals/{Uri.EscapeDataString(serial)}", cancellation);

    public Task<RevocationRecord> RevocationAsync(string serial, CancellationToken cancellation)
        => http.GetAsync<RevocationRecord>($"v1/cals/{serial}/revocation", cancellation);

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

    public Task<Page<HostGroupRecord>> HostGroupsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<HostGroupRecord>>(Query.Page("v1/host-groups", after, limit), cancellation);

    public Task<HostGroupRecord> SetHostGroupAsync(string name, SetHostGroupRequest request, CancellationToken cancellation)
        => http.PutAsync<SetHostGroupRequest, HostGroupRecord>($"v1/host-groups/{Uri.EscapeDataString(name)}", request, cancellation);

    public Task<HostGroupRecord> RemoveHostGroupAsync(string name, CancellationToken cancellation)
        => http.DeleteAsync<HostGroupRecord>($"v1/host-groups/{Uri.EscapeDataString(name)}", cancellation);

    public Task<PolicyRecord> UpdatePolicyAsync(CancellationToken cancellation)
        => http.PostAsync<object, PolicyRecord>("v1/policy/update", new object(), cancellation);
}
