using System.Globalization;
using System.Net.NetworkInformation;
using Ostiary.Contracts.Licensing;

namespace Ostiary.SessionHost.Logon;

/// <summary>The identity rule of <c>docs/rules.md</c>: a local account is its name, a directory account its realm and its user number.</summary>
internal sealed class UserIdentities(SessionHostOptions options)
{
    private const int MaxRealm = 255;
    private readonly string _realm = (options.Realm ?? Domain() ?? "directory").ToLowerInvariant();

    /// <param name="name">As NSS spells it.</param>
    /// <param name="uid">The user number.</param>
    /// <param name="local">The account is one of /etc/passwd.</param>
    public UserClaim Of(string name, uint uid, bool local)
        => local ? new(name, "", null) : new(name, _realm, uid.ToString(CultureInfo.InvariantCulture));

    private static string? Domain()
        => IPGlobalProperties.GetIPGlobalProperties().DomainName is { Length: > 0 and <= MaxRealm } domain && domain != "(none)" ? domain : null;
}
