using System.Formats.Cbor;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.Revocations;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Trust;

/// <summary>
/// <c>POST /v1/replacements</c>: a license server fetches its certificate and its key packs again, because the key that signed them was withdrawn. What is
/// answered is what is stored, signed again where it was not yet.
/// </summary>
internal sealed class ReplaceDocuments(Activations activations, Redemptions redemptions, RevocationLists revocations)
{
    public async Task<JsonHttpResult<ReplacementAnswer>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var body = await Json.ReadAsync(context, ContractsJson.Default.ReplacementRequest);
        var (row, packs) = await ReplaceAsync(Json.Require(body.Request, "request"), cancellation);
        return TypedResults.Json(
            new ReplacementAnswer(
                new(row.Day, row.KeyId, row.Term, row.Signature!, CertificateChain.ToPem([activations.IssuerOf(row)])),
                [.. packs.Select(pack => new RedeemResponse(pack.Statement!, CertificateChain.ToPem([redemptions.IssuerOf(pack)])))]),
            ContractsJson.Default.ReplacementAnswer);
    }

    /// <summary>The same for every method.</summary>
    /// <exception cref="ProblemException">The request is none, or its license server is not known or revoked.</exception>
    public async Task<(ActivationRow Row, IReadOnlyList<KeyPackRow> Packs)> ReplaceAsync(byte[] message, CancellationToken cancellation)
    {
        var (asked, activation) = Read(message);
        if (await activations.FindAsync(asked.Activation, cancellation) is not { } found)
            throw new ProblemException(LicensingProblem.NotActivated, "this license server was not activated here", "request");
        var licenseServer = KeyFingerprint.Of(activation.SubjectPublicKeyInfo());
        await revocations.RequireGoodAsync(licenseServer, cancellation);
        var row = await activations.SignAgainAsync(found, cancellation);
        var packs = new List<KeyPackRow>();
        foreach (var packId in asked.KeyPacks)
            if (!await revocations.IsRevokedAsync(packId, cancellation) && await redemptions.FindAsync(packId, licenseServer, cancellation) is { } pack)
                packs.Add(await redemptions.SignAgainAsync(pack, cancellation));
        return (row, packs);
    }

    // The request holds the key that must have signed it.
    public static (ReplacementRequestStatement Asked, ActivationRequest Activation) Read(byte[] message)
    {
        try
        {
            if (Statement.TryReadUnverified(message, out var claimed) && ReplacementRequestStatement.Decode(claimed) is var asked
                && ActivationRequest.TryDecode(asked.Activation, out var activation))
            {
                using var key = ECDsa.Create();
                key.ImportSubjectPublicKeyInfo(activation.SubjectPublicKeyInfo(), out _);
                if (Statement.TryVerify(message, key, out _))
                    return (asked, activation);
            }
        }
        catch (CborContentException malformed)
        {
            throw new ProblemException(LicensingProblem.InvalidField, malformed.Message, "request");
        }

        throw new ProblemException(LicensingProblem.SignatureInvalid, "request is not signed by the license server's key", "request");
    }
}
