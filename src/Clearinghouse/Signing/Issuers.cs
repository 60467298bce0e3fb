using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;

namespace Ostiary.Clearinghouse.Signing;

/// <summary>
/// The issuing certificates that lead to a published root: the one that the signer uses now, and those it used before.
/// They are remembered in the database, so that what is signed already is given out and checked while the signer is away.
/// </summary>
internal sealed class Issuers(SignerClient signer, Database database, PublishedTrust trust, TimeProvider time, ILogger<Issuers> logger) : IDisposable
{
    private readonly Lock _loading = new();

    // What the signer answered last, and the trust that it was found good under: both together are looked at once.
    private volatile Checked? _checked;

    // The one in use first; replaced as a whole.
    private volatile IReadOnlyList<X509Certificate2> _known = [];

    public IReadOnlyList<X509Certificate2> Known => _known;

    /// <exception cref="ProblemException">The signer was never reached, or goes on with a key that was withdrawn.</exception>
    public X509Certificate2 Current
    {
        get
        {
            if (_known is not [var inUse, ..])
                throw new ProblemException(LicensingProblem.TemporarilyUnavailable, "the signer does not answer; try again");
            return trust.Current.IsWithdrawn(KeyFingerprint.Of(inUse))
                ? throw new ProblemException(LicensingProblem.TemporarilyUnavailable, "the signer's issuing key was withdrawn, and it has no other; the publisher starts it with the one that follows")
                : inUse;
        }
    }

    /// <summary>The published root that certified the key in use: what is published, until the next one certifies.</summary>
    public X509Certificate2 Root => trust.RootOf(_known is [var inUse, ..] ? inUse : null);

    /// <summary>The issuing certificate of a key; null for one that was never in use, here or on another node.</summary>
    public X509Certificate2? Find(KeyFingerprint fingerprint)
    {
        if (FindKnown(fingerprint) is { } known)
            return known;
        LoadFromOtherNodes();
        return FindKnown(fingerprint);
    }

    /// <summary>The issuing certificate whose key signed this certificate; null where none of ours did.</summary>
    public X509Certificate2? FindSignerOf(X509Certificate2 certificate)
    {
        if (_known.FirstOrDefault(issuer => DeviceCal.IsSignedBy(certificate, issuer)) is { } known)
            return known;
        LoadFromOtherNodes();
        return _known.FirstOrDefault(issuer => DeviceCal.IsSignedBy(certificate, issuer));
    }

    /// <summary>Reads what is remembered.</summary>
    public async Task LoadAsync(CancellationToken cancellation)
    {
        var rows = await database.ReadAsync(store => store.Issuers.AsNoTracking().OrderByDescending(row => row.FirstSeenAt).ToListAsync(cancellation), cancellation);
        _known = [.. rows.Select(row => X509CertificateLoader.LoadCertificate(row.Certificate))];
    }

    /// <summary>Asks the signer which issuing certificate it uses, and remembers it.</summary>
    /// <exception cref="ProblemException">The signer does not answer.</exception>
    /// <exception cref="InvalidDataException">The signer has another root.</exception>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        var answer = await signer.IssuerAsync(cancellation);
        trust.Refresh();
        if (_checked is { } before && before.Answer == answer && before.Under == trust.Current)
            return;
        var underTrust = trust.Current;
        var (issuing, signersRoot) = signer.ParseIssuer(answer);
        using (signersRoot)
        {
            if (!underTrust.Roots.Any(root => KeyFingerprint.Of(root) == KeyFingerprint.Of(signersRoot) && DeviceCal.IsSignedBy(issuing, root)))
                throw new InvalidDataException("the signer's issuing certificate is not signed by a root of this clearinghouse");
        }

        var fingerprint = KeyFingerprint.Of(issuing);
        if (FindKnown(fingerprint) is { } known)
        {
            issuing.Dispose();
            lock (_loading)
                if (known != _known[0])
                    _known = [known, .. _known.Where(other => other != known)];
            _checked = new(answer, underTrust);
            return;
        }

        await database.WriteAsync(
            async store =>
            {
                if (!await store.Issuers.AnyAsync(row => row.Fingerprint == fingerprint.Hex, cancellation))
                    store.Issuers.Add(IssuerRow.Of(issuing, time.GetUtcNow()));
                return true;
            },
            cancellation);
        lock (_loading)
            _known = [issuing, .. _known];
        _checked = new(answer, underTrust);
        logger.IssuingKeyInUse(fingerprint.Hex, IssuingKey.SignsUntil(issuing));
    }

    /// <summary>Likewise; false when the signer does not answer, and what is known stands.</summary>
    public async Task<bool> TryRefreshAsync(CancellationToken cancellation)
    {
        try
        {
            await RefreshAsync(cancellation);
            return true;
        }
        catch (ProblemException)
        {
            // The client has logged it.
            return false;
        }
    }

    /// <summary>The issuing certificate whose key made this statement of exactly this payload. The signer may have got a new issuing key since the last hour.</summary>
    /// <param name="statement">The signer's answer, COSE_Sign1.</param>
    /// <param name="payload">What it was asked to sign.</param>
    /// <param name="what">For the error.</param>
    /// <param name="cancellation">Ends the wait for the signer.</param>
    /// <exception cref="CryptographicException">It does not verify.</exception>
    public async Task<X509Certificate2> IssuerOfAsync(byte[] statement, byte[] payload, string what, CancellationToken cancellation)
    {
        if (!Statement.TryReadSigner(statement, out var signedBy))
            throw new CryptographicException("the signer's statement names no key");
        if (Find(signedBy) is null)
            await RefreshAsync(cancellation);
        var issuing = Find(signedBy);
        using var key = issuing?.GetECDsaPublicKey();
        return key is not null && Statement.TryVerify(statement, key, out var signed) && signed.AsSpan().SequenceEqual(payload)
            ? issuing!
            : throw new CryptographicException($"the signer's statement for {what} does not verify");
    }

    private X509Certificate2? FindKnown(KeyFingerprint fingerprint) => _known.FirstOrDefault(issuer => KeyFingerprint.Of(issuer) == fingerprint);

    // Another node's signer may have got a key that this one does not know.
    private void LoadFromOtherNodes()
    {
        using var store = database.OpenReader();
        var rows = store.Issuers.AsNoTracking().ToList();
        lock (_loading)
            _known = [.. _known, .. rows.Where(row => !_known.Any(known => KeyFingerprint.Of(known).Hex == row.Fingerprint)).Select(row => X509CertificateLoader.LoadCertificate(row.Certificate))];
    }

    public void Dispose()
    {
        foreach (var issuer in _known)
            issuer.Dispose();
    }

    private sealed record Checked(string Answer, PublisherTrust Under);
}
