using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Revocations;

/// <summary>
/// <c>POST /v1/revocations/license-servers</c> and <c>POST /v1/revocations/key-packs</c>, for operators. The entry is committed with its audit entry, and a
/// new list is signed. The same again changes nothing.
/// </summary>
internal sealed class Revoke(Database database, Activations activations, RevocationLists lists, TimeProvider time)
{
    public async Task<JsonHttpResult<ClearinghouseRevocationRecord>> LicenseServerAsync(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ContractsJson.Default.RevokeLicenseServerRequest);
        if (!LicenseServerId.TryParse(Json.Require(body.LicenseServerId, "licenseServerId"), out var id, out var error))
            throw new ProblemException(LicensingProblem.InvalidField, error, "licenseServerId");
        if (await activations.FindAsync(id, context.RequestAborted, alsoEnded: true) is not { } row || !ActivationRequest.TryDecode(row.Request, out var request))
            throw new ProblemException(LicensingProblem.NotFound, $"license server {id} was not activated here", "licenseServerId");
        var key = KeyFingerprint.Of(request.SubjectPublicKeyInfo());
        return await RevokeAsync(key.Hex, true, $"license server {id}", body.Reason, context.RequestAborted);
    }

    public async Task<JsonHttpResult<ClearinghouseRevocationRecord>> KeyPackAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var body = await Json.ReadAsync(context, ContractsJson.Default.RevokeKeyPackRequest);
        if (body.PackId == Guid.Empty)
            throw new ProblemException(LicensingProblem.InvalidField, "packId is required", "packId");
        if (!await database.ReadAsync(store => store.KeyPacks.AnyAsync(row => row.PackId == body.PackId, cancellation), cancellation))
            throw new ProblemException(LicensingProblem.NotFound, $"key pack {body.PackId} was not made here", "packId");
        return await RevokeAsync(RevocationLists.NameOf(body.PackId), false, $"key pack {body.PackId}", body.Reason, cancellation);
    }

    private async Task<JsonHttpResult<ClearinghouseRevocationRecord>> RevokeAsync(
        string subject, bool isLicenseServer, string named, ClearinghouseRevocationReason reason, CancellationToken cancellation)
    {
        var row = await database.WriteAsync(
            async store =>
            {
                if (await store.Revocations.SingleOrDefaultAsync(row => row.Subject == subject && row.LiftedAt == null, cancellation) is { } before)
                    return before;
                await RevocationLists.RequireRoomAsync(store, isLicenseServer, cancellation);
                var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
                var made = new RevocationRow { Subject = subject, IsLicenseServer = isLicenseServer, Reason = reason, RevokedAt = now };
                store.Revocations.Add(made);
                store.AppendAudit("revocation", $"{named}, {KebabCase.Of(reason)}", Encoding.ASCII.GetBytes($"{subject}|{(int)reason}"), now);
                return made;
            },
            cancellation);
        var number = await lists.NumberSinceAsync(row, cancellation) ?? await lists.IssueAsync(cancellation);
        return TypedResults.Json(new ClearinghouseRevocationRecord(named, row.Reason, row.RevokedAt, number, row.Id), ContractsJson.Default.ClearinghouseRevocationRecord);
    }
}
