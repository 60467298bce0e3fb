using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Agreements;

/// <summary>
/// Gives back to an agreement what was drawn from it and that nobody installed: after some days by itself, or <c>POST /v1/draws/release</c>.
/// The transaction that gives back is one that could have redeemed: the key is either a key pack or its CALs are in the agreement, never both.
/// <c>GET /v1/agreements/{id}/draws</c> lists what was drawn.
/// </summary>
internal sealed class ReleaseDraws(ClearinghouseOptions options, Database database, TimeProvider time, ILogger<ReleaseDraws> logger)
{
    private const int AtOnce = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/agreements/{id}/draws", ListAsync).At(Door.Administration).For(AccountRole.Reader)
            .AnswersPage<DrawRecord>("What was drawn from an agreement, by number.");
        routes.MapPost("/v1/draws/release", (HttpContext context, ReleaseDraws use) => use.ReleaseAsync(context)).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<ReleaseDrawRequest>().Answers<DrawRecord>("Gives CALs that were drawn and never installed back to their agreement.");
    }

    /// <summary>Gives back what is older than it may be.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var until = time.GetUtcNow() - options.ReleaseUnredeemedDraws;
        int released;
        do
        {
            released = await database.WriteAsync(
                async store =>
                {
                    var rows = await Unredeemed(store).Where(row => row.MintedAt < until).OrderBy(row => row.Id).Take(AtOnce).ToListAsync(cancellation);
                    foreach (var row in rows)
                        await ReleaseAsync(store, row, cancellation);
                    return rows.Count;
                },
                cancellation);
            if (released > 0)
                logger.DrawsReleased(released);
        }
        while (released == AtOnce);
    }

    private static async Task ListAsync(HttpContext context)
    {
        if (!long.TryParse(context.Request.RouteValues["id"] as string, NumberStyles.None, CultureInfo.InvariantCulture, out var agreement))
            throw new ProblemException(LicensingProblem.InvalidField, "id is an agreement's number, as the list shows it", "id");
        var limit = Json.Limit(context);
        var after = Json.After(context) is not { } text ? 0
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Json.NotACursor();
        var rows = await context.RequestServices.GetRequiredService<Database>().ReadAsync(
            async store => await store.Agreements.AnyAsync(row => row.Id == agreement, context.RequestAborted)
                ? await store.ProductKeys.AsNoTracking().Where(row => row.AgreementId == agreement && row.Id > after).OrderBy(row => row.Id).Take(limit + 1).ToListAsync(context.RequestAborted)
                : throw new ProblemException(LicensingProblem.NotFound, $"there is no agreement {agreement}", "id"),
            context.RequestAborted);
        await Json.WriteAsync(
            context, new([.. rows.Take(limit).Select(RecordOf)], rows.Count > limit ? $"{rows[limit - 1].Id}" : null), ContractsJson.Default.PageDrawRecord);
    }

    private async Task ReleaseAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var id = (await Json.ReadAsync(context, ContractsJson.Default.ReleaseDrawRequest)).Number;
        if (id < 1)
            throw new ProblemException(LicensingProblem.InvalidField, "number is a draw's number, as the list of what was drawn shows it", "number");
        var row = await database.WriteAsync(
            async store =>
            {
                var row = await store.ProductKeys.SingleOrDefaultAsync(row => row.Id == id && row.AgreementId != null, cancellation)
                    ?? throw new ProblemException(LicensingProblem.NotFound, $"there is no draw {id}", "number");
                if (row.ReleasedAt is not null)
                    return row;
                if (!await Unredeemed(store).AnyAsync(other => other.Id == id, cancellation))
                    throw new ProblemException(
                        LicensingProblem.RuleForbids, $"draw {id} was installed; what became a key pack is not given back. Revoke the key pack, and raise the agreement's limit", "number");
                await ReleaseAsync(store, row, cancellation);
                return row;
            },
            cancellation);
        await Json.WriteAsync(context, RecordOf(row), ContractsJson.Default.DrawRecord);
    }

    // One that was a key pack somewhere, and was transferred from there, was redeemed.
    private static IQueryable<ProductKeyRow> Unredeemed(ClearinghouseStore store)
        => store.ProductKeys.Where(row => row.AgreementId != null && row.PackId == null && row.ReleasedAt == null && row.GivenBackAt == null && !store.KeyPacks.Any(pack => pack.ProductKeyId == row.Id));

    private async Task ReleaseAsync(ClearinghouseStore store, ProductKeyRow row, CancellationToken cancellation)
    {
        var limit = await store.FindAsync<AgreementLimitRow>([row.AgreementId!.Value, row.Type, row.Version], cancellation)
            ?? throw new InvalidOperationException($"agreement {row.AgreementId} has no limit for draw {row.Id}");
        limit.GiveBack(row.Quantity);
        row.ReleasedAt = time.GetUtcNow();
        store.AppendAudit(
            "draw-released", $"agreement {row.AgreementId}, license server {row.BoundTo}, product key {row.Id}: {row.Quantity} {KebabCase.Of(row.Type)} {row.Version}", row.LookupHash,
            row.ReleasedAt.Value);
    }

    private static DrawRecord RecordOf(ProductKeyRow row)
        => new(row.Id, row.AgreementId!.Value, row.BoundTo ?? "", row.Type, row.Version, row.Quantity, row.MintedAt, row.RedeemedAt, row.PackId, row.ReleasedAt);
}
