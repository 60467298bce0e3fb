using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Trust;

namespace Ostiary.Contracts.Http;

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

    public Task TellAsync(HostReport request, CancellationToken cancellation)
        => http.PostAsync<HostReport, object>("v1/reports", request, cancellation);

    public Task<RecoveryAnswer> RecoverAsync(RecoveryReport request, CancellationToken cancellation)
        => http.PostAsync<RecoveryReport, RecoveryAnswer>("v1/recovery", request, cancellation);

    public Task<GraceCopyAnswer> KeepGraceAsync(GraceCopyRequest request, CancellationToken cancellation)
        => http.PostAsync<GraceCopyRequest, GraceCopyAnswer>("v1/grace", request, cancellation);

    public Task<HostDiagnosis> DiagnoseAsync(DiagnosisRequest request, CancellationToken cancellation)
        => http.PostAsync<DiagnosisRequest, HostDiagnosis>("v1/diagnosis", request, cancellation);

    public Task<TimeAnswer> TimeAsync(TimeRequest request, CancellationToken cancellation)
        => http.PostAsync<TimeRequest, TimeAnswer>("v1/time", request, cancellation);

    public Task<RevocationAnswer> RevocationsAsync(long after, int waitSeconds, CancellationToken cancellation, string? trust = null, string? successions = null)
        => http.GetAsync<RevocationAnswer>(
            $"v1/revocations?after={after}&wait={waitSeconds}{(trust is null ? "" : "&trust=" + Uri.EscapeDataString(trust))}{(successions is null ? "" : "&successions=" + Uri.EscapeDataString(successions))}",
            cancellation);

    public Task<HostGroupPolicy> PolicyAsync(CancellationToken cancellation)
        => http.GetAsync<HostGroupPolicy>("v1/hosts/policy", cancellation);

    public Task<TrustDocuments> TrustAsync(CancellationToken cancellation)
        => http.GetAsync<TrustDocuments>("v1/trust", cancellation);

    public Task<SuccessionDocuments> SuccessionsAsync(CancellationToken cancellation)
        => http.GetAsync<SuccessionDocuments>("v1/successions", cancellation);
}
