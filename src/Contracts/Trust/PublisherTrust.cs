using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Statements;

namespace Ostiary.Contracts.Trust;

/// <summary>
/// What a verifier knows of a publisher: the root that it was given, the roots that followed it, the issuing keys that are withdrawn, and the
/// clearinghouse's revocation list. It does not change: <see cref="Take"/> gives the next one.
/// <list type="number">
/// <item>A root is trusted when one that is trusted has signed it by a cross certificate of exactly its profile, in date when it is taken.</item>
/// <item>The list of withdrawn keys is taken from any trusted root, never with a smaller number.</item>
/// <item>The revocation list is taken from an issuing key that a trusted root has certified and that is not withdrawn, never with a smaller number.
/// A list of a key that is withdrawn counts for nothing, and neither does its number.</item>
/// </list>
/// </summary>
public sealed class PublisherTrust
{
    private readonly IReadOnlyList<X509Certificate2> _crosses;
    private readonly byte[]? _withdrawn;
    private readonly byte[]? _revocations;
    private readonly X509Certificate2? _revocationsIssuer;
    private readonly HashSet<KeyFingerprint> _withdrawnKeys;
    private readonly Lazy<string> _tag;

    private PublisherTrust(
        IReadOnlyList<X509Certificate2> roots, IReadOnlyList<X509Certificate2> crosses, byte[]? withdrawn, WithdrawnIssuingKeysStatement? withdrawals,
        byte[]? revocations, ClearinghouseRevocationsStatement? list, X509Certificate2? revocationsIssuer)
    {
        (Roots, _crosses, _withdrawn, Withdrawals, _revocations, Revocations, _revocationsIssuer) =
            (roots, crosses, withdrawn, withdrawals, revocations, list, revocationsIssuer);
        _tag = new(() => Convert.ToHexStringLower(SHA256.HashData(Encode()).AsSpan(0, 16)));
        _withdrawnKeys = [.. withdrawals?.Keys.Select(key => key.IssuingKey) ?? []];
    }

    /// <summary>The root that was given, and those that followed it.</summary>
    public IReadOnlyList<X509Certificate2> Roots { get; }

    /// <summary>The newest list of withdrawn issuing keys; null before the first.</summary>
    public WithdrawnIssuingKeysStatement? Withdrawals { get; }

    /// <summary>The newest revocation list; null before the first.</summary>
    public ClearinghouseRevocationsStatement? Revocations { get; }

    /// <summary>Names what is known: others that know the same have the same tag.</summary>
    public string Tag => _tag.Value;

    /// <summary>All that is known to begin with.</summary>
    public static PublisherTrust Of(X509Certificate2 root) => new([root], [], null, null, null, null, null);

    /// <summary>What <see cref="Encode"/> wrote, from the same root. What was taken once is not asked for its dates again.</summary>
    /// <param name="root">The root that was given.</param>
    /// <param name="remembered">Null where nothing was.</param>
    /// <exception cref="InvalidDataException">It is not what was written.</exception>
    public static PublisherTrust Remembered(X509Certificate2 root, byte[]? remembered)
    {
        if (remembered is null)
            return Of(root);
        try
        {
            return Of(root).Take(JsonSerializer.Deserialize(remembered, ContractsJson.Default.TrustDocuments) ?? throw new InvalidDataException("what was known of the publisher is damaged"), null);
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException("what was known of the publisher is damaged", malformed);
        }
    }

    /// <summary>The form that is remembered and passed on.</summary>
    public TrustDocuments ToDocuments()
        => new(CertificateChain.ToPem([.. Roots, .. _crosses]), _withdrawn, _revocations, _revocationsIssuer?.ExportCertificatePem());

    /// <summary>The same as bytes.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(ToDocuments(), ContractsJson.Default.TrustDocuments);

    public bool IsWithdrawn(KeyFingerprint issuingKey) => _withdrawnKeys.Contains(issuingKey);

    /// <summary>The entry of a license server; null where it is not revoked.</summary>
    public RevokedLicenseServer? RevocationOf(KeyFingerprint licenseServer) => Revocations?.LicenseServers.FirstOrDefault(entry => entry.LicenseServer == licenseServer);

    /// <summary>The entry of a key pack; null where it is not revoked.</summary>
    public RevokedKeyPack? RevocationOf(Guid keyPack) => Revocations?.KeyPacks.FirstOrDefault(entry => entry.PackId == keyPack);

    /// <summary>Whether a certificate leads to one of the roots, over no key that is withdrawn; see <see cref="CertificateChain.LeadsTo"/>.</summary>
    public bool LeadsTo(X509Certificate2 certificate, IEnumerable<X509Certificate2> intermediates, DateTimeOffset now) => RootOf(certificate, intermediates, now) is not null;

    /// <summary>The root that a certificate leads to; null where it leads to none.</summary>
    public X509Certificate2? RootOf(X509Certificate2 certificate, IEnumerable<X509Certificate2> intermediates, DateTimeOffset now)
        => Roots.FirstOrDefault(root => CertificateChain.LeadsTo(root, certificate, intermediates, now, IsWithdrawn));

    /// <summary>What is known after these documents. What does not hold of them is left; this very object comes back where nothing is new.</summary>
    /// <param name="documents">From anywhere.</param>
    /// <param name="now">The time at which certificates must hold; null for what was taken before.</param>
    public PublisherTrust Take(TrustDocuments documents, DateTimeOffset? now)
    {
        var (roots, crosses) = TakeRoots(documents.Certificates, now);
        var (withdrawn, withdrawals) = TakeWithdrawals(documents.Withdrawn, roots);
        var known = _revocationsIssuer is { } issuer && withdrawals?.Keys.Any(entry => entry.IssuingKey == KeyFingerprint.Of(issuer)) == true
            ? new PublisherTrust(roots, crosses, withdrawn, withdrawals, null, null, null)
            : new(roots, crosses, withdrawn, withdrawals, _revocations, Revocations, _revocationsIssuer);
        var taken = known.TakeRevocations(documents.Revocations, documents.RevocationsIssuer, now);
        return roots.Count == Roots.Count && withdrawals?.Number == Withdrawals?.Number && ReferenceEquals(taken._revocations, _revocations) ? this : taken;
    }

    /// <summary>Whether a certificate is an issuing one that a trusted root itself has certified, in date and not withdrawn: a license server's leads to the root too.</summary>
    public bool IsIssuing(X509Certificate2 certificate, DateTimeOffset? now)
        // What a root has not signed may hold anything: no more of it is read than its signature asks for.
        => Algorithms.Has(certificate) && Roots.Any(root => DeviceCal.IsSignedBy(certificate, root)) && !IsWithdrawn(KeyFingerprint.Of(certificate))
            && !RootCertificates.IsSelfIssued(certificate)
            && certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority) && (now is not { } at || LeadsTo(certificate, [], at));

    private (IReadOnlyList<X509Certificate2> Roots, IReadOnlyList<X509Certificate2> Crosses) TakeRoots(string pem, DateTimeOffset? now)
    {
        var found = Read(pem);
        List<X509Certificate2> roots = [.. Roots];
        List<X509Certificate2> crosses = [.. _crosses];
        while (Next() is var (root, cross))
        {
            roots.Add(root);
            crosses.Add(cross);
        }

        return (roots, crosses);

        // A root that is not known, and the cross certificate by which a known one has signed its key.
        (X509Certificate2 Root, X509Certificate2 Cross)? Next()
        {
            if (roots.Count * 2 > TrustDocuments.MaxCertificates)
                return null;
            foreach (var cross in found)
                if (found.Find(root => IsOf(root, cross) && !roots.Exists(known => IsSame(known, root))) is { } next
                    && roots.Exists(known => Holds(known) && RootCertificates.IsCrossOf(known, cross)) && Holds(cross) && Holds(next))
                    return (next, cross);
            return null;
        }

        bool Holds(X509Certificate2 certificate) => now is not { } at || RootCertificates.HoldsAt(certificate, at);

        static bool IsOf(X509Certificate2 root, X509Certificate2 cross)
            => !ReferenceEquals(root, cross) && KeyFingerprint.Of(root) == KeyFingerprint.Of(cross) && RootCertificates.IsRoot(root);
    }

    private (byte[]? Message, WithdrawnIssuingKeysStatement? Statement) TakeWithdrawals(byte[]? message, IReadOnlyList<X509Certificate2> roots)
    {
        if (message is not null && ReadWithdrawals(message, roots) is { } statement && statement.Number > (Withdrawals?.Number ?? 0))
            return (message, statement);
        return (_withdrawn, Withdrawals);
    }

    /// <summary>A list of withdrawn keys that the key of one of these roots has signed; null where it is none.</summary>
    public static WithdrawnIssuingKeysStatement? ReadWithdrawals(byte[] message, IReadOnlyList<X509Certificate2> roots)
    {
        if (!Statement.TryReadSigner(message, out var signer) || roots.FirstOrDefault(root => KeyFingerprint.Of(root) == signer) is not { } root)
            return null;
        using var key = root.GetECDsaPublicKey();
        return key is not null && Statement.TryVerify(message, key, out var payload) ? Decoded(payload, WithdrawnIssuingKeysStatement.Decode) : null;
    }

    private PublisherTrust TakeRevocations(byte[]? message, string? issuerPem, DateTimeOffset? now)
    {
        // A key is read from no certificate that a root has not signed: it may be none.
        if (message is null || issuerPem is null || Read(issuerPem) is not [var issuer] || !IsIssuing(issuer, now))
            return this;
        using var key = issuer.GetECDsaPublicKey();
        return key is not null && Statement.TryVerify(message, key, out var payload)
            && Decoded(payload, ClearinghouseRevocationsStatement.Decode) is { } list && list.Number > (Revocations?.Number ?? 0)
                ? new(Roots, _crosses, _withdrawn, Withdrawals, message, list, issuer)
                : this;
    }

    private static List<X509Certificate2> Read(string pem)
    {
        if (pem.Length > TrustDocuments.MaxPemLength)
            return [];
        try
        {
            return [.. CertificateChain.FromPem(pem).Take(TrustDocuments.MaxCertificates)];
        }
        catch (CryptographicException)
        {
            // What does not parse was not written by a clearinghouse.
            return [];
        }
    }

    private static T? Decoded<T>(byte[] payload, Func<ReadOnlyMemory<byte>, T> decode)
        where T : class
    {
        try
        {
            return decode(payload);
        }
        catch (CborContentException)
        {
            // Signed, and of a kind or version that is not this one.
            return null;
        }
    }

    private static bool IsSame(X509Certificate2 one, X509Certificate2 other) => KeyFingerprint.Of(one) == KeyFingerprint.Of(other);
}
