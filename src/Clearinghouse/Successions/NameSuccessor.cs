using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Successions;

/// <summary>
/// <c>POST /v1/license-servers/{id}/succession</c>, for administrators: the key of a license server is lost or stolen, and this other one follows. That the
/// other one is the same customer's is the administrator's to check: hosts pin it by this statement.
/// </summary>
internal sealed class NameSuccessor(Activations activations, Successions successions, Revocations.RevocationLists revocations)
{
    public async Task<JsonHttpResult<SuccessionRecord>> HandleAsync(HttpContext context, string id)
    {
        var cancellation = context.RequestAborted;
        var body = await Json.ReadAsync(context, ContractsJson.Default.SucceedServerRequest);
        var (old, oldKey) = await FindAsync(id, "id", cancellation);
        var (next, nextKey) = await FindAsync(Json.Require(body.To, "to"), "to", cancellation);
        if (body.Cause is not (SuccessionCause.Lost or SuccessionCause.Stolen))
            throw new ProblemException(LicensingProblem.InvalidField, "cause is lost or stolen; in good order a license server names its successor itself (ostiary server succeed)", "cause");
        if (oldKey == nextKey)
            throw new ProblemException(LicensingProblem.InvalidField, "a license server does not follow itself", "to");
        await revocations.RequireGoodAsync(nextKey, cancellation);
        var stored = await successions.StoreAsync(oldKey, nextKey, body.Cause.Value, null, cancellation);
        var (row, packs, number) = await successions.CompleteAsync(stored, cancellation);
        return TypedResults.Json(new SuccessionRecord(old.Text, next.Text, row.Cause, row.At, packs.Count, number), ContractsJson.Default.SuccessionRecord);
    }

    private async Task<(LicenseServerId Id, KeyFingerprint Key)> FindAsync(string text, string field, CancellationToken cancellation)
    {
        if (!LicenseServerId.TryParse(text, out var id, out var error))
            throw new ProblemException(LicensingProblem.InvalidField, error, field);
        return await activations.FindAsync(id, cancellation) is { } row && ActivationRequest.TryDecode(row.Request, out var request)
            ? (id, KeyFingerprint.Of(request.SubjectPublicKeyInfo()))
            : throw new ProblemException(LicensingProblem.NotFound, $"license server {id} was not activated here", field);
    }
}
