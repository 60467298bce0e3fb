using Ostiary.Contracts.Administration;

namespace Ostiary.Contracts.Http;

/// <summary>Accounts and tokens of a license server, as those who hold them and its administrators call it.</summary>
public sealed class AccountsClient(HttpClient http)
{
    public Task<SignInResponse> SignInAsync(SignInRequest request, CancellationToken cancellation)
        => http.PostAsync<SignInRequest, SignInResponse>("v1/sign-in", request, cancellation);

    public Task<CallerRecord> SignOutAsync(CancellationToken cancellation)
        => http.PostAsync<object, CallerRecord>("v1/sign-out", new object(), cancellation);

    public Task<CallerRecord> CallerAsync(CancellationToken cancellation)
        => http.GetAsync<CallerRecord>("v1/caller", cancellation);

    public Task<Page<AccountRecord>> AccountsAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<AccountRecord>>(Query.Page("v1/accounts", after, limit), cancellation);

    public Task<AccountRecord> AddAsync(AddAccountRequest request, CancellationToken cancellation)
        => http.PostAsync<AddAccountRequest, AccountRecord>("v1/accounts", request, cancellation);

    public Task<AccountRecord> SetRoleAsync(string name, SetRoleRequest request, CancellationToken cancellation)
        => http.PutAsync<SetRoleRequest, AccountRecord>($"v1/accounts/{Uri.EscapeDataString(name)}/role", request, cancellation);

    public Task<AccountRecord> SetPasswordAsync(string name, SetPasswordRequest request, CancellationToken cancellation)
        => http.PutAsync<SetPasswordRequest, AccountRecord>($"v1/accounts/{Uri.EscapeDataString(name)}/password", request, cancellation);

    public Task<AccountRecord> RemoveAsync(string name, CancellationToken cancellation)
        => http.DeleteAsync<AccountRecord>($"v1/accounts/{Uri.EscapeDataString(name)}", cancellation);

    public Task<Page<TokenRecord>> TokensAsync(string? after, int limit, CancellationToken cancellation)
        => http.GetAsync<Page<TokenRecord>>(Query.Page("v1/tokens", after, limit), cancellation);

    public Task<CreateTokenResponse> CreateTokenAsync(CreateTokenRequest request, CancellationToken cancellation)
        => http.PostAsync<CreateTokenRequest, CreateTokenResponse>("v1/tokens", request, cancellation);

    public Task<TokenRecord> RevokeTokenAsync(Guid id, CancellationToken cancellation)
        => http.DeleteAsync<TokenRecord>($"v1/tokens/{id}", cancellation);
}
