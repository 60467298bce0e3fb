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
using Ostiary.LicenseServer.Issuance;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Identity;

/// <summary>
/// Who the license server is at the moment: its key, its certificate and those above it. Replaced as a whole at activation and succession, and when another
/// node of the license server has changed it.
/// </summary>
/// <param name="Key">Its key.</param>
/// <param name="Certificate">Its certificate: self-made, or issued by a clearinghouse.</param>
/// <param name="Chain">The certificate and those above it without the root: what CALs, hosts and TLS carry.</param>
/// <param name="Trust">What is known of the publisher; null before the first activation.</param>
/// <param name="Predecessors">The keys that it had before, the first one first.</param>
/// <param name="Sources">License servers whose key packs came here, with what they had issued of them.</param>
/// <param name="LedgerNumber">The ledger number of what it was read from.</param>
/// <param name="DeactivatedAt">When it gave its key packs up; null while it has not.</param>
/// <param name="IsDeactivating">The clearinghouse has not confirmed that yet.</param>
internal sealed record Credentials(
    SigningKey Key, X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Chain, PublisherTrust? Trust, IReadOnlyList<Predecessor> Predecessors,
    IReadOnlyList<Predecessor> Sources, long LedgerNumber, DateTimeOffset? DeactivatedAt = null, bool IsDeactivating = false)
{
    public LicenseServerId Id { get; } = LicenseServerId.Of(Key.PublicKey);

    /// <summary>CALs as this certificate issues them.</summary>
    public CalTemplates Templates { get; } = new(Certificate, Key.Fingerprint, [.. Predecessors, .. Sources]);

    /// <summary>Another node has followed the key, and this process still has the one of before: whatever it signed now would be nobody's.</summary>
    public bool IsSuperseded { get; } = KeyFingerprint.Of(Certificate) != Key.Fingerprint;

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

    /// <summary>Names the keys of before, for hosts; null where there are none.</summary>
    public string? SuccessionsTag => SuccessionDocuments.TagOf(Predecessors.Select(before => before.Document).OfType<SuccessionDocument>());

    /// <summary>Whether this key, or one that it has followed, signed the to-be-signed bytes of a certificate.</summary>
    public bool HasEverSigned(byte[] toBeSigned, byte[] signature)
        => Key.HasSigned(toBeSigned, signature) || Predecessors.Any(before => before.HasSigned(toBeSigned, signature));

    /// <summary>Whether this license server issued a certificate, under whichever of its keys.</summary>
    public bool HasIssued(X509Certificate2 certificate)
        => DeviceCal.IsSignedBy(certificate, Certificate) || Predecessors.Any(before => DeviceCal.IsSignedBy(certificate, before.Chain[0]));

    /// <summary>A key pack's number follows from its product key and the key of the license server that redeemed it: this one, or one before it.</summary>
    public IEnumerable<KeyFingerprint> EverKeys => Predecessors.Select(before => before.Fingerprint).Prepend(Key.Fingerprint);
}

/// <summary>Why a license server issues nothing.</summary>
/// <param name="Reason">The reason code.</param>
/// <param name="Text">One sentence.</param>
internal sealed record IssuesNothing(RefusalReason Reason, string Text);

/// <summary>The license server's key and its certificates.</summary>
internal sealed class LicenseServerIdentity : IDisposable
{
    private const int SelfMadeYears = 10;

    private readonly Lock _replacing = new();
    private volatile Credentials _current;

    private LicenseServerIdentity(Credentials current) => _current = current;

    public SigningKey Key => _current.Key;

    public LicenseServerId Id => _current.Id;

    public Credentials Current => _current;

    /// <summary>Reads key and certificates, or makes them at the first start.</summary>
    /// <exception cref="IOException">Key and ledger do not belong together.</exception>
    public static LicenseServerIdentity Open(string keyFile, LedgerContext db, TimeProvider time)
    {
        var row = db.Identity.AsTracking().SingleOrDefault();
        if (row is not null && !File.Exists(keyFile) && !File.Exists(NextKeyFile(keyFile)))
            throw new IOException($"{keyFile} is not there, and the ledger has an identity already; copy the key from the backup, or from another node of this license server (mode 0600)");
        var key = OpenKey(keyFile, row);
        if (row is null)
        {
            row = new IdentityRow { SelfMadeCertificate = MakeCertificate(key, time.GetUtcNow()) };
            db.Add(row);
            db.SaveChanges();
        }

        var current = Read(row, key, [.. db.Successions.Where(succession => succession.SwitchedAt != null).OrderBy(succession => succession.Id).ToList().Select(succession => Predecessor.Of(succession))], SourcesOf(db));
        if (KeyFingerprint.Of(current.Certificate) == key.Fingerprint)
            return new(current);
        key.Dispose();
        throw new IOException($"{keyFile} is not the key of this ledger: the ledger's certificate is of key {KeyFingerprint.Of(current.Certificate)}; put the key back from the backup of both, or copy it from another node of this license server");
    }

    /// <summary>The key that follows, until it is in use.</summary>
    public static string NextKeyFile(string keyFile) => keyFile + ".next";

    /// <summary>The same key under other certificates; unless something newer was taken already.</summary>
    public void Replace(IdentityRow row)
    {
        lock (_replacing)
        {
            if (row.LedgerNumber >= _current.LedgerNumber)
                _current = Read(row, _current.Key, _current.Predecessors, _current.Sources);
        }
    }

    /// <summary>Another key, or the same in the place of another license server.</summary>
    public void Succeed(IdentityRow row, SigningKey key, Predecessor before)
    {
        lock (_replacing)
            _current = Read(row, key, [.. _current.Predecessors, before], _current.Sources);
    }

    /// <summary>Another license server's key packs have come.</summary>
    public void Receive(IReadOnlyList<Predecessor> sources)
    {
        lock (_replacing)
            _current = Anew(_current, _current.Predecessors, sources);
    }

    /// <summary>Those of all receptions, each once.</summary>
    public static IReadOnlyList<Predecessor> SourcesOf(LedgerContext db) => [.. db.Receptions.OrderBy(row => row.At).ToList().DistinctBy(row => row.Source).Select(Predecessor.Source)];

    /// <summary>The same keys; one of those before under another statement.</summary>
    public void Replace(IReadOnlyList<Predecessor> predecessors)
    {
        lock (_replacing)
            _current = Anew(_current, predecessors, _current.Sources);
    }

    public void Dispose()
    {
        Key.Dispose();
        foreach (var before in _current.Predecessors)
            before.Retired?.Dispose();
    }

    // The ledger is switched first, then the files: whatever stops the machine between the two, the next start finds the key that the ledger names.
    private static SigningKey OpenKey(string keyFile, IdentityRow? row)
    {
        var next = NextKeyFile(keyFile);
        if (row?.Certificate is { } certificate && File.Exists(next))
        {
            var following = new SigningKey(PrivateKeyFile.OpenOrCreate(next));
            using var own = X509CertificateLoader.LoadCertificate(certificate);
            if (KeyFingerprint.Of(own) == following.Fingerprint)
            {
                PrivateKeyFile.Replace(next, keyFile);
                return following;
            }

            following.Dispose();
        }

        return new(PrivateKeyFile.OpenOrCreate(keyFile));
    }

    // Made anew and not changed: what is derived at the making rests on all of it.
    private static Credentials Anew(Credentials own, IReadOnlyList<Predecessor> predecessors, IReadOnlyList<Predecessor> sources)
        => new(own.Key, own.Certificate, own.Chain, own.Trust, predecessors, sources, own.LedgerNumber, own.DeactivatedAt, own.IsDeactivating);

    private static Credentials Read(IdentityRow row, SigningKey key, IReadOnlyList<Predecessor> predecessors, IReadOnlyList<Predecessor> sources)
    {
        if (row is not { Certificate: { } certificate, IssuingCertificate: { } issuing, Root: { } root })
        {
            var selfMade = X509CertificateLoader.LoadCertificate(row.SelfMadeCertificate);
            return new(key, selfMade, [selfMade], null, predecessors, sources, row.LedgerNumber);
        }

        var own = X509CertificateLoader.LoadCertificate(certificate);
        return new(
            key, own, [own, X509CertificateLoader.LoadCertificate(issuing)], PublisherTrust.Remembered(X509CertificateLoader.LoadCertificate(root), row.Trust), predecessors, sources, row.LedgerNumber,
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
