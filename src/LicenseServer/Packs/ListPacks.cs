using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Doors;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Packs;

/// <summary><c>GET /v1/packs</c>: installed key packs by their ledger entry, and those that were removed while CALs of them still run.</summary>
internal static class ListPacks
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/packs", List).At(Door.Administration).For(AccountRole.Reader)
        .AnswersPage<PackRecord>("The key packs.");

    public static PackRecord RecordOf(Pack pack)
        => new(pack.PackId, pack.Type, pack.Version, pack.Quantity, pack.Issued, pack.Program, pack.InstalledAt, pack.ExpiresAt, pack.SplitFrom, pack.RemovedAt, pack.RevokedAt, pack.RevocationReason);

    private static async Task List(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) is not { } text ? 0 : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Json.NotACursor();
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        var rows = await db.Packs.Where(pack => pack.LedgerNumber > after && (pack.RemovedAt == null || pack.Issued > 0)).OrderBy(pack => pack.LedgerNumber).Take(limit + 1)
            .ToListAsync(context.RequestAborted).ConfigureAwait(false);
        var page = new Page<PackRecord>([.. rows.Take(limit).Select(RecordOf)], rows.Count > limit ? $"{rows[limit - 1].LedgerNumber}" : null);
        await Json.WriteAsync(context, page, ContractsJson.Default.PagePackRecord).ConfigureAwait(false);
    }
}
