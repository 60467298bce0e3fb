using Microsoft.AspNetCore.Components.Authorization;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Manager.SignIn;

namespace Ostiary.Manager.Servers;

/// <summary>
/// The license servers as the person at this page may use them. One a page; its right is that of the person's token at each, which the license server checks
/// at each request.
/// </summary>
internal sealed class LicenseServerConnection(AuthenticationStateProvider authentication, SignedInPeople people, ManagerOptions options, TimeProvider time) : IDisposable
{
    private readonly Dictionary<ServerAccess, HttpClient> _clients = [];

    /// <summary>Who is signed in; null when nobody is any more.</summary>
    public async Task<Person?> PersonAsync() => people.Find((await authentication.GetAuthenticationStateAsync()).User);

    /// <summary>All license servers of the person, the Manager's own first; empty when nobody is signed in any more.</summary>
    public async Task<IReadOnlyList<ServerAccess>> ServersAsync() => await PersonAsync() is { } person ? [OwnOf(person), .. person.Others.Connected] : [];

    /// <summary>The license server that the pages are about.</summary>
    /// <exception cref="ProblemException">Nobody is signed in any more.</exception>
    public async Task<ServerAccess> SelectedAsync()
    {
        var person = await PersonAsync() ?? throw new ProblemException(LicensingProblem.NotAuthenticated, "you are not signed in any more");
        return person.Others.Selected ?? OwnOf(person);
    }

    /// <exception cref="ProblemException">Nobody is signed in any more.</exception>
    public async Task<LicenseServerAdministrationClient> OpenAsync() => Open(await SelectedAsync());

    /// <summary>One of <see cref="ServersAsync"/>.</summary>
    public LicenseServerAdministrationClient Open(ServerAccess server) => new(ClientOf(server));

    /// <exception cref="ProblemException">Nobody is signed in any more.</exception>
    public async Task<AccountsClient> AccountsAsync() => new(ClientOf(await SelectedAsync()));

    /// <summary>Connects to another license server with an account of its own there.</summary>
    /// <exception cref="ProblemException">It is not reached, has another key, or does not know the account; or there are too many.</exception>
    public async Task ConnectAsync(Uri address, KeyFingerprint pinned, string name, string password, CancellationToken cancellation)
    {
        var person = await PersonAsync() ?? throw new ProblemException(LicensingProblem.NotAuthenticated, "you are not signed in any more");
        if (address == options.LicenseServer)
            throw new ProblemException(LicensingProblem.AlreadyExists, $"{address.Authority} is the license server of this Licensing Manager", "address");
        using var http = PinnedServer.Connect(address, pinned, null, options.RequestTimeout, time);
        var answer = await new AccountsClient(http).SignInAsync(new(name, password), cancellation);
        if (!person.Others.TryAdd(new(address, pinned, answer.Token, answer.Name, answer.Role, answer.ExpiresAt)))
            throw new ProblemException(LicensingProblem.RuleForbids, $"at most {OtherServers.Most} other license servers can be connected at a time; disconnect one first");
    }

    /// <summary>Ends the token there, and forgets it.</summary>
    /// <exception cref="ProblemException">Nobody is signed in any more.</exception>
    public async Task DisconnectAsync(ServerAccess server, CancellationToken cancellation)
    {
        var person = await PersonAsync() ?? throw new ProblemException(LicensingProblem.NotAuthenticated, "you are not signed in any more");
        person.Others.Remove(server.Address);
        try
        {
            await new AccountsClient(ClientOf(server)).SignOutAsync(cancellation);
        }
        catch (ProblemException)
        {
            // The token is over, or its license server away; here nobody can use it any more.
        }
    }

    /// <summary>From now on the pages are about this one, in this window and in those that are opened next.</summary>
    public async Task SelectAsync(ServerAccess server)
        => (await PersonAsync())?.Others.Select(server.Address == options.LicenseServer ? null : server.Address);

    public void Dispose()
    {
        foreach (var client in _clients.Values)
            client.Dispose();
    }

    private ServerAccess OwnOf(Person person) => new(options.LicenseServer, options.Pinned, person.Token, person.Name, person.Role, person.ExpiresAt);

    private HttpClient ClientOf(ServerAccess server)
        => _clients.TryGetValue(server, out var client) ? client : _clients[server] = PinnedServer.Connect(server.Address, server.Pinned, server.Token, options.RequestTimeout, time);
}
