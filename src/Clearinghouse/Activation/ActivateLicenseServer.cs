using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Activation;

/// <summary><c>POST /v1/activations</c>: certifies a license server's key. The steps are those of <c>docs/issuance-cycle.md</c>.</summary>
internal sealed class ActivateLicenseServer(Activations activations)
{
    public async Task<JsonHttpResult<ActivateResponse>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var body = await Json.ReadAsync(context, ContractsJson.Default.ActivateRequest);

        // Step 1: is it a request that its key's holder made, with all that is required?
        var request = Check(body);

        // Steps 2 to 4, and step 5: answer what is stored.
        var row = await activations.ActivateAsync(request, body.Company, ConnectionMethod.Automatic, cancellation);
        return TypedResults.Json(
            new ActivateResponse(row.Day, row.KeyId, row.Term, row.Signature!, CertificateChain.ToPem([activations.IssuerOf(row)])),
            ContractsJson.Default.ActivateResponse);
    }

    private static ActivationRequest Check(ActivateRequest body)
    {
        var company = Json.Require(body.Company, "company");
        var request = Proven(Json.Require(body.Request, "request"), Json.Require(body.Proof, "proof"));
        RequireKind(request, request.Kind == ActivationKind.Activate, "an activation");
        Check(company);
        return request;
    }

    /// <exception cref="ProblemException">The request is for something else.</exception>
    public static void RequireKind(ActivationRequest request, bool isRight, string what, string field = "request")
    {
        if (!isRight)
            throw new ProblemException(LicensingProblem.InvalidField, $"{field} is not that of {what}, but of kind {KebabCase.Of(request.Kind)}", field);
    }

    /// <summary>The request of whoever holds its key.</summary>
    /// <exception cref="ProblemException">It is none, or the proof is not that key's.</exception>
    public static ActivationRequest Proven(byte[] bytes, byte[] proof)
    {
        var request = Read(bytes);
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(request.SubjectPublicKeyInfo(), out _);
        return proof.Length == ActivationAnswer.SignatureLength
            && key.VerifyData(ActivateRequest.ToBeProven(bytes), proof, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation)
            ? request
            : throw new ProblemException(LicensingProblem.SignatureInvalid, "proof is not a signature by the key in the request", "proof");
    }

    /// <summary>A request as it was read aloud.</summary>
    /// <exception cref="ProblemException">It is none.</exception>
    public static ActivationRequest Read(byte[] bytes, string field = "request")
        => ActivationRequest.TryDecode(bytes, out var request)
            ? request
            : throw new ProblemException(
                LicensingProblem.InvalidField, $"{field} is not the {ActivationRequest.Length} bytes of an activation with a point of P-256", field);

    /// <exception cref="ProblemException">Something is missing or wrong; it names all of it.</exception>
    public static ContactPerson Check(ContactPerson? contact)
    {
        if (Json.Require(contact, "contact").Check() is { Count: > 0 } errors)
            throw new ProblemException(
                LicensingProblem.InvalidField, string.Join("; ", errors.Select(error => $"{error.Field} {error.Error}")), $"contact.{errors[0].Field}");
        return contact!;
    }

    /// <exception cref="ProblemException">Something is missing or wrong; it names all of it.</exception>
    public static void Check(CompanyInformation company)
    {
        if (company.Check() is { Count: > 0 } errors)
            throw new ProblemException(
                LicensingProblem.InvalidField, string.Join("; ", errors.Select(error => $"{error.Field} {error.Error}")), $"company.{errors[0].Field}");
    }
}
