using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.Doors;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Telephone;

namespace Ostiary.Clearinghouse.Telephone;

/// <summary>
/// <c>POST /v1/telephone/activations</c> and <c>POST /v1/telephone/key-packs</c>, for operators: what a caller has read aloud, and what is read back.
/// The rows and signatures are those of every other method; <c>docs/telephone.md</c> says how they are spoken.
/// </summary>
internal sealed class AnswerTelephone(Activations activations, Redemptions redemptions)
{
    public async Task<JsonHttpResult<TelephoneAnswer>> ActivateAsync(HttpContext context)
    {
        var body = await Body.ReadAsync(context, ContractsJson.Default.TelephoneActivationRequest);
        var groups = Body.Require(body.Groups, "groups");
        if (!SpokenForm.ActivationRequest.TryRead(groups, out var bytes, out var errors))
            throw new ProblemException(LicensingProblem.InvalidField, string.Join("; ", errors), "groups");
        var request = ActivateLicenseServer.Read(bytes, "groups");
        ActivateLicenseServer.Check(Body.Require(body.Company, "company"));
        var row = await activations.ActivateAsync(request, body.Company, ConnectionMethod.Telephone, context.RequestAborted);
        return Answer(row.LicenseServerId, SpokenForm.ActivationAnswer.Write(Activations.AnswerOf(row).Encode()));
    }

    public async Task<JsonHttpResult<TelephoneAnswer>> RedeemAsync(HttpContext context)
    {
        var body = await Body.ReadAsync(context, ContractsJson.Default.TelephoneRedemptionRequest);
        if (!LicenseServerId.TryParse(Body.Require(body.LicenseServerId, "licenseServerId"), out var id, out var error))
            throw new ProblemException(LicensingProblem.InvalidField, error, "licenseServerId");
        var productKey = ProductKeyProblems.Parse(Body.Require(body.ProductKey, "productKey"));
        using var licenseServer = await activations.IdentifyAsync(id, context.RequestAborted);
        var pack = await redemptions.RedeemAsync(productKey, licenseServer, ConnectionMethod.Telephone, context.RequestAborted);
        return Answer(id.Text, SpokenForm.KeyPackAnswer.Write(KeyPackAnswer.Of(pack.Statement!, redemptions.IssuerOf(pack)).Encode()));
    }

    private static JsonHttpResult<TelephoneAnswer> Answer(string licenseServer, IReadOnlyList<string> groups)
        => TypedResults.Json(new TelephoneAnswer(licenseServer, groups, [.. groups.Select(SpellingAlphabet.Spell)]), ContractsJson.Default.TelephoneAnswer);
}
