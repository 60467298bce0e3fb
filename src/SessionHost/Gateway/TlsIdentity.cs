using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Certificates;

namespace Ostiary.SessionHost.Gateway;

/// <summary>
/// The certificate that RDP clients see: made at first start, replaceable by PEM files, taken anew when they change. Running
/// connections keep theirs. While the files are half-written or wrong the last good certificate stays.
/// </summary>
internal sealed class TlsIdentity : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private readonly SessionHostOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<TlsIdentity> _logger;
    private readonly Lock _lock = new();
    private Loaded _loaded;
    private (DateTime, long, DateTime, long) _failed;
    private long _lookedAt;
    private string? _fault;

    public TlsIdentity(SessionHostOptions options, TimeProvider time, ILogger<TlsIdentity> logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        if (options.CertificateFile is null && !(File.Exists(options.CertificatePath) && File.Exists(options.KeyPath)))
            Make();
        _loaded = Load(Stamp());
        _lookedAt = time.GetTimestamp();
    }

    /// <summary>SHA-256 of the certificate's key, which a person can compare with what the client shows.</summary>
    public KeyFingerprint Fingerprint => KeyFingerprint.Of(Current().Certificate);

    public DateTimeOffset Until => Current().Certificate.NotAfter.ToUniversalTime();

    /// <summary>Why the files as they are now could not be taken; null where what is shown is what they hold.</summary>
    public string? Fault
    {
        get
        {
            Current();
            lock (_lock)
                return _fault;
        }
    }

    /// <summary>TLS as server, 1.2 and 1.3. One object as long as the files do not change, so that OpenSSL's context is shared.</summary>
    public SslServerAuthenticationOptions ServerOptions => Current().Options;

    public void Dispose() => _loaded.Dispose();

    private Loaded Current()
    {
        lock (_lock)
        {
            if (_time.GetElapsedTime(_lookedAt) < LookEvery)
                return _loaded;
            _lookedAt = _time.GetTimestamp();
            try
            {
                var stamp = Stamp();
                if (stamp == _loaded.Stamp)
                    _fault = null;
                if (stamp != _loaded.Stamp && stamp != _failed)
                {
                    _failed = stamp;
                    _loaded = Load(stamp); // The old one is left to the collector: handshakes may still use it.
                    _fault = null;
                    Log.CertificateLoaded(_logger, KeyFingerprint.Of(_loaded.Certificate).Hex);
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
            {
                _fault = failure.Message;
                Log.CertificateNotLoaded(_logger, failure.Message);
            }

            return _loaded;
        }
    }

    private (DateTime, long, DateTime, long) Stamp()
    {
        var certificate = new FileInfo(_options.CertificatePath);
        var key = new FileInfo(_options.KeyPath);
        return (certificate.LastWriteTimeUtc, certificate.Length, key.LastWriteTimeUtc, key.Length);
    }

    private Loaded Load((DateTime, long, DateTime, long) stamp)
    {
        var leaf = X509Certificate2.CreateFromPemFile(_options.CertificatePath, _options.KeyPath);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(_options.CertificatePath);
        return new(stamp, leaf, new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            AllowRenegotiation = false,
            ClientCertificateRequired = false,
        });
    }

    // RSA-2048: older RDP clients know no elliptic curves in certificates. Ten years: clients remember this certificate by itself.
    private void Make()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=Ostiary session host", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        if (Uri.CheckHostName(_options.Name) == UriHostNameType.Dns)
            names.AddDnsName(_options.Name);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([OstiaryOids.ServerAuthentication], false));
        var now = _time.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
        PrivateFiles.Write(_options.KeyPath, key.ExportPkcs8PrivateKeyPem());
        PrivateFiles.Write(_options.CertificatePath, certificate.ExportCertificatePem());
    }

    private sealed record Loaded((DateTime, long, DateTime, long) Stamp, X509Certificate2 Certificate, SslServerAuthenticationOptions Options) : IDisposable
    {
        public void Dispose() => Certificate.Dispose();
    }
}
