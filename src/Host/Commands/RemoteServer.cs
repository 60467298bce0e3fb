using System.CommandLine;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;

namespace Ostiary.Host.Commands;

/// <summary>A license server elsewhere: its address, its key and a token, from options, the environment, and what <c>ostiary login</c> has kept.</summary>
internal static class RemoteServer
{
    public const string ServerVariable = "OSTIARY_SERVER";
    public const string TokenVariable = "OSTIARY_TOKEN";

    public static Option<string?> Server { get; } = new("--server")
    {
        Description = $"A license server elsewhere, e.g. https://licenses.example:7403 (default: ${ServerVariable}, else the one of this machine).",
        HelpName = "URL",
    };

    public static Option<string?> Fingerprint { get; } = new("--fingerprint")
    {
        Description = "The key of the license server elsewhere, as 'ostiary server status' shows it there (default: as at the last login).",
        HelpName = "SHA256",
    };

    /// <summary>The address that was given; null for the license server of this machine.</summary>
    /// <exception cref="UsageException">It is no HTTPS address.</exception>
    public static Uri? Address(ParseResult parse)
    {
        var text = parse.GetValue(Server) ?? Environment.GetEnvironmentVariable(ServerVariable);
        if (string.IsNullOrEmpty(text))
            return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme == Uri.UriSchemeHttps && address.PathAndQuery == "/" && address.UserInfo.Length == 0
            ? address
            : throw new UsageException($"--server is an address of the form https://NAME:PORT; {text} is not");
    }

    /// <exception cref="UsageException">Its key is not known.</exception>
    public static KeyFingerprint Pinned(ParseResult parse, Uri address)
    {
        var text = parse.GetValue(Fingerprint) ?? Logins.Find(address)?.Fingerprint
            ?? throw new UsageException($"the key of {address} is not known here: give --fingerprint with what 'ostiary server status' shows on that machine as key fingerprint");
        return KeyFingerprint.TryParse(text, out var pinned) ? pinned : throw new UsageException($"--fingerprint has {KeyFingerprint.Length * 2} hexadecimal digits");
    }

    /// <summary>With the token of the environment, else of the last login.</summary>
    /// <exception cref="ProblemException">There is none.</exception>
    public static HttpClient Connect(ParseResult parse, Uri address, TimeSpan timeout)
    {
        var pinned = Pinned(parse, address);
        var login = Logins.Find(address);
        // A token goes only to the key to which it was given.
        var kept = login?.Fingerprint == pinned.Hex ? login.Token : null;
        var token = Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } given ? given : kept
            ?? throw new ProblemException(LicensingProblem.NotAuthenticated, $"nobody is signed in to {address}: 'ostiary login --server {address}', or put a token into ${TokenVariable}");
        return PinnedServer.Connect(address, pinned, token, timeout, TimeProvider.System);
    }
}
