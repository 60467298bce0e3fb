using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Ostiary.Contracts.Certificates;

namespace Ostiary.SessionHost.Gateway;

/// <summary>Where the RDP host behind is, and how to speak to it.</summary>
internal abstract record BackEndAddress
{
    private const int MaxSocketPath = 107;

    private BackEndAddress()
    {
    }

    /// <summary>A unix socket, in clear.</summary>
    public sealed record Unix(string Path) : BackEndAddress
    {
        public override string ToString() => $"unix:{Path}";
    }

    /// <summary>TCP with TLS, to a key that is pinned.</summary>
    public sealed record Tls(string Host, int Port, KeyFingerprint Fingerprint) : BackEndAddress
    {
        public override string ToString() => $"tls:{Host}:{Port.ToString(CultureInfo.InvariantCulture)}";
    }

    public static bool TryParse(
        string? text, string? fingerprint, [NotNullWhen(true)] out BackEndAddress? address, [NotNullWhen(false)] out string? error)
    {
        address = null;
        error = null;
        if (text?.StartsWith("unix:", StringComparison.Ordinal) is true)
        {
            var path = text["unix:".Length..];
            if (!System.IO.Path.IsPathFullyQualified(path) || path.Length > MaxSocketPath)
                error = $"BackEnd: \"{path}\" is not an absolute path of at most {MaxSocketPath} characters";
            else if (fingerprint is not null)
                error = "BackEndFingerprint is for a tls: back end; a unix socket has no certificate";
            else
                address = new Unix(path);
            return address is not null;
        }

        var colon = text?.LastIndexOf(':') ?? -1;
        if (text?.StartsWith("tls:", StringComparison.Ordinal) is not true || colon < "tls:".Length + 1
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535)
            error = $"BackEnd is unix:/path or tls:host:port, not \"{text}\"";
        else if (!KeyFingerprint.TryParse(fingerprint, out var pinned))
            error = "BackEndFingerprint is needed for a tls: back end: 64 hexadecimal digits, the SHA-256 of its public key";
        else
            address = new Tls(text["tls:".Length..colon].Trim('[', ']'), port, pinned);
        return address is not null;
    }
}
