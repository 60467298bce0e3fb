using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Trust;

namespace Ostiary.Clearinghouse.Trust;

/// <summary>
/// What the ceremonies have left in the state directory: the roots, their cross certificates, and the list of withdrawn issuing keys. They are read again
/// when they have changed, while the clearinghouse runs; what does not verify is logged and not published.
/// </summary>
internal sealed class PublishedTrust : IDisposable
{
    private readonly ClearinghouseOptions _options;
    private readonly ILogger<PublishedTrust> _logger;
    private readonly Lock _reading = new();
    private readonly X509Certificate2 _first;
    private volatile PublisherTrust _current;
    private (DateTime, DateTime) _readOf;

    public PublishedTrust(ClearinghouseOptions options, ILogger<PublishedTrust> logger)
    {
        (_options, _logger) = (options, logger);
        _first = X509CertificateLoader.LoadCertificateFromFile(options.RootFile);
        _current = PublisherTrust.Of(_first);
        Refresh();
    }

    /// <summary>Without a revocation list, which is the database's.</summary>
    public PublisherTrust Current => _current;

    /// <summary>Withdrawn issuing keys, 64 hexadecimal digits each.</summary>
    public string[] WithdrawnKeys => [.. _current.Withdrawals?.Keys.Select(key => key.IssuingKey.Hex) ?? []];

    /// <summary>The cross certificates, for whoever knows only an older root.</summary>
    public IEnumerable<X509Certificate2> Crosses
        => CertificateChain.FromPem(_current.ToDocuments().Certificates).Where(certificate => !_current.Roots.Any(root => root.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span)));

    /// <summary>The root that certified an issuing key; the first one for none.</summary>
    public X509Certificate2 RootOf(X509Certificate2? issuing)
        => issuing is null ? _first : _current.Roots.FirstOrDefault(root => DeviceCal.IsSignedBy(issuing, root)) ?? _first;

    /// <summary>Reads what has changed.</summary>
    public void Refresh()
    {
        lock (_reading)
        {
            var found = (File.GetLastWriteTimeUtc(_options.TrustFile), File.GetLastWriteTimeUtc(_options.WithdrawnFile));
            if (found == _readOf)
                return;
            var certificates = File.Exists(_options.TrustFile) ? File.ReadAllText(_options.TrustFile) : "";
            var withdrawn = File.Exists(_options.WithdrawnFile) ? File.ReadAllBytes(_options.WithdrawnFile) : null;
            // From the beginning: these files are the publisher's own, and what they hold was taken in their time.
            var read = PublisherTrust.Of(_first).Take(new(certificates, withdrawn), null);
            if (withdrawn is not null && read.Withdrawals is null)
                _logger.TrustFileInvalid(_options.WithdrawnFile, "it is not a list of withdrawn issuing keys that a published root has signed");
            else if (read.Withdrawals?.Number < _current.Withdrawals?.Number)
                _logger.TrustFileInvalid(_options.WithdrawnFile, "its number is smaller than the one before; the list of before stays published");
            else
                _current = read;
            _readOf = found;
        }
    }

    public void Dispose() => _first.Dispose();
}

/// <summary>Keys as the database names them.</summary>
internal static class WithdrawnKeyNames
{
    public static bool IsWithdrawn(this PublisherTrust trust, string issuer) => KeyFingerprint.TryParse(issuer, out var key) && trust.IsWithdrawn(key);
}
