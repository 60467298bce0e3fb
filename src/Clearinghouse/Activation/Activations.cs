using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Customers;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.Revocations;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.Activation;

/// <summary>Certifies license servers' keys, by whatever method the request came. The steps are those of <c>docs/issuance-cycle.md</c>.</summary>
internal sealed class Activations(
    ClearinghouseOptions options, Database database, Issuers issuers, PublishedTrust trust, RevocationLists revocations, SignerClient signer, TimeProvider time,
    ILogger<Activations> logger)
{
    public const byte TermYears = SigningRules.MaxLicenseServerYears;

    /// <summary>Activations of one license server in 24 hours, repeated ones not counted.</summary>
    public const int MaxADay = 20;

    /// <summary>Steps 2 to 4: the same request is the same row with the same signature by every method, as long as the key that signed it is not withdrawn.</summary>
    /// <param name="request">Checked.</param>
    /// <param name="company">Checked; null for a reactivation and for what is signed again.</param>
    /// <param name="method">How it came; null for what is signed again.</param>
    /// <param name="cancellation">The request's.</param>
    public Task<ActivationRow> ActivateAsync(ActivationRequest request, CompanyInformation? company, ConnectionMethod? method, CancellationToken cancellation)
        => ActivateAsync(request, company, null, method, cancellation);

    /// <summary>The same for a license server that is activated: its key is certified again, by an activation of its own. Company information stays as it is.</summary>
    /// <param name="request">Checked, of a reactivation's kind.</param>
    /// <param name="contact">Who confirms it, checked.</param>
    /// <param name="method">How it came.</param>
    /// <param name="cancellation">The request's.</param>
    /// <exception cref="ProblemException">The license server is not activated, or is revoked.</exception>
    public async Task<ActivationRow> ReactivateAsync(ActivationRequest request, ContactPerson contact, ConnectionMethod method, CancellationToken cancellation)
    {
        await revocations.RequireGoodAsync(KeyFingerprint.Of(request.SubjectPublicKeyInfo()), cancellation);
        return await ActivateAsync(request, null, contact, method, cancellation);
    }

    private async Task<ActivationRow> ActivateAsync(
        ActivationRequest request, CompanyInformation? company, ContactPerson? contact, ConnectionMethod? method, CancellationToken cancellation)
    {
        // Step 2: store what will be signed, and commit. The signer may have got a new issuing key since the last hour.
        // What is signed already is not taken back while nothing can be put in its place.
        var canSign = await issuers.TryRefreshAsync(cancellation);
        var row = await StoreAsync(request, company, contact, method, canSign, cancellation);
        options.AfterStep?.Invoke(IssuanceStep.ActivationStored);

        // Steps 3 and 4: sign, store the signature once.
        return row.Signature is null ? await SignAsync(row, request, cancellation) : row;
    }

    // The license server's own key, and nobody else's, can ask so often; what was answered before is answered always.
    private static async Task RequireFewAsync(ClearinghouseStore store, ActivationRequest request, DateTimeOffset now, CancellationToken cancellation)
    {
        var (id, since) = (LicenseServerId.Of(request.SubjectPublicKeyInfo()).Text, now - TimeSpan.FromDays(1));
        if (await store.Activations.CountAsync(row => row.LicenseServerId == id && row.RequestedAt > since, cancellation) >= MaxADay)
            throw new ProblemException(LicensingProblem.TooManyAttempts, $"license server {id} was activated {MaxADay} times within a day; try again in an hour")
            {
                RetryAfter = TimeSpan.FromHours(1),
            };
    }

    /// <summary>For a look before anything is done.</summary>
    /// <exception cref="ProblemException">No activation of this license server is in force.</exception>
    public Task RequireInForceAsync(LicenseServerId licenseServer, CancellationToken cancellation)
        => database.ReadAsync(
            async store =>
            {
                await RequireInForceAsync(store, licenseServer.Text, cancellation);
                return true;
            },
            cancellation);

    /// <summary>In the caller's transaction.</summary>
    /// <exception cref="ProblemException">No activation of this license server is in force.</exception>
    public static async Task RequireInForceAsync(ClearinghouseStore store, string licenseServerId, CancellationToken cancellation)
    {
        await RequireNotDeactivatedAsync(store, licenseServerId, cancellation);
        if (!await store.Activations.AnyAsync(row => row.LicenseServerId == licenseServerId && row.SignedAt != null, cancellation))
            throw new ProblemException(LicensingProblem.NotActivated, $"license server {licenseServerId} was never activated here; activate it (ostiary server activate)", "request");
    }

    /// <summary>In the caller's transaction. One whose activation is not in the rows has shown its certificate.</summary>
    /// <exception cref="ProblemException">It was deactivated, and not activated again.</exception>
    public static async Task RequireNotDeactivatedAsync(ClearinghouseStore store, string licenseServerId, CancellationToken cancellation)
    {
        if (await store.Activations.Where(row => row.LicenseServerId == licenseServerId).MaxAsync(row => row.DeactivatedAt, cancellation) is { } ended
            && !await store.Activations.AnyAsync(row => row.LicenseServerId == licenseServerId && row.SignedAt != null && row.DeactivatedAt == null, cancellation))
            throw new ProblemException(LicensingProblem.NotActivated, $"license server {licenseServerId} was deactivated on {ended:yyyy-MM-dd}; activate it again (ostiary server activate)");
    }

    /// <summary>The end of the certificate.</summary>
    public static DateTimeOffset EndOf(ActivationRow row) => DateTimeOffset.UnixEpoch.AddDays(row.Day).AddYears(row.Term);

    /// <summary>The activation as it is answered now: signed again, if a withdrawn key had signed it.</summary>
    /// <param name="found">A row that is there.</param>
    /// <param name="cancellation">The request's.</param>
    /// <exception cref="ProblemException">The signer does not answer.</exception>
    public async Task<ActivationRow> SignAgainAsync(ActivationRow found, CancellationToken cancellation)
    {
        if (!ActivationRequest.TryDecode(found.Request, out var request))
            throw new InvalidOperationException($"the request of activation {found.Id} cannot be read");
        return found.Signature is null || trust.Current.IsWithdrawn(found.Issuer) ? await ActivateAsync(request, null, null, cancellation) : found;
    }

    /// <summary>Activations that a withdrawn key has signed, and those that a crash left between the old signature and the new one.</summary>
    public Task<List<ActivationRow>> UnderWithdrawnKeysAsync(int most, CancellationToken cancellation)
    {
        var withdrawn = trust.WithdrawnKeys;
        return database.ReadAsync(
            store => store.Activations.AsNoTracking().Where(row => row.Signature == null ? row.SignedAt != null : withdrawn.Contains(row.Issuer)).OrderBy(row => row.Id).Take(most)
                .ToListAsync(cancellation),
            cancellation);
    }

    /// <summary>The activation that a license server's request names; null when there is none.</summary>
    public Task<ActivationRow?> FindAsync(byte[] request, CancellationToken cancellation)
        => database.ReadAsync(store => store.Activations.AsNoTracking().SingleOrDefaultAsync(row => row.Request == request, cancellation), cancellation);

    /// <summary>What its license server is answered.</summary>
    public static ActivationAnswer AnswerOf(ActivationRow row) => new(row.Day, row.KeyId, row.Term, row.Signature!);

    /// <summary>The newest activation of a license server that is signed; null when there is none.</summary>
    /// <param name="licenseServer">Which.</param>
    /// <param name="cancellation">The request's.</param>
    /// <param name="alsoEnded">Also one that a deactivation has ended.</param>
    public Task<ActivationRow?> FindAsync(LicenseServerId licenseServer, CancellationToken cancellation, bool alsoEnded = false)
        => database.ReadAsync(
            store => store.Activations.AsNoTracking().Where(row => row.LicenseServerId == licenseServer.Text && row.Signature != null && (alsoEnded || row.DeactivatedAt == null))
                .OrderByDescending(row => row.Id).FirstOrDefaultAsync(cancellation),
            cancellation);

    /// <summary>Whether this very request has been answered.</summary>
    public Task<bool> IsDoneAsync(ActivationRequest request, CancellationToken cancellation)
    {
        var bytes = request.Encode();
        return database.ReadAsync(store => store.Activations.AnyAsync(row => row.Request == bytes && row.Signature != null, cancellation), cancellation);
    }

    /// <summary>A license server by its ID, for methods by which no certificate comes.</summary>
    /// <exception cref="ProblemException">It was not activated here, or its certificate is over.</exception>
    public async Task<LicenseServerIdentity> IdentifyAsync(LicenseServerId licenseServer, CancellationToken cancellation)
    {
        if (await FindAsync(licenseServer, cancellation) is not { } row || !ActivationRequest.TryDecode(row.Request, out var request))
            throw new ProblemException(LicensingProblem.NotActivated, $"license server {licenseServer} is not activated here; activate it first", "licenseServerId");
        var certificate = AnswerOf(row).TryAssemble(request, IssuerOf(row))
            ?? throw new CryptographicException($"the signature of activation {row.Id} does not verify");
        using var parsed = X509CertificateLoader.LoadCertificate(certificate);
        return LicenseServerIdentity.Verify(parsed.ExportCertificatePem(), trust, issuers, time.GetUtcNow());
    }

    private Task<ActivationRow> StoreAsync(ActivationRequest request, CompanyInformation? company, ContactPerson? contact, ConnectionMethod? method, bool canSign, CancellationToken cancellation)
        => database.WriteAsync(
            async store =>
            {
                var bytes = request.Encode();
                var row = await store.Activations.SingleOrDefaultAsync(row => row.Request == bytes, cancellation);
                // A certificate that is signed again under another issuing key is not asked for by anybody.
                if (row?.DeactivatedAt is { } ended && method is not null)
                    throw new ProblemException(LicensingProblem.RuleForbids, $"this activation ended on {ended:yyyy-MM-dd}, when the license server was deactivated; activate it anew, with another request");
                if (row?.Signature is not null && !(canSign && trust.Current.IsWithdrawn(row.Issuer)))
                    return row;
                var issuing = issuers.Current;
                if (row is not null && row.Signature is null && row.Issuer == KeyFingerprint.Of(issuing).Hex)
                    return row;

                var now = time.GetUtcNow();
                var day = (ushort)(now - DateTimeOffset.UnixEpoch).Days;
                var issuer = KeyFingerprint.Of(issuing);
                var toBeSigned = ActivationAnswer.ToBeSigned(request, day, issuer.KeyId, TermYears, issuing);
                if (row is null)
                {
                    await RequireFewAsync(store, request, now, cancellation);
                    if (request.Kind.Reason() is not null)
                        await RequireInForceAsync(store, LicenseServerId.Of(request.SubjectPublicKeyInfo()).Text, cancellation);
                    row = new()
                    {
                        Request = bytes,
                        LicenseServerId = LicenseServerId.Of(request.SubjectPublicKeyInfo()).Text,
                        Day = day,
                        KeyId = issuer.KeyId,
                        Term = TermYears,
                        Issuer = issuer.Hex,
                        ToBeSigned = toBeSigned,
                        RequestedAt = now,
                    };
                    store.Activations.Add(row);
                    if (company is not null)
                        await store.ChangeCompanyAsync(row.LicenseServerId, company, now, cancellation);
                    if (contact is not null)
                        store.EnterContact(row.LicenseServerId, contact, request.Kind, now);
                }
                else
                {
                    // The issuing key that was to sign it has been followed by another, or the one that has was withdrawn.
                    (row.Day, row.KeyId, row.Term, row.Issuer, row.ToBeSigned) = (day, issuer.KeyId, TermYears, issuer.Hex, toBeSigned);
                    row.Withdraw();
                }

                var what = request.Kind.Reason() is { } reason ? $"license server {row.LicenseServerId}, {KebabCase.Of(reason)}" : $"license server {row.LicenseServerId}";
                await store.AppendToBeSignedAsync(
                    SignedKind.LicenseServer, row.SignedAt is not null ? "activation-signed-again" : request.Kind == ActivationKind.Activate ? "activation" : "reactivation",
                    method is { } by ? $"{what}, {KebabCase.Of(by)}" : what, toBeSigned, now, cancellation);
                return row;
            },
            cancellation);

    private async Task<ActivationRow> SignAsync(ActivationRow stored, ActivationRequest request, CancellationToken cancellation)
    {
        var signature = await signer.SignLicenseServerAsync(stored.ToBeSigned, cancellation);
        options.AfterStep?.Invoke(IssuanceStep.ActivationSigned);
        if (new ActivationAnswer(stored.Day, stored.KeyId, stored.Term, signature).TryAssemble(request, IssuerOf(stored)) is null)
            throw new CryptographicException($"the signer's signature of activation {stored.Id} does not verify");

        var row = await database.WriteAsync(
            async store =>
            {
                var row = await store.Activations.SingleAsync(row => row.Id == stored.Id, cancellation);
                if (row.ToBeSigned.AsSpan().SequenceEqual(stored.ToBeSigned))
                    row.Sign(signature, time.GetUtcNow());
                return row;
            },
            cancellation);
        options.AfterStep?.Invoke(IssuanceStep.ActivationSignatureStored);
        if (row.Signature is null)
            throw new ProblemException(LicensingProblem.TemporarilyUnavailable, "the issuing key has just been followed by another; try again");
        logger.Activated(row.LicenseServerId, row.Id);
        return row;
    }

    /// <summary>The issuing certificate whose key signed it.</summary>
    public X509Certificate2 IssuerOf(ActivationRow row)
        => (KeyFingerprint.TryParse(row.Issuer, out var key) ? issuers.Find(key) : null)
            ?? throw new InvalidOperationException($"the issuing certificate of activation {row.Id} is not remembered");
}
