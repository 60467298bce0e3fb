using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;

namespace Ostiary.Clearinghouse.Signing;

/// <summary>The published root.</summary>
internal sealed class PublishedRoot(X509Certificate2 certificate) : IDisposable
{
    public X509Certificate2 Certificate => certificate;

    public KeyFingerprint Fingerprint { get; } = KeyFingerprint.Of(certificate);

    public void Dispose() => certificate.Dispose();
}

/// <summary>
/// The issuing certificates that lead to the published root: the one that the signer uses now, and those it used before.
/// They are remembered in the database, so that what is signed already is given out and checked while the signer is away.
/// </summary>
internal sealed class Issuers(SignerClient signer, Database database, PublishedRoot root, TimeProvider time, ILogger<Issuers> logger) : IDisposable
{
    // The one in use first; replaced as a whole.
    private volatile IReadOnlyList<X509Certificate2> _known = [];

    public IReadOnlyList<X509Certificate2> Known => _known;

    /// <exception cref="ProblemException">The signer was never reached.</exception>
    public X509Certificate2 Current
        => _known is [var inUse, ..] ? inUse : throw new ProblemException(LicensingProblem.TemporarilyUnavailable, "the signer does not answer; try again");

    public X509Certificate2? Find(KeyFingerprint fingerprint) => _known.FirstOrDefault(issuer => KeyFingerprint.Of(issuer) == fingerprint);

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
        var (issuing, signersRoot) = await signer.IssuerAsync(cancellation);
        using (signersRoot)
            if (!DeviceCal.IsSignedBy(issuing, root.Certificate) || KeyFingerprint.Of(signersRoot) != root.Fingerprint)
                throw new InvalidDataException("the signer's issuing certificate is not signed by this clearinghouse's root");
        var fingerprint = KeyFingerprint.Of(issuing);
        if (Find(fingerprint) is { } known)
        {
            issuing.Dispose();
            if (known != Current)
                _known = [known, .. _known.Where(other => other != known)];
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
        _known = [issuing, .. _known];
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

    public void Dispose()
    {
        foreach (var issuer in _known)
            issuer.Dispose();
    }
}
