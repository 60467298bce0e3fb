using System.Net;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Manager;

/// <summary>What the Licensing Manager is told at its start.</summary>
/// <remarks>
/// Defaults, each with its reason:
/// <list type="bullet">
/// <item><see cref="Listen"/> 127.0.0.1:7405: for a browser on this machine, or one that comes through ssh; elsewhere it needs a certificate.</item>
/// <item><see cref="CertificateFile"/> null: on the loopback address nobody listens in, and no browser knows a certificate of ours.</item>
/// <item><see cref="RequestTimeout"/> 30 s: the license server talks to its clearinghouse for at most 20 s while a wizard waits.</item>
/// </list>
/// </remarks>
public sealed class ManagerOptions
{
    /// <summary>In place of an address: the Manager is not started with the license server.</summary>
    public const string Off = "off";

    /// <summary>Where browsers reach it: IP address and port, or <see cref="Off"/>. Port 0 lets the system choose.</summary>
    public string Listen { get; init; } = "127.0.0.1:7405";

    /// <summary>The license server's administration, HTTPS.</summary>
    public required Uri LicenseServer { get; init; }

    /// <summary>The license server's key, SHA-256 in hexadecimal digits.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Certificate and chain for browsers, PEM; needed where <see cref="Listen"/> is not the loopback address.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>The key of <see cref="CertificateFile"/>, PEM; null where it stands in the same file.</summary>
    public string? CertificateKeyFile { get; init; }

    /// <summary>For one request to the license server.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    internal IPEndPoint EndPoint => IPEndPoint.Parse(Listen);

    internal bool UsesTls => CertificateFile is not null;

    internal KeyFingerprint Pinned => KeyFingerprint.TryParse(Fingerprint, out var pinned) ? pinned : throw new FormatException(nameof(Fingerprint));

    /// <summary>Every option that is not right, by its name and with what is wrong; empty when all are.</summary>
    public IReadOnlyList<string> Check()
    {
        List<string> errors = [];
        if (!IPEndPoint.TryParse(Listen, out var endPoint))
            errors.Add($"{nameof(Listen)} is an IP address with a port, for example 127.0.0.1:7405, or {Off}; \"{Listen}\" is not");
        else if (!IPAddress.IsLoopback(endPoint.Address) && !UsesTls)
            errors.Add($"{nameof(CertificateFile)} is needed where {nameof(Listen)} is not the loopback address: tokens do not go over a network in the clear");
        if (LicenseServer is not { IsAbsoluteUri: true, Scheme: "https" })
            errors.Add($"{nameof(LicenseServer)} is an address that begins with https://; {LicenseServer} is not");
        if (!KeyFingerprint.TryParse(Fingerprint, out _))
            errors.Add($"{nameof(Fingerprint)} has {KeyFingerprint.Length * 2} hexadecimal digits");
        foreach (var (name, file) in new[] { (nameof(CertificateFile), CertificateFile), (nameof(CertificateKeyFile), CertificateKeyFile) })
            if (file is not null && !File.Exists(file))
                errors.Add($"{name} is the path of a file in PEM; {file} is not there");
        if (RequestTimeout < TimeSpan.FromSeconds(1) || RequestTimeout > TimeSpan.FromMinutes(5))
            errors.Add($"{nameof(RequestTimeout)} is 1 s to 5 min, not {RequestTimeout.TotalSeconds:0.###} s");
        return errors;
    }
}
