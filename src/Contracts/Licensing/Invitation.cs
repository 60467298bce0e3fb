using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Licensing;

/// <summary>
/// What an administrator carries from a license server to a session host: where it is, which key it has and a one-time token.
/// Text form: <c>ostiary-invitation-1.</c> and base64url of address, fingerprint and token, separated by line feeds.
/// </summary>
/// <param name="LicenseServer">HTTPS address of the license server.</param>
/// <param name="Fingerprint">The key that the host will pin.</param>
/// <param name="Token">32 hexadecimal digits, good once and for a limited time.</param>
public sealed record Invitation(Uri LicenseServer, KeyFingerprint Fingerprint, string Token)
{
    private const string Prefix = "ostiary-invitation-1.";
    private const int MaxLength = 1024;

    public string Format()
        => Prefix + Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{LicenseServer.AbsoluteUri}\n{Fingerprint.Hex}\n{Token}"));

    public static bool TryParse(string? text, [NotNullWhen(true)] out Invitation? invitation)
    {
        invitation = null;
        text = text?.Trim();
        if (text is null || text.Length > MaxLength || !text.StartsWith(Prefix, StringComparison.Ordinal) || !Base64Url.IsValid(text.AsSpan(Prefix.Length)))
            return false;
        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text.AsSpan(Prefix.Length))).Split('\n');
        if (parts.Length != 3 || !Uri.TryCreate(parts[0], UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps
            || !KeyFingerprint.TryParse(parts[1], out var fingerprint) || parts[2].Length != 32 || !parts[2].All(char.IsAsciiHexDigit))
            return false;
        invitation = new(address, fingerprint, parts[2]);
        return true;
    }

    /// <summary>Says nothing: the token is a secret.</summary>
    public override string ToString() => nameof(Invitation);
}
