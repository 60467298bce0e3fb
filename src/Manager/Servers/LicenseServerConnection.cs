using Microsoft.AspNetCore.Components.Authorization;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Manager.SignIn;

namespace Ostiary.Manager.Servers;

/// <summary>The license server as the person at this page may use it. One a page; its right is that of the person's token, which the license server checks at each request.</summary>
internal sealed class LicenseServerConnection(AuthenticationStateProvider authentication, SignedInPeople people, ManagerOptions options, TimeProvider time) : IDisposable
{
    private HttpClient? _http;
    private string? _token;

    /// <summary>Where it is, as an administrator names it on a command line.</summary>
    public Uri Address => options.LicenseServer;

    /// <summary>Who is signed in; null when nobody is any more.</summary>
    public async Task<Person?> PersonAsync() => people.Find((await authentication.GetAuthenticationStateAsync()).User);

    /// <exception cref="ProblemException">Nobody is signed in any more.</exception>
    public async Task<LicenseServerAdministrationClient> OpenAsync() => new(await HttpAsync());

    /// <exception cref="ProblemException">Nobody is signed in any more.</exception>
    public async Task<AccountsClient> AccountsAsync() => new(await HttpAsync());

    public void Dispose() => _http?.Dispose();

    private async Task<HttpClient> HttpAsync()
    {
        var person = await PersonAsync() ?? throw new ProblemException(LicensingProblem.NotAuthenticated, "you are not signed in any more");
        if (_http is null || _token != person.Token)
        {
            _http?.Dispose();
            _token = person.Token;
            _http = PinnedServer.Connect(options.LicenseServer, options.Pinned, person.Token, options.RequestTimeout, time);
        }

        return _http;
    }
}
