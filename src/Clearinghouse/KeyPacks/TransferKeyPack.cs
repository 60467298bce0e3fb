using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.Revocations;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.KeyPacks;

/// <summary>
/// <c>POST /v1/transfers</c>, for administrators: 1. in one transaction the key pack is revoked, and its product key is good for the other license server and
/// for it only; 2. a revocation list with the key pack is signed. Run again after a crash it does what is left. The license server that had the pack stops
/// issuing from it once it has the list; until then, and as long as it is without a network, both have the CALs, which is why this is not anybody's to do.
/// </summary>
internal sealed class TransferKeyPack(Database database, Activations activations, RevocationLists lists, TimeProvider time)
{
    public async Task<JsonHttpResult<TransferRecord>> HandleAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var body = await Json.ReadAsync(context, ContractsJson.Default.TransferRequest);
        if (body.PackId == Guid.Empty)
            throw new ProblemException(LicensingProblem.InvalidField, "packId is required", "packId");
        if (!LicenseServerId.TryParse(Json.Require(body.To, "to"), out var to, out var error))
            throw new ProblemException(LicensingProblem.InvalidField, error, "to");
        using var target = await activations.IdentifyAsync(to, cancellation);
        await lists.RequireGoodAsync(target.Fingerprint, cancellation);
        var (key, from, entry) = await database.WriteAsync(store => StoreAsync(store, body.PackId, target, cancellation), cancellation);
        var number = await lists.NumberSinceAsync(entry, cancellation) ?? await lists.IssueAsync(cancellation);
        return TypedResults.Json(new TransferRecord(key.Id, from, to.Text, number), ContractsJson.Default.TransferRecord);
    }

    private async Task<(ProductKeyRow Key, string From, RevocationRow Entry)> StoreAsync(
        ClearinghouseStore store, Guid packId, LicenseServerIdentity target, CancellationToken cancellation)
    {
        var pack = await store.KeyPacks.SingleOrDefaultAsync(row => row.PackId == packId, cancellation)
            ?? throw new ProblemException(LicensingProblem.NotFound, $"key pack {packId} was not made here", "packId");
        var key = await store.ProductKeys.SingleAsync(row => row.Id == pack.ProductKeyId, cancellation);
        var from = LicenseServerId.Of(KeyPackStatement.Decode(pack.Payload).LicenseServer).Text;
        var name = RevocationLists.NameOf(packId);
        var entry = await store.Revocations.SingleOrDefaultAsync(row => row.Subject == name && row.LiftedAt == null, cancellation);
        if (pack.TransferredAt is not null)
            return key.BoundTo == target.Id.Text
                ? (key, from, entry ?? throw new InvalidOperationException($"key pack {packId} was transferred and is not revoked"))
                : throw new ProblemException(
                    LicensingProblem.RuleForbids,
                    key.BoundTo is { } boundTo && key.GivenBackAt is null ? $"key pack {packId} was transferred on {pack.TransferredAt:yyyy-MM-dd}, to license server {boundTo}"
                        : $"the license server of key pack {packId} was deactivated on {pack.TransferredAt:yyyy-MM-dd}, and the pack is nobody's any more", "packId");
        // The number of a key pack follows from product key and license server, and what is revoked stays so.
        if (await store.KeyPacks.AnyAsync(row => row.ProductKeyId == key.Id && row.LicenseServer == target.Fingerprint.Hex, cancellation))
            throw new ProblemException(LicensingProblem.RuleForbids, $"license server {target.Id} has, or had, this product key; it cannot go back there. Mint another one instead", "to");
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        if (entry is null)
        {
            await RevocationLists.RequireRoomAsync(store, isLicenseServer: false, cancellation);
            store.Revocations.Add(entry = new() { Subject = name, IsLicenseServer = false, Reason = ClearinghouseRevocationReason.Superseded, RevokedAt = now });
        }

        pack.TransferredAt = now;
        key.Transfer(target.Id);
        store.AppendAudit("transfer", $"product key {key.Id}, key pack {packId}, license server {from}, to license server {target.Id}", Encoding.ASCII.GetBytes($"{name}|{target.Id}"), now);
        return (key, from, entry);
    }
}
