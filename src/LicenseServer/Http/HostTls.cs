using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Ostiary.Contracts.Certificates;
using Ostiary.Doors;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Http;

/// <summary>
/// TLS towards session hosts and administrators. The leaf is made by the license server's key at the first connection and anew when it gets old or the identity changes;
/// its key lives in memory only. Client certificates are asked for at the hosts' door and taken as they are: the routes decide what they are good for.
/// </summary>
internal sealed class HostTls(LicenseServerIdentity identity, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromDays(30);
    private static readonly TimeSpan RenewedBefore = TimeSpan.FromDays(10);
    // Hosts' clocks may be a little behind.
    private static readonly TimeSpan Backdated = TimeSpan.FromHours(1);

    private readonly Lock _making = new();
    private volatile Leaf? _leaf;

    /// <param name="door">Administrators show tokens, not certificates: they are not asked for any.</param>
    public TlsHandshakeCallbackOptions Options(Door door) => new()
    {
        HandshakeTimeout = TimeSpan.FromSeconds(10),
        OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
        {
            ServerCertificateContext = Current().Context,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateRequired = door == Door.Hosts,
#pragma warning disable CA5359 // Not who the caller is, but that it holds the key, is TLS's to prove; HostCredential decides the rest, by route.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
#pragma warning restore CA5359
            CertificateChainPolicy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true },
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        }),
    };

    public void Dispose() => _leaf?.Certificate.Dispose();

    private Leaf Current()
    {
        var now = time.GetUtcNow();
        if (_leaf is { } leaf && leaf.Fits(identity.Current, now))
            return leaf;
        lock (_making)
        {
            // Connections of the old leaf go on with it: it is not disposed here.
            if (_leaf is not { } made || !made.Fits(identity.Current, now))
                _leaf = made = Make(now);
            return made;
        }
    }

    private Leaf Make(DateTimeOffset now)
    {
        var issuer = identity.Current;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var notBefore = now - Backdated;
        DateTimeOffset issuerNotBefore = issuer.Certificate.NotBefore.ToUniversalTime();
        if (notBefore < issuerNotBefore)
            notBefore = issuerNotBefore;
        var fields = CertificateProfiles.LicenseServerTls(issuer.Certificate, key.ExportSubjectPublicKeyInfo(), CalSerial.Draw(now).ToBytes(), notBefore, now + Life);
        var toBeSigned = fields.ToBeSigned();
        using var bare = X509CertificateLoader.LoadCertificate(CertificateFields.Assemble(toBeSigned, issuer.Key.SignCertificate(toBeSigned)));
        var certificate = bare.CopyWithPrivateKey(key);
        var context = SslStreamCertificateContext.Create(certificate, issuer.Trust is not null ? [.. issuer.Chain] : [MakeSendable(issuer)], offline: true);
        return new(issuer, certificate, context, notBefore, fields.NotAfter);
    }

    /// <summary>
    /// A host that joins finds the pinned key in the license server's certificate, which must therefore be sent. The framework sends no
    /// self-signed certificate, as if it were a root that everybody has; so it goes out under another issuer's name. Nobody trusts it for more than its key.
    /// </summary>
    private static X509Certificate2 MakeSendable(Credentials selfMade)
    {
        var issuer = new X500DistinguishedName("CN=not activated").RawData;
        DateTimeOffset notBefore = selfMade.Certificate.NotBefore.ToUniversalTime();
        var fields = CertificateProfiles.LicenseServer(null, selfMade.Key.PublicKey, CalSerial.Draw(notBefore).ToBytes(), notBefore, selfMade.Until) with { Issuer = issuer };
        var toBeSigned = fields.ToBeSigned();
        return X509CertificateLoader.LoadCertificate(CertificateFields.Assemble(toBeSigned, selfMade.Key.SignCertificate(toBeSigned)));
    }

    private sealed record Leaf(Credentials Issuer, X509Certificate2 Certificate, SslStreamCertificateContext Context, DateTimeOffset NotBefore, DateTimeOffset NotAfter)
    {
        public bool Fits(Credentials issuer, DateTimeOffset now) => ReferenceEquals(Issuer, issuer) && now >= NotBefore && now < NotAfter - RenewedBefore;
    }
}
