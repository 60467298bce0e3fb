using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Telephone;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Telephone;

/// <summary>
/// <c>POST /v1/telephone/activations</c> and <c>POST /v1/telephone/key-packs</c>, for operators: what a caller has read aloud, and what is read back.
/// The rows and signatures are those of every other method; <c>docs/telephone.md</c> says how they are spoken.
/// </summary>
internal sealed class AnswerTelephone(Activations activations, Redemptions redemptions)
{
    public async Task<JsonHttpResult<TelephoneAnswer>> ActivateAsync(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ContractsJson.Default.TelephoneActivationRequest);
        return TypedResults.Json(
            await ActivateAsync(Json.Require(body.Groups, "groups"), Json.Require(body.Company, "company"), context.RequestAborted), ContractsJson.Default.TelephoneAnswer);
    }

    /// <exception cref="ProblemException">Groups or company are not right, or it cannot be signed now.</exception>
    public async Task<TelephoneAnswer> ActivateAsync(IReadOnlyList<string> groups, CompanyInformation company, CancellationToken cancellation)
    {
        if (!SpokenForm.ActivationRequest.TryRead(groups, out var bytes, out var errors))
            throw new ProblemException(LicensingProblem.InvalidField, string.Join("; ", errors), "groups");
        var request = ActivateLicenseServer.Read(bytes, "groups");
        ActivateLicenseServer.RequireKind(request, request.Kind == ActivationKind.Activate, "an activation", "groups");
        ActivateLicenseServer.Check(company);
        var row = await activations.ActivateAsync(request, company, ConnectionMethod.Telephone, cancellation);
        return Answer(row.LicenseServerId, SpokenForm.ActivationAnswer.Write(Activations.AnswerOf(row).Encode()));
    }

    public async Task<JsonHttpResult<TelephoneAnswer>> RedeemAsync(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ContractsJson.Default.TelephoneRedemptionRequest);
        return TypedResults.Json(
            await RedeemAsync(Json.Require(body.LicenseServerId, "licenseServerId"), Json.Require(body.ProductKey, "productKey"), context.RequestAborted), ContractsJson.Default.TelephoneAnswer);
    }

    /// <exception cref="ProblemException">The license server is not activated, or the product key is not right or another's.</exception>
    public async Task<TelephoneAnswer> RedeemAsync(string licenseServerId, string productKeyText, CancellationToken cancellation)
    {
        if (!LicenseServerId.TryParse(licenseServerId, out var id, out var error))
            throw new ProblemException(LicensingProblem.InvalidField, error, "licenseServerId");
        var productKey = ProductKeyProblems.Parse(productKeyText);
        using var licenseServer = await activations.IdentifyAsync(id, cancellation);
        var pack = await redemptions.RedeemAsync(productKey, licenseServer, ConnectionMethod.Telephone, cancellation);
        return Answer(id.Text, SpokenForm.KeyPackAnswer.Write(KeyPackAnswer.Of(pack.Statement!, redemptions.IssuerOf(pack)).Encode()));
    }

    private static TelephoneAnswer Answer(string licenseServer, IReadOnlyList<string> groups) => new(licenseServer, groups, [.. groups.Select(SpellingAlphabet.Spell)]);
}
