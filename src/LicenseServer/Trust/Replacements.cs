using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Trust;

/// <param name="Statement">COSE_Sign1, verified.</param>
/// <param name="IssuingCertificate">DER.</param>
internal sealed record ReplacedPack(byte[] Statement, byte[] IssuingCertificate);

/// <summary>This license server's documents by another issuing key, verified.</summary>
/// <param name="Certificate">Its certificate, DER; null where it was not replaced.</param>
/// <param name="IssuingCertificate">DER; null likewise.</param>
/// <param name="KeyPacks">By the numbers in their statements.</param>
internal sealed record Replacements(byte[]? Certificate, byte[]? IssuingCertificate, IReadOnlyDictionary<Guid, ReplacedPack> KeyPacks)
{
    public static Replacements None { get; } = new(null, null, new Dictionary<Guid, ReplacedPack>());

    /// <summary>Fetches them: the same key, and the same packs but for their day.</summary>
    /// <exception cref="ProblemException">The clearinghouse was not heard, says no, or has answered what does not hold.</exception>
    public static async Task<Replacements> FetchAsync(
        Ledger ledger, ClearinghouseClient clearinghouse, PublisherTrust trust, OutdatedDocuments outdated, CancellationToken cancellation)
    {
        var answers = new List<ReplacementAnswer>();
        foreach (var request in await RequestsAsync(ledger, outdated, cancellation).ConfigureAwait(false))
            answers.Add(await clearinghouse.ReplaceAsync(new(request), cancellation).ConfigureAwait(false));
        return await ReadAsync(ledger, trust, outdated, answers, cancellation).ConfigureAwait(false);
    }

    /// <summary>The same for any key.</summary>
    /// <param name="key">Whose documents they are.</param>
    /// <param name="asked">Its activation request.</param>
    /// <param name="clearinghouse">Whom to ask.</param>
    /// <param name="trust">What they must hold by.</param>
    /// <param name="now">When.</param>
    /// <param name="wantsCertificate">Whether the certificate is wanted, too.</param>
    /// <param name="keyPacks">Those that are wanted.</param>
    /// <param name="isExpected">Whether a pack is what was to come.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ProblemException">The clearinghouse was not heard, says no, or has answered what does not hold.</exception>
    public static async Task<Replacements> FetchAsync(
        SigningKey key, ActivationRequest asked, ClearinghouseClient clearinghouse, PublisherTrust trust, DateTimeOffset now, bool wantsCertificate, IEnumerable<Guid> keyPacks,
        Func<KeyPackStatement, bool> isExpected, CancellationToken cancellation)
    {
        var answers = new List<ReplacementAnswer>();
        foreach (var request in Requests(key, asked, keyPacks))
            answers.Add(await clearinghouse.ReplaceAsync(new(request), cancellation).ConfigureAwait(false));
        return Read(asked, trust, now, wantsCertificate, isExpected, answers);
    }

    /// <summary>What is asked of a clearinghouse, signed: one or several requests, in this order.</summary>
    public static async Task<IReadOnlyList<byte[]>> RequestsAsync(Ledger ledger, OutdatedDocuments outdated, CancellationToken cancellation)
        => Requests(ledger.Identity.Key, await Activate.AcceptedAsync(ledger, cancellation).ConfigureAwait(false), outdated.KeyPacks.Keys.Order());

    /// <summary>What came back by a code.</summary>
    public static ReplacementAnswer Of(CarriedDocuments documents) => new(
        new(documents.Answer.Day, documents.Answer.KeyId, documents.Answer.Term, documents.Answer.Signature, Pem(documents.IssuingCertificate)),
        [.. documents.KeyPacks.Select(pack => new RedeemResponse(pack.Statement, Pem(pack.IssuingCertificate)))]);

    /// <summary>Verifies answers, by whatever way they came.</summary>
    /// <exception cref="ProblemException">One does not hold.</exception>
    public static async Task<Replacements> ReadAsync(
        Ledger ledger, PublisherTrust trust, OutdatedDocuments outdated, IEnumerable<ReplacementAnswer> answers, CancellationToken cancellation)
        => Read(
            await Activate.AcceptedAsync(ledger, cancellation).ConfigureAwait(false), trust, ledger.Clock.GetUtcNow(), outdated.Certificate,
            statement => outdated.KeyPacks.TryGetValue(statement.PackId, out var before) && before with { IssuedAt = statement.IssuedAt } == statement, answers);

    private static IReadOnlyList<byte[]> Requests(SigningKey key, ActivationRequest asked, IEnumerable<Guid> keyPacks)
        => [.. keyPacks.Chunk(ReplacementRequestStatement.MaxKeyPacks).DefaultIfEmpty([]).Select(ids => key.SignStatement(new ReplacementRequestStatement(asked.Encode(), ids).Encode()))];

    private static Replacements Read(
        ActivationRequest asked, PublisherTrust trust, DateTimeOffset now, bool wantsCertificate, Func<KeyPackStatement, bool> isExpected, IEnumerable<ReplacementAnswer> answers)
    {
        var packs = new Dictionary<Guid, ReplacedPack>();
        (byte[] Own, byte[] Issuing)? certificate = null;
        foreach (var answer in answers)
        {
            if (wantsCertificate && certificate is null)
                certificate = ReadCertificate(answer.Activation, asked, trust, now);
            foreach (var pack in answer.KeyPacks ?? [])
            {
                var (id, replaced) = ReadPack(pack, isExpected, trust, now);
                packs[id] = replaced;
            }
        }

        return new(certificate?.Own, certificate?.Issuing, packs);
    }

    /// <summary>Checks a certificate as it came.</summary>
    /// <exception cref="ProblemException">It does not hold.</exception>
    public static (byte[] Own, byte[] Issuing) ReadCertificate(ActivateResponse response, ActivationRequest asked, PublisherTrust trust, DateTimeOffset now)
    {
        using var issuing = ReadIssuing(response.IssuingCertificate, trust, now);
        var certificate = new ActivationAnswer(response.Day, response.KeyId, response.Term, response.Signature ?? []).TryAssemble(asked, issuing)
            ?? throw Invalid("the certificate is not signed by its issuing key, or is for another request");
        using var own = X509CertificateLoader.LoadCertificate(certificate);
        return trust.LeadsTo(own, [issuing], now) ? (certificate, issuing.RawData) : throw Invalid("the certificate does not lead to a root of the publisher");
    }

    private static string Pem(byte[] certificate) => PemEncoding.WriteString("CERTIFICATE", certificate);

    private static (Guid PackId, ReplacedPack Replaced) ReadPack(RedeemResponse response, Func<KeyPackStatement, bool> isExpected, PublisherTrust trust, DateTimeOffset now)
    {
        using var issuing = ReadIssuing(response.IssuingCertificate, trust, now);
        using var key = issuing.GetECDsaPublicKey() ?? throw Invalid("the issuing key is not one of P-256");
        if (!Statement.TryVerify(response.KeyPack ?? [], key, out var payload))
            throw Invalid("a key pack is not signed by its issuing key");
        try
        {
            var statement = KeyPackStatement.Decode(payload);
            return isExpected(statement)
                ? (statement.PackId, new(response.KeyPack!, issuing.RawData))
                : throw Invalid($"key pack {statement.PackId} was not asked for, or says something else than before");
        }
        catch (CborContentException malformed)
        {
            throw Invalid($"a key pack is not of a form that this version understands: {malformed.Message}");
        }
    }

    private static X509Certificate2 ReadIssuing(string? pem, PublisherTrust trust, DateTimeOffset now)
    {
        try
        {
            var issuing = X509Certificate2.CreateFromPem(pem ?? "");
            if (trust.IsIssuing(issuing, now))
                return issuing;
            issuing.Dispose();
        }
        catch (CryptographicException noCertificate)
        {
            throw Invalid($"the issuing certificate cannot be read: {noCertificate.Message}");
        }

        throw Invalid("the issuing certificate does not lead to a root of the publisher, or its key was withdrawn, too");
    }

    private static ProblemException Invalid(string reason) => new(LicensingProblem.SignatureInvalid, $"what the clearinghouse has signed again does not hold: {reason}");
}
