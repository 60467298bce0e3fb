using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Packs;

/// <summary><c>POST /v1/packs/{id}/conversion</c> and <c>DELETE /v1/packs/{id}?force=</c>.</summary>
internal static class ChangePack
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/packs/{id}/conversion", Convert).At(Door.Administration).For(AccountRole.Operator)
            .Takes<ConvertPackRequest>().Answers<PackRecord>("Makes free Device CALs of a pack User CALs, or the other way round.");
        routes.MapDelete("/v1/packs/{id}", Remove).At(Door.Administration).For(AccountRole.Administrator)
            .TakesQuery("force", "Also where seats of it are issued.", JsonSchemaType.Boolean).Answers<PackRemoval>("Removes a key pack; what is issued of it stays good to its end.");
    }

    private static async Task Convert(HttpContext context)
    {
        var id = PackId(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.ConvertPackRequest).ConfigureAwait(false);
        if (request.Count < 1)
            throw new ProblemException(LicensingProblem.InvalidField, $"count is 1 or more, not {request.Count}", "count");
        var (record, _) = await context.RequestServices.GetRequiredService<Ledger>().WorkAsync(
            batch => ListPacks.RecordOf(Convert(batch, id, request.Count)), context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, record, ContractsJson.Default.PackRecord).ConfigureAwait(false);
    }

    private static async Task Remove(HttpContext context)
    {
        var id = PackId(context);
        var force = context.Request.Query["force"].ToString() switch
        {
            "" or "false" => false,
            "true" => true,
            _ => throw new ProblemException(LicensingProblem.InvalidField, "force is true or false", "force"),
        };
        var (removal, _) = await context.RequestServices.GetRequiredService<Ledger>().WorkAsync(batch => Remove(batch, id, force), context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, removal, ContractsJson.Default.PackRemoval).ConfigureAwait(false);
    }

    // The new part is a pack of its own, under the statement that the seats came with.
    internal static Pack Convert(LedgerBatch batch, Guid id, int count)
    {
        var pack = Find(batch, id);
        if (pack.Free(batch.Now) is var free && count > free)
            throw new ProblemException(LicensingProblem.RuleForbids, $"{free} of the pack's {pack.Installed(batch.Now)} seats are free; {count} cannot be converted", "count");
        pack.Quantity -= count;
        batch.Enter("pack-split", pack);
        var converted = new Pack
        {
            PackId = Guid.CreateVersion7(batch.Now),
            Type = pack.Type == CalType.Device ? CalType.User : CalType.Device,
            Version = pack.Version,
            Quantity = count,
            Program = pack.Program,
            IssuedAt = pack.IssuedAt,
            ExpiresAt = pack.ExpiresAt,
            InstalledAt = batch.Now,
            Statement = pack.Statement,
            IssuingCertificate = pack.IssuingCertificate,
            ProductKeyHash = pack.ProductKeyHash,
            SplitFrom = pack.PackId,
        };
        batch.Add("pack-converted", converted);
        return converted;
    }

    internal static PackRemoval Remove(LedgerBatch batch, Guid id, bool force)
    {
        var pack = Find(batch, id);
        if (pack.Issued > 0 && !force)
            throw new ProblemException(LicensingProblem.RuleForbids, $"{pack.Issued} of the pack's {pack.Quantity} seats are issued; force=true removes it all the same, and they run to their end as over-use");
        pack.RemovedAt = batch.Now;
        batch.Enter("pack-removed", pack);
        return new(ListPacks.RecordOf(pack), pack.Issued, pack.Issued == 0
            ? $"The pack's {pack.Quantity} seats are gone; none of them was issued."
            : $"The pack's {pack.Quantity} seats are gone; {pack.Issued} CALs of it run to their end, are not renewed from it, and are over-use until then.");
    }

    private static Pack Find(LedgerBatch batch, Guid id)
        => batch.CountedPack(id) is { RemovedAt: null } pack ? pack : throw new ProblemException(LicensingProblem.NotFound, $"no key pack {id} is installed");

    private static Guid PackId(HttpContext context)
        => Guid.TryParse(context.Request.RouteValues["id"] as string, out var id) ? id : throw new ProblemException(LicensingProblem.InvalidField, "a key pack is named by its UUID", "id");
}
