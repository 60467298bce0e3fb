using System.Globalization;

namespace Ostiary.Contracts.Policy;

/// <summary>How policy names a license server: <c>ls1.example.org</c>, <c>192.0.2.7:7402</c>, <c>[2001:db8::7]:7402</c>, <c>https://ls1.example.org:7402</c>.</summary>
public static class LicenseServerName
{
    private const string Scheme = "https://";

    /// <summary>Whether it names a host, and no more than that.</summary>
    public static bool IsRight(string? name) => name is not null && TryRead(name, out _, out _);

    /// <summary>Whether an address is the one that is named: the host is the same, and the port where one is named.</summary>
    public static bool Names(string name, Uri address)
        => TryRead(name, out var host, out var port)
            && string.Equals(host, address.IdnHost.Trim('[', ']'), StringComparison.OrdinalIgnoreCase) && (port is null || port == address.Port);

    private static bool TryRead(string name, out string host, out int? port)
    {
        (host, port) = ("", null);
        if (name.Length is 0 or > PolicyCatalogue.MaxServerName)
            return false;
        var rest = name.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? name.AsSpan(Scheme.Length).TrimEnd('/') : name;
        if (rest is ['[', ..])
        {
            var end = rest.IndexOf(']');
            if (end < 0)
                return false;
            host = rest[1..end].ToString();
            rest = rest[(end + 1)..];
        }
        else if (rest.Count(':') > 1)
        {
            host = rest.ToString();
            rest = [];
        }
        else
        {
            var colon = rest.IndexOf(':');
            host = (colon < 0 ? rest : rest[..colon]).ToString();
            rest = colon < 0 ? [] : rest[colon..];
        }

        if (rest.Length > 0)
        {
            if (rest[0] != ':' || !ushort.TryParse(rest[1..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
                return false;
            port = number;
        }

        return Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6;
    }
}
