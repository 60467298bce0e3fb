using System.Formats.Cbor;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Successions;

/// <summary>
/// <c>POST /v1/successions</c>: 1. the request is its new key's, and the statement its old key's; 2. the succession is stored; 3. it and what follows from it
/// is signed; 4. the new key is certified; 5. what is stored is answered. Where the old key is stolen its signature is worth nothing: the new key is certified,
/// and the rest waits for the publisher's administrator.
/// </summary>
internal sealed class SucceedKey(Activations activations, Successions successions, Revocations.RevocationLists revocations)
{
    public async Task<JsonHttpResult<SucceedResponse>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var body = await Json.ReadAsync(context, ContractsJson.Default.SucceedRequest);
        var request = ActivateLicenseServer.Proven(Json.Require(body.Request, "request"), Json.Require(body.Proof, "proof"));
        var next = KeyFingerprint.Of(request.SubjectPublicKeyInfo());
        var row = await successions.FindNewAsync(next, cancellation)
            ?? await BeginAsync(request, next, body.Statement ?? throw new ProblemException(LicensingProblem.NotFound, $"the publisher has not said that license server {LicenseServerId.Of(next)} follows another one"), cancellation);
        var (completed, packs, _) = await successions.CompleteAsync(row, cancellation);
        var activation = await activations.ActivateAsync(request, null, null, cancellation);
        return TypedResults.Json(
            new SucceedResponse(
                completed.Statement!, successions.IssuerOf(completed) is { } issuing ? CertificateChain.ToPem([issuing]) : null, await OldCertificatesAsync(completed, cancellation),
                new(activation.Day, activation.KeyId, activation.Term, activation.Signature!, CertificateChain.ToPem([activations.IssuerOf(activation)])), packs),
            ContractsJson.Default.SucceedResponse);
    }

    private async Task<SuccessionRow> BeginAsync(ActivationRequest request, KeyFingerprint next, byte[] signed, CancellationToken cancellation)
    {
        var claimed = Read(signed);
        if (claimed.New != next)
            throw new ProblemException(LicensingProblem.SignatureInvalid, "statement names another new key than request", "statement");
        using var old = await activations.IdentifyAsync(LicenseServerId.Of(claimed.Old), cancellation);
        if (!Statement.TryVerify(signed, old.Key, out var payload))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "statement is not signed by the old key", "statement");
        if (claimed.Cause == SuccessionCause.Planned)
        {
            await revocations.RequireGoodAsync(old.Fingerprint, cancellation);
            return await successions.StoreAsync(old.Fingerprint, next, claimed.Cause, (payload, signed), cancellation);
        }

        // Whoever stole the key can ask this, too: certified is a license server that has nothing.
        await activations.ActivateAsync(request, null, null, cancellation);
        throw new ProblemException(
            LicensingProblem.RuleForbids,
            $"the new key has License Server ID {LicenseServerId.Of(next)}; the publisher's administrator says that it follows: ostiary clearinghouse servers succeed {old.Id} --to {LicenseServerId.Of(next)}");
    }

    private async Task<string> OldCertificatesAsync(SuccessionRow row, CancellationToken cancellation)
    {
        var old = KeyFingerprint.TryParse(row.Old, out var key) ? LicenseServerId.Of(key) : throw new InvalidDataException($"{row.Old} is no key fingerprint");
        if (await activations.FindAsync(old, cancellation) is not { } activation || !ActivationRequest.TryDecode(activation.Request, out var request))
            throw new InvalidOperationException($"license server {old} was followed and has no activation");
        var issuing = activations.IssuerOf(activation);
        var certificate = Activations.AnswerOf(activation).TryAssemble(request, issuing) ?? throw new InvalidOperationException($"the signature of activation {activation.Id} does not verify");
        return System.Security.Cryptography.PemEncoding.WriteString("CERTIFICATE", certificate) + "\n" + CertificateChain.ToPem([issuing]);
    }

    private static SuccessionStatement Read(byte[] signed)
    {
        try
        {
            if (Statement.TryReadUnverified(signed, out var payload))
                return SuccessionStatement.Decode(payload);
        }
        catch (CborContentException malformed)
        {
            throw new ProblemException(LicensingProblem.InvalidField, malformed.Message, "statement");
        }

        throw new ProblemException(LicensingProblem.InvalidField, "statement is no signed succession", "statement");
    }
}
