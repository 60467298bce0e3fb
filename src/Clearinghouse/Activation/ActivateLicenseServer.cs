using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Doors;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.Activation;

/// <summary><c>POST /v1/activations</c>: certifies a license server's key. The steps are those of <c>docs/issuance-cycle.md</c>.</summary>
internal sealed class ActivateLicenseServer(
    ClearinghouseOptions options, Database database, Issuers issuers, SignerClient signer, TimeProvider time, ILogger<ActivateLicenseServer> logger)
{
    public const byte TermYears = SigningRules.MaxLicenseServerYears;

    public async Task<JsonHttpResult<ActivateResponse>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var body = await Body.ReadAsync(context, ContractsJson.Default.ActivateRequest);

        // Step 1: is it a request that its key's holder made, with all that is required?
        var request = Check(body);

        // Step 2: store what will be signed, and commit. The signer may have got a new issuing key since the last hour.
        await issuers.TryRefreshAsync(cancellation);
        var row = await StoreAsync(request, body.Company, cancellation);
        options.AfterStep?.Invoke(IssuanceStep.ActivationStored);

        // Steps 3 and 4: sign, store the signature once.
        if (row.Signature is null)
            row = await SignAsync(row, request, cancellation);

        // Step 5: answer what is stored.
        return TypedResults.Json(
            new ActivateResponse(row.Day, row.KeyId, row.Term, row.Signature!, CertificateChain.ToPem([IssuerOf(row)])),
            ContractsJson.Default.ActivateResponse);
    }

    private static ActivationRequest Check(ActivateRequest body)
    {
        var company = Body.Require(body.Company, "company");
        if (!ActivationRequest.TryDecode(Body.Require(body.Request, "request"), out var request))
            throw new ProblemException(
                LicensingProblem.InvalidField, $"request is not the {ActivationRequest.Length} bytes of an activation with a point of P-256", "request");
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(request.SubjectPublicKeyInfo(), out _);
        var proof = Body.Require(body.Proof, "proof");
        if (proof.Length != ActivationAnswer.SignatureLength || !key.VerifyData(
            ActivateRequest.ToBeProven(body.Request), proof, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "proof is not a signature by the key in the request", "proof");
        if (company.Check() is { Count: > 0 } errors)
            throw new ProblemException(
                LicensingProblem.InvalidField, string.Join("; ", errors.Select(error => $"{error.Field} {error.Error}")), $"company.{errors[0].Field}");
        return request;
    }

    private Task<ActivationRow> StoreAsync(ActivationRequest request, CompanyInformation company, CancellationToken cancellation)
        => database.WriteAsync(
            async store =>
            {
                var bytes = request.Encode();
                var issuing = issuers.Current;
                var row = await store.Activations.SingleOrDefaultAsync(row => row.Request == bytes, cancellation);
                if (row is not null && (row.Signature is not null || row.Issuer == KeyFingerprint.Of(issuing).Hex))
                    return row;

                var now = time.GetUtcNow();
                var day = (ushort)(now - DateTimeOffset.UnixEpoch).Days;
                var issuer = KeyFingerprint.Of(issuing);
                var toBeSigned = ActivationAnswer.ToBeSigned(request, day, issuer.KeyId, TermYears, issuing);
                if (row is null)
                {
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
                        Company = company,
                    };
                    store.Activations.Add(row);
                }
                else
                {
                    // It was never signed, and the issuing key that was to sign it has been followed by another.
                    (row.Day, row.KeyId, row.Term, row.Issuer, row.ToBeSigned) = (day, issuer.KeyId, TermYears, issuer.Hex, toBeSigned);
                }

                await store.AppendAuditAsync("activation", $"license server {row.LicenseServerId}", toBeSigned, now, cancellation);
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

    private X509Certificate2 IssuerOf(ActivationRow row)
        => issuers.Known.FirstOrDefault(issuer => KeyFingerprint.Of(issuer).Hex == row.Issuer)
            ?? throw new InvalidOperationException($"the issuing certificate of activation {row.Id} is not remembered");
}
