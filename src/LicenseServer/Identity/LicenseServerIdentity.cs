using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Trust;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Identity;

/// <summary>Who the license server is at the moment: its certificate and those above it. Replaced as a whole at activation.</summary>
/// <param name="Certificate">Its certificate: self-made, or issued by a clearinghouse.</param>
/// <param name="Chain">The certificate and those above it without the root: what CALs, hosts and TLS carry.</param>
/// <param name="Trust">What is known of the publisher; null before the first activation.</param>
/// <param name="DeactivatedAt">When it gave its key packs up; null while it has not.</param>
/// <param name="IsDeactivating">The clearinghouse has not confirmed that yet.</param>
internal sealed record Credentials(
    X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Chain, PublisherTrust? Trust, DateTimeOffset? DeactivatedAt = null, bool IsDeactivating = false)
{
    public bool IsActivated => Trust is not null && DeactivatedAt is null;

    /// <summary>The root that the chain leads to; null before the first activation.</summary>
    public X509Certificate2? Root { get; } = Trust?.Roots.FirstOrDefault(root => DeviceCal.IsSignedBy(Chain[^1], root)) ?? Trust?.Roots[0];

    /// <summary>The publisher has revoked this license server; null where not.</summary>
    public RevokedLicenseServer? Revoked { get; } = Trust?.RevocationOf(KeyFingerprint.Of(Certificate));

    /// <summary>Why nothing is issued; null where it is.</summary>
    public IssuesNothing? WhyIssuesNothing => (Revoked, DeactivatedAt) switch
    {
        ({ } entry, _) => new(RefusalReason.LicenseServerRevoked, $"The publisher revoked this license server on {entry.RevokedAt:yyyy-MM-dd} ({KebabCase.Of(entry.Reason)}); it issues nothing more."),
        (_, { } at) => new(RefusalReason.LicenseServerDeactivated, $"This license server gave its key packs up on {at:yyyy-MM-dd}; it issues nothing{(IsDeactivating ? ", and the clearinghouse has not confirmed it yet" : " until it is activated again")}."),
        _ => null,
    };

    public DateTimeOffset Until { get; } = Certificate.NotAfter.ToUniversalTime();

    /// <summary>The chain in PEM, as it follows a CAL in a stored license.</summary>
    public byte[] ChainText { get; } = Encoding.ASCII.GetBytes(CertificateChain.ToPem(Chain));
}

/// <summary>Why a license server issues nothing.</summary>
/// <param name="Reason">The reason code.</param>
/// <param name="Text">One sentence.</param>
internal sealed record IssuesNothing(RefusalReason Reason, string Text);

/// <summary>The license server's key and its certificates.</summary>
internal sealed class LicenseServerIdentity : IDisposable
{
    private const int SelfMadeYears = 10;

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
        var key = new SigningKey(PrivateKeyFile.OpenOrCreate(keyFile));
        var row = db.Identity.AsTracking().SingleOrDefault();
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
        throw new IOException($"{keyFile} is not the key of this ledger: the ledger's certificate is of key {KeyFingerprint.Of(current.Certificate)}; put the key back from the backup of both");
    }

    public void Replace(IdentityRow row) => _current = Read(row);

    public void Dispose() => Key.Dispose();

    private static Credentials Read(IdentityRow row)
    {
        if (row is not { Certificate: { } certificate, IssuingCertificate: { } issuing, Root: { } root })
        {
            var selfMade = X509CertificateLoader.LoadCertificate(row.SelfMadeCertificate);
            return new(selfMade, [selfMade], null);
        }

        var own = X509CertificateLoader.LoadCertificate(certificate);
        return new(
            own, [own, X509CertificateLoader.LoadCertificate(issuing)], PublisherTrust.Remembered(X509CertificateLoader.LoadCertificate(root), row.Trust),
            row.DeactivatedAt, row.PendingKind == (int)ActivationKind.Deactivate);
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
