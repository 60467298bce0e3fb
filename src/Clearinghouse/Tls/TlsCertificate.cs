using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Files;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Clearinghouse.Tls;

/// <summary>
/// The certificate of the HTTPS door. Without PEM files in the options it is one that the signer certifies for 90 days, over a new key each time;
/// key and chain lie in one file, so that they are always of one another. It is renewed when 30 days are left.
/// </summary>
internal sealed class TlsCertificate(
    ClearinghouseOptions options, Database database, SignerClient signer, Issuers issuers, PublishedTrust trust, TimeProvider time, ILogger<TlsCertificate> logger) : IDisposable
{
    public const int Days = 90;
    public const int RenewDays = 30;

    // A license server's clock may be a little behind.
    private static readonly TimeSpan Backdating = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _refreshing = new(1);
    private volatile SslStreamCertificateContext? _current;

    /// <summary>What a TLS handshake takes. A machine that slept through the renewal renews before it answers.</summary>
    public async ValueTask<SslServerAuthenticationOptions> ForHandshakeAsync(CancellationToken cancellation)
    {
        if (_current is { } current && options.TlsCertificateFile is null && current.TargetCertificate.NotAfter.ToUniversalTime() <= time.GetUtcNow())
            await RefreshAsync(cancellation);
        return new()
        {
            ServerCertificateContext = _current ?? throw new InvalidOperationException("the TLS certificate was not made"),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
        };
    }

    /// <summary>Reads the certificate, or gets a new one when there is none, it is soon over, or the issuing key was followed by another. One that still holds is kept if that fails.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        await _refreshing.WaitAsync(cancellation);
        try
        {
            await RefreshAloneAsync(cancellation);
        }
        finally
        {
            _refreshing.Release();
        }
    }

    public void Dispose() => _refreshing.Dispose();

    private async Task RefreshAloneAsync(CancellationToken cancellation)
    {
        if (options.TlsCertificateFile is { } certificateFile && options.TlsKeyFile is { } keyFile)
        {
            Use(await File.ReadAllTextAsync(certificateFile, cancellation), await File.ReadAllTextAsync(keyFile, cancellation));
            return;
        }

        var now = time.GetUtcNow();
        if (_current is null && File.Exists(options.TlsFile))
        {
            var pem = await File.ReadAllTextAsync(options.TlsFile, cancellation);
            if (Holds(pem, now))
                Use(pem, pem);
        }

        if (_current is { } current && current.TargetCertificate.NotAfter.ToUniversalTime() - now > TimeSpan.FromDays(RenewDays)
            && issuers.Known is [var inUse, ..] && DeviceCal.IsSignedBy(current.TargetCertificate, inUse))
            return;
        var renewed = await MakeAsync(now, cancellation);
        PrivateFile.Replace(options.TlsFile, Encoding.ASCII.GetBytes(renewed));
        Use(renewed, renewed);
    }

    /// <summary>True when there is a certificate to answer with.</summary>
    public bool IsThere => _current is not null;

    private async Task<string> MakeAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var issuing = issuers.Current;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var begin = now - Backdating;
        DateTimeOffset earliest = issuing.NotBefore.ToUniversalTime();
        var toBeSigned = CertificateProfiles.ClearinghouseTls(
            issuing, key.ExportSubjectPublicKeyInfo(), CertificateFields.MakeSerial(RandomNumberGenerator.GetBytes(CertificateFields.SerialLength)),
            begin < earliest ? earliest : begin, now.AddDays(Days)).ToBeSigned();
        await database.WriteAsync(
            async store =>
            {
                await store.AppendToBeSignedAsync(SignedKind.ClearinghouseTls, "tls-certificate", "TLS certificate of the clearinghouse", toBeSigned, now, cancellation);
                return true;
            },
            cancellation);
        var signature = await signer.SignClearinghouseTlsAsync(toBeSigned, cancellation);
        using var certificate = X509CertificateLoader.LoadCertificate(CertificateFields.Assemble(toBeSigned, signature));
        return $"{key.ExportPkcs8PrivateKeyPem()}\n{CertificateChain.ToPem([certificate, issuing, .. trust.Crosses])}";
    }

    private bool Holds(string pem, DateTimeOffset now)
    {
        var chain = CertificateChain.FromPem(pem);
        var holds = chain.Count > 0 && trust.Current.LeadsTo(chain[0], chain.Skip(1), now);
        foreach (var certificate in chain)
            certificate.Dispose();
        return holds;
    }

    private void Use(string certificates, string key)
    {
        var certificate = X509Certificate2.CreateFromPem(certificates, key);
        if (_current is { } current && current.TargetCertificate.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span))
        {
            certificate.Dispose();
            return;
        }

        // Handshakes that run may still use the one before: it is left to the garbage collector.
        _current = SslStreamCertificateContext.Create(certificate, [.. CertificateChain.FromPem(certificates).Skip(1)], offline: true);
        logger.TlsCertificateInUse(certificate.NotAfter.ToUniversalTime());
    }
}
