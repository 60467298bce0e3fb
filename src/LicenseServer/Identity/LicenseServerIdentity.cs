using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Trust;
using Ostiary.LicenseServer.Issuance;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Identity;

/// <summary>
/// Who the license server is at the moment: its certificate and those above it. Replaced as a whole at activation, and when another node of the license
/// server has changed it.
/// </summary>
/// <param name="Certificate">Its certificate: self-made, or issued by a clearinghouse.</param>
/// <param name="Chain">The certificate and those above it without the root: what CALs, hosts and TLS carry.</param>
/// <param name="Trust">What is known of the publisher; null while it is not activated.</param>
/// <param name="LedgerNumber">The ledger number of what it was read from.</param>
internal sealed record Credentials(X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Chain, PublisherTrust? Trust, long LedgerNumber)
{
    /// <summary>CALs as this certificate issues them.</summary>
    public CalTemplates Templates { get; } = new(Certificate, KeyFingerprint.Of(Certificate));

    public bool IsActivated => Trust is not null;

    /// <summary>The root that the chain leads to; null while it is not activated.</summary>
    public X509Certificate2? Root { get; } = Trust?.Roots.FirstOrDefault(root => DeviceCal.IsSignedBy(Chain[^1], root)) ?? Trust?.Roots[0];

    /// <summary>The publisher has revoked this license server; null where not.</summary>
    public RevokedLicenseServer? Revoked { get; } = Trust?.RevocationOf(KeyFingerprint.Of(Certificate));

    /// <summary>Why nothing is issued; null where it is.</summary>
    public string? WhyIssuesNothing
        => Revoked is { } entry ? $"The publisher revoked this license server on {entry.RevokedAt:yyyy-MM-dd} ({KebabCase.Of(entry.Reason)}); it issues nothing more." : null;

    public DateTimeOffset Until { get; } = Certificate.NotAfter.ToUniversalTime();

    /// <summary>The chain in PEM, as it follows a CAL in a stored license.</summary>
    public byte[] ChainText { get; } = Encoding.ASCII.GetBytes(CertificateChain.ToPem(Chain));
}

/// <summary>The license server's key and its certificates.</summary>
internal sealed class LicenseServerIdentity : IDisposable
{
    private const int SelfMadeYears = 10;

    private readonly Lock _replacing = new();
    private volatile Credentials _current;

    private LicenseServerIdentity(SigningKey key, Credentials current)
    {
        Key = key;
        _current = current;
        Id = LicenseServerId.Of(key.PublicKey);
    }

    public SigningKey Key { get; }

    public LicenseServerId Id { get; }

    public Credentials Current => _current;

    /// <summary>Reads key and certificates, or makes them at the first start.</summary>
    /// <exception cref="IOException">Key and ledger do not belong together.</exception>
    public static LicenseServerIdentity Open(string keyFile, LedgerContext db, TimeProvider time)
    {
        var row = db.Identity.AsTracking().SingleOrDefault();
        if (row is not null && !File.Exists(keyFile))
            throw new IOException($"{keyFile} is not there, and the ledger has an identity already; copy the key from the backup, or from another node of this license server (mode 0600)");
        var key = new SigningKey(PrivateKeyFile.OpenOrCreate(keyFile));
        if (row is null)
        {
            row = new IdentityRow { SelfMadeCertificate = MakeCertificate(key, time.GetUtcNow()) };
            db.Add(row);
            db.SaveChanges();
        }

        var current = Read(row);
        if (KeyFingerprint.Of(current.Certificate) == key.Fingerprint)
            return new(key, current);
        key.Dispose();
        throw new IOException($"{keyFile} is not the key of this ledger: the ledger's certificate is of key {KeyFingerprint.Of(current.Certificate)}; put the key back from the backup of both, or copy it from another node of this license server");
    }

    /// <summary>Takes what was read, unless something newer was taken already.</summary>
    public void Replace(IdentityRow row)
    {
        lock (_replacing)
        {
            if (row.LedgerNumber >= _current.LedgerNumber)
                _current = Read(row);
        }
    }

    public void Dispose() => Key.Dispose();

    private static Credentials Read(IdentityRow row)
    {
        if (row is not { Certificate: { } certificate, IssuingCertificate: { } issuing, Root: { } root })
        {
            var selfMade = X509CertificateLoader.LoadCertificate(row.SelfMadeCertificate);
            return new(selfMade, [selfMade], null, row.LedgerNumber);
        }

        var own = X509CertificateLoader.LoadCertificate(certificate);
        return new(
            own, [own, X509CertificateLoader.LoadCertificate(issuing)], PublisherTrust.Remembered(X509CertificateLoader.LoadCertificate(root), row.Trust), row.LedgerNumber);
    }

    private static byte[] MakeCertificate(SigningKey key, DateTimeOffset now)
    {
        // From the beginning of the day, as a clearinghouse would: peers' clocks may be a little behind.
        DateTimeOffset day = now.UtcDateTime.Date;
        var serial = CertificateFields.MakeSerial(RandomNumberGenerator.GetBytes(CertificateFields.SerialLength));
        var toBeSigned = CertificateProfiles.LicenseServer(null, key.PublicKey, serial, day, day.AddYears(SelfMadeYears)).ToBeSigned();
        return CertificateFields.Assemble(toBeSigned, key.SignCertificate(toBeSigned));
    }
}
