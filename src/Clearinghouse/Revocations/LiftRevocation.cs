using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Revocations;

/// <summary>
/// <c>GET /v1/revocations</c> and <c>POST /v1/revocations/{id}/lift</c>: what is revoked, and what was. Lifting is committed with its audit entry, then a list
/// without the entry is signed: license servers and session hosts take it as they take any list. The same again changes nothing.
/// </summary>
internal sealed class LiftRevocation(Database database, RevocationLists lists, TimeProvider time)
{
    private const int MaxReasonLength = 200;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/revocations", ListAsync).At(Door.Administration).For(AccountRole.Reader)
            .AnswersPage<RevocationEntry>("License servers and key packs that are revoked or were, by number.");
        routes.MapPost("/v1/revocations/{id}/lift", (HttpContext context, LiftRevocation use) => use.LiftAsync(context)).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<LiftRevocationRequest>().Answers<LiftedRevocationRecord>("Lifts a revocation: license server or key pack is good again with the next list.");
    }

    private static async Task ListAsync(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) is not { } text ? 0
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Json.NotACursor();
        var rows = await context.RequestServices.GetRequiredService<Database>().ReadAsync(
            store => store.Revocations.AsNoTracking().Where(row => row.Id > after).OrderBy(row => row.Id).Take(limit + 1).ToListAsync(context.RequestAborted), context.RequestAborted);
        await Json.WriteAsync(
            context, new([.. rows.Take(limit).Select(EntryOf)], rows.Count > limit ? $"{rows[limit - 1].Id}" : null), ContractsJson.Default.PageRevocationEntry);
    }

    private async Task LiftAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        if (!long.TryParse(context.Request.RouteValues["id"] as string, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            throw new ProblemException(LicensingProblem.InvalidField, "id is a revocation's number, as the list shows it", "id");
        var reason = Json.Text((await Json.ReadAsync(context, ContractsJson.Default.LiftRevocationRequest)).Reason, "reason", MaxReasonLength).Trim();
        if (reason.Length == 0 || reason.Any(char.IsControl))
            throw new ProblemException(LicensingProblem.InvalidField, "reason is a line of text", "reason");
        var row = await database.WriteAsync(store => StoreAsync(store, id, reason, cancellation), cancellation);
        // Whoever is revoked anew is so by another number, and stays on the list.
        var listed = await database.ReadAsync(store => store.Revocations.AnyAsync(other => other.Subject == row.Subject && other.LiftedAt == null, cancellation), cancellation)
            ? (long?)null
            : await lists.NumberSinceAsync(row, cancellation) ?? await lists.IssueAsync(cancellation);
        await Json.WriteAsync(context, new LiftedRevocationRecord(EntryOf(row), listed), ContractsJson.Default.LiftedRevocationRecord);
    }

    private async Task<RevocationRow> StoreAsync(ClearinghouseStore store, long id, string reason, CancellationToken cancellation)
    {
        var row = await store.Revocations.SingleOrDefaultAsync(row => row.Id == id, cancellation)
            ?? throw new ProblemException(LicensingProblem.NotFound, $"there is no revocation {id}", "id");
        if (row.LiftedAt is not null)
            return row;
        if (!row.IsLicenseServer && await TransferredAsync(store, row, cancellation) is { } to)
            throw new ProblemException(LicensingProblem.RuleForbids, $"the product key of this key pack was transferred to license server {to}; two license servers would have its CALs", "id");
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        row.Lift(reason, now);
        store.AppendAudit("revocation-lifted", $"revocation {row.Id}, {NameOf(row)}", Encoding.UTF8.GetBytes($"{row.Subject}|{reason}"), now);
        return row;
    }

    private static async Task<string?> TransferredAsync(ClearinghouseStore store, RevocationRow row, CancellationToken cancellation)
    {
        var packId = Guid.ParseExact(row.Subject, "N");
        return await store.KeyPacks.Where(pack => pack.PackId == packId && pack.TransferredAt != null)
            .Join(store.ProductKeys, pack => pack.ProductKeyId, key => key.Id, (_, key) => key.BoundTo).SingleOrDefaultAsync(cancellation);
    }

    private static RevocationEntry EntryOf(RevocationRow row) => new(row.Id, NameOf(row), row.Reason, row.RevokedAt, row.LiftedAt, row.LiftReason);

    private static string NameOf(RevocationRow row)
        => row.IsLicenseServer ? $"license server {LicenseServerId.Of(RevocationLists.KeyOf(row))}" : $"key pack {Guid.ParseExact(row.Subject, "N")}";
}
