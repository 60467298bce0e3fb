using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Statements;

namespace Ostiary.Contracts.Trust;

/// <summary>One key followed by another, with what it takes to check it.</summary>
/// <param name="Statement">A <see cref="SuccessionStatement"/>, signed.</param>
/// <param name="OldCertificates">The old key's certificate and those above it without the root, PEM.</param>
/// <param name="IssuingCertificate">The certificate of the issuing key that signed the statement, PEM; null where the old key did.</param>
public sealed record SuccessionDocument(byte[] Statement, string OldCertificates, string? IssuingCertificate = null);

/// <summary>
/// <c>GET /v1/successions</c> of a license server at its hosts' door: which keys it had before. Nothing of it is believed because of where it came from:
/// it is asked for by a host that finds a key which it did not pin.
/// </summary>
/// <param name="Successions">From the first key to the last; at most <see cref="MaxSuccessions"/>.</param>
/// <param name="Certificates">The license server's certificate now and those above it without the root, PEM.</param>
/// <param name="Trust">What the license server knows of its publisher.</param>
public sealed record SuccessionDocuments(IReadOnlyList<SuccessionDocument> Successions, string Certificates, TrustDocuments? Trust = null)
{
    /// <summary>More than one a year of a certificate's life, for several license servers in one.</summary>
    public const int MaxSuccessions = 64;

    /// <summary>Names what is known of the keys of before; null where there were none.</summary>
    public static string? TagOf(IEnumerable<SuccessionDocument> successions)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var any = false;
        foreach (var document in successions)
        {
            hash.AppendData(SHA256.HashData(document.Statement));
            any = true;
        }

        return any ? Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16)) : null;
    }

    /// <summary>Characters of PEM; a chain of two certificates is some 1,800.</summary>
    public const int MaxPemLength = 16 * 1024;
}

/// <summary>A key that a license server had before, proven.</summary>
/// <param name="Statement">What says so.</param>
/// <param name="Certificates">Its own certificate and those above it without the root.</param>
/// <param name="Document">As it came.</param>
public sealed record ProvenSuccession(SuccessionStatement Statement, IReadOnlyList<X509Certificate2> Certificates, SuccessionDocument Document)
{
    /// <summary>
    /// Reads and verifies one succession. In good order the old key has signed it, and the publisher has not revoked that key; else an issuing key has, that
    /// a root certified which is trusted, and that was not withdrawn.
    /// </summary>
    /// <param name="document">From anywhere.</param>
    /// <param name="trust">What is known of the publisher.</param>
    /// <param name="now">The time at which certificates must hold.</param>
    /// <returns>Null where anything of it does not hold.</returns>
    public static ProvenSuccession? Verify(SuccessionDocument document, PublisherTrust trust, DateTimeOffset now)
    {
        if (ReadCertificates(document.OldCertificates) is not { Count: > 0 } certificates || Signer(document, certificates[0], trust, now) is not { } signer)
            return null;
        using (signer)
        {
            if (!Statements.Statement.TryVerify(document.Statement ?? [], signer, out var payload))
                return null;
            try
            {
                var statement = SuccessionStatement.Decode(payload);
                var byOldKey = document.IssuingCertificate is null;
                return statement.Old == KeyFingerprint.Of(certificates[0]) && (!byOldKey || (statement.Cause == SuccessionCause.Planned && trust.RevocationOf(statement.Old) is null))
                    ? new(statement, certificates, document)
                    : null;
            }
            catch (System.Formats.Cbor.CborContentException)
            {
                // Signed, and something else.
                return null;
            }
        }
    }

    /// <summary>The successions that lead from a key to the one that is shown now; empty where none do.</summary>
    /// <param name="documents">From anywhere.</param>
    /// <param name="pinned">Where to begin.</param>
    /// <param name="shown">Where to end.</param>
    /// <param name="trust">What is known of the publisher.</param>
    /// <param name="now">The time at which certificates must hold.</param>
    public static IReadOnlyList<ProvenSuccession> Lead(SuccessionDocuments documents, KeyFingerprint pinned, KeyFingerprint shown, PublisherTrust trust, DateTimeOffset now)
    {
        var proven = All(documents, trust, now);
        var path = new List<ProvenSuccession>();
        for (var at = pinned; at != shown;)
        {
            // Each is used once: a circle leads nowhere.
            if (proven.FirstOrDefault(step => step.Statement.Old == at && !path.Contains(step)) is not { } next)
                return [];
            path.Add(next);
            at = next.Statement.New;
        }

        return path;
    }

    /// <summary>Those that hold.</summary>
    public static IReadOnlyList<ProvenSuccession> All(SuccessionDocuments documents, PublisherTrust trust, DateTimeOffset now)
        => [.. (documents.Successions ?? []).Take(SuccessionDocuments.MaxSuccessions).Select(document => Verify(document, trust, now)).OfType<ProvenSuccession>()];

    /// <summary>Certificates of a text that may be anything; empty where it is none.</summary>
    public static IReadOnlyList<X509Certificate2> ReadCertificates(string? pem)
    {
        if (pem is null || pem.Length > SuccessionDocuments.MaxPemLength)
            return [];
        try
        {
            return CertificateChain.FromPem(pem);
        }
        catch (CryptographicException)
        {
            // What does not parse was not written by a license server.
            return [];
        }
    }

    private static ECDsa? Signer(SuccessionDocument document, X509Certificate2 old, PublisherTrust trust, DateTimeOffset now)
    {
        if (document.IssuingCertificate is null)
            return old.GetECDsaPublicKey();
        return ReadCertificates(document.IssuingCertificate) is [var issuing] && trust.IsIssuing(issuing, now) ? issuing.GetECDsaPublicKey() : null;
    }
}
