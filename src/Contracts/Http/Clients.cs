using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Licensing;

namespace Ostiary.Contracts.Http;

/// <summary>A clearinghouse, as a license server calls it. The TLS of <paramref name="http"/> is the caller's to check.</summary>
public sealed class ClearinghouseClient(HttpClient http)
{
    public Task<ActivateResponse> ActivateAsync(ActivateRequest request, CancellationToken cancellation)
        => http.PostAsync<ActivateRequest, ActivateResponse>("v1/activations", request, cancellation);

    public Task<CheckProductKeyResponse> CheckProductKeyAsync(CheckProductKeyRequest request, CancellationToken cancellation)
        => http.PostAsync<CheckProductKeyRequest, CheckProductKeyResponse>("v1/product-keys/check", request, cancellation);

    public Task<RedeemResponse> RedeemAsync(RedeemRequest request, CancellationToken cancellation)
        => http.PostAsync<RedeemRequest, RedeemResponse>("v1/key-packs", request, cancellation);
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
}

/// <summary>A clearinghouse, as its operators call it.</summary>
public sealed class ClearinghouseAdministrationClient(HttpClient http)
{
    public Task<ClearinghouseStatus> StatusAsync(CancellationToken cancellation)
        => http.GetAsync<ClearinghouseStatus>("v1/status", cancellation);

    public Task<MintResponse> MintAsync(MintRequest request, CancellationToken cancellation)
        => http.PostAsync<MintRequest, MintResponse>("v1/product-keys", request, cancellation);

    public Task<ProductKeyRecord> FindProductKeyAsync(FindProductKeyRequest request, CancellationToken cancellation)
        => http.PostAsync<FindProductKeyRequest, ProductKeyRecord>("v1/product-keys/find", request, cancellation);

    public Task<Page<ProductKeyRecord>> ProductKeysAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<ProductKeyRecord>>(Query.Page("v1/product-keys", after, limit), cancellation);
}

/// <summary>A license server, as its administrators call it.</summary>
public sealed class LicenseServerAdministrationClient(HttpClient http)
{
    public Task<LicenseServerStatus> StatusAsync(CancellationToken cancellation)
        => http.GetAsync<LicenseServerStatus>("v1/status", cancellation);

    public Task<LicenseServerStatus> ActivateAsync(ActivateServerRequest request, CancellationToken cancellation)
        => http.PostAsync<ActivateServerRequest, LicenseServerStatus>("v1/activation", request, cancellation);

    public Task<CheckProductKeyResponse> CheckPackAsync(ProductKeyRequest request, CancellationToken cancellation)
        => http.PostAsync<ProductKeyRequest, CheckProductKeyResponse>("v1/packs/check", request, cancellation);

    public Task<PackRecord> InstallPackAsync(ProductKeyRequest request, CancellationToken cancellation)
        => http.PostAsync<ProductKeyRequest, PackRecord>("v1/packs", request, cancellation);

    public Task<Page<PackRecord>> PacksAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<PackRecord>>(Query.Page("v1/packs", after, limit), cancellation);

    public Task<InviteResponse> InviteAsync(InviteRequest request, CancellationToken cancellation)
        => http.PostAsync<InviteRequest, InviteResponse>("v1/invitations", request, cancellation);

    public Task<Page<HostRecord>> HostsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<HostRecord>>(Query.Page("v1/hosts", after, limit), cancellation);

    public Task<Page<CalRecord>> CalsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<CalRecord>>(Query.Page("v1/cals", after, limit), cancellation);

    public Task<CalRecord> CalAsync(string serial, CancellationToken cancellation)
        => http.GetAsync<CalRecord>($"v1/cals/{Uri.EscapeDataString(serial)}", cancellation);

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
