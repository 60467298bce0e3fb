using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;

namespace Ostiary.Manager.SignIn;

/// <summary>A person who is signed in, with the license server's token, which never leaves this process.</summary>
internal sealed record Person(string Token, string Name, AccountRole Role, DateTimeOffset ExpiresAt)
{
    /// <summary>Other license servers that they have connected to meanwhile.</summary>
    public OtherServers Others { get; } = new();

    /// <summary>Says nothing: the token is a secret.</summary>
    public override string ToString() => nameof(Person);
}

/// <summary>Who is signed in, by what stands in their cookie; and sign-in links that have been handed out. In memory only.</summary>
internal sealed class SignedInPeople(TimeProvider time)
{
    /// <summary>People and links at most; the oldest falls out, so that nobody fills the memory.</summary>
    private const int Most = 1_000;
    private const string EntryClaim = "entry";

    private static readonly TimeSpan LinkLife = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, Person> _people = new();
    private readonly ConcurrentDictionary<string, (Person Person, DateTimeOffset Until)> _links = new();

    /// <summary>The principal whose cookie names the person.</summary>
    public ClaimsPrincipal Enter(Person person)
    {
        Drop();
        var entry = Draw();
        _people[entry] = person;
        return new(new ClaimsIdentity([new(EntryClaim, entry), new(ClaimTypes.Name, person.Name)], CookieAuthenticationDefaults.AuthenticationScheme));
    }

    /// <summary>A code that signs the person in once, within two minutes.</summary>
    public string Link(Person person)
    {
        Drop();
        var code = Draw();
        _links[code] = (person, time.GetUtcNow() + LinkLife);
        return code;
    }

    /// <summary>Whom a link is for; null when it was used, is over, or never was.</summary>
    public Person? Take(string? code) => code is not null && _links.TryRemove(code, out var link) && link.Until > time.GetUtcNow() ? link.Person : null;

    /// <summary>Who this is; null when they are not signed in any more.</summary>
    public Person? Find(ClaimsPrincipal principal)
        => principal.FindFirstValue(EntryClaim) is { } entry && _people.TryGetValue(entry, out var person) && person.ExpiresAt > time.GetUtcNow() ? person : null;

    public Person? Leave(ClaimsPrincipal principal) => principal.FindFirstValue(EntryClaim) is { } entry && _people.TryRemove(entry, out var person) ? person : null;

    /// <summary>A cookie that names nobody is none.</summary>
    public static async Task RequireKnownAsync(CookieValidatePrincipalContext context)
    {
        if (context.Principal is { } principal && context.HttpContext.RequestServices.GetRequiredService<SignedInPeople>().Find(principal) is not null)
            return;
        context.RejectPrincipal();
        await context.HttpContext.SignOutAsync();
    }

    private static string Draw() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    private void Drop()
    {
        var now = time.GetUtcNow();
        foreach (var (code, link) in _links)
            if (link.Until <= now)
                _links.TryRemove(code, out _);
        foreach (var (entry, person) in _people)
            if (person.ExpiresAt <= now)
                _people.TryRemove(entry, out _);
        while (_links.Count >= Most)
            _links.TryRemove(_links.MinBy(link => link.Value.Until).Key, out _);
        while (_people.Count >= Most)
            _people.TryRemove(_people.MinBy(person => person.Value.ExpiresAt).Key, out _);
    }
}
