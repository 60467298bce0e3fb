using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Diagnosis;

namespace Ostiary.Contracts.Http;

/// <summary>A session host, as its administrators call it.</summary>
public sealed class SessionHostAdministrationClient(HttpClient http)
{
    public Task<SessionHostStatus> StatusAsync(CancellationToken cancellation)
        => http.GetAsync<SessionHostStatus>("v1/status", cancellation);

    public Task<RoleFindings> FindingsAsync(CancellationToken cancellation)
        => http.GetAsync<RoleFindings>("v1/findings", cancellation);

    public Task<DiagnosisBundleAnswer> DiagnosisBundleAsync(CancellationToken cancellation)
        => http.PostAsync<object, DiagnosisBundleAnswer>("v1/diagnosis-bundle", new object(), cancellation);

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

    public Task<HostPolicyReport> PolicyAsync(CancellationToken cancellation)
        => http.GetAsync<HostPolicyReport>("v1/policy", cancellation);

    public Task<HostPolicyReport> UpdatePolicyAsync(bool force, CancellationToken cancellation)
        => http.PostAsync<object, HostPolicyReport>($"v1/policy/update{(force ? "?force=true" : "")}", new object(), cancellation);

    public Task<ObservationReport> ObservationAsync(int days, CancellationToken cancellation)
        => http.GetAsync<ObservationReport>($"v1/observation?days={days}", cancellation);

    public Task<Explanation> ExplainAsync(ExplanationRequest request, CancellationToken cancellation)
        => http.PostAsync<ExplanationRequest, Explanation>("v1/explanation", request, cancellation);

    public Task<Page<SessionRecord>> SessionsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<SessionRecord>>(Query.Page("v1/sessions", after, limit), cancellation);

    public Task<Page<RefusalRecord>> RefusalsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<RefusalRecord>>(Query.Page("v1/refusals", after, limit), cancellation);
}
