using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Symbols;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Customers;

/// <summary>
/// <c>GET /v1/license-servers</c>, <c>PUT</c> and <c>DELETE /v1/license-servers/{id}/company</c>, <c>GET /v1/license-servers/{id}/export</c>.
/// Company information is personal data: who only reads does not see it.
/// </summary>
internal static class ManageCustomers
{
    private const int MaxSearch = 100;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/license-servers", ListAsync).At(Door.Administration).For(AccountRole.Operator)
            .TakesQuery("search", "A part of a License Server ID, company, last name or e-mail.")
            .AnswersPage<ActivatedServerRecord>("The license servers that were activated, by ID.");
        routes.MapGet("/v1/license-servers/{id}/export", ExportAsync).At(Door.Administration).For(AccountRole.Administrator)
            .Answers<CustomerExport>("All that is kept of a customer's license server, to be handed out.");
        routes.MapPut("/v1/license-servers/{id}/company", ChangeAsync).At(Door.Administration).For(AccountRole.Operator)
            .Takes<ChangeCompanyRequest>().Answers<ActivatedServerRecord>("Changes who stands behind a license server.");
        routes.MapDelete("/v1/license-servers/{id}/company", EraseAsync).At(Door.Administration).For(AccountRole.Administrator)
            .Answers<ActivatedServerRecord>("Erases who stands behind a license server; its documents stay as they are.");
    }

    private static async Task ListAsync(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) ?? "";
        if (after.Length > 0 && !LicenseServerId.TryParse(after, out _, out _))
            throw Json.NotACursor();
        var search = context.Request.Query["search"].ToString();
        if (search.Length > MaxSearch || search.Any(char.IsControl))
            throw new ProblemException(LicensingProblem.InvalidField, $"search has at most {MaxSearch} characters, and no control characters", "search");
        var records = await DatabaseOf(context).ReadAsync(
            async store =>
            {
                var ids = store.Activations.Where(row => row.Signature != null).Select(row => row.LicenseServerId).Distinct();
                if (search.Length > 0)
                {
                    // Capitals and small letters of ASCII are one, on every database.
                    var pattern = $"%{new string([.. search.Select(symbol => char.IsAsciiLetterUpper(symbol) ? char.ToLowerInvariant(symbol) : symbol)]).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
                    ids = ids.Where(id => EF.Functions.Like(id.ToLower(), pattern, "\\") || store.Companies.Any(row => row.LicenseServerId == id
                        && (EF.Functions.Like(row.Company.Company.ToLower(), pattern, "\\") || EF.Functions.Like(row.Company.LastName.ToLower(), pattern, "\\") || EF.Functions.Like(row.Company.Email!.ToLower(), pattern, "\\"))));
                }

                var page = await ids.Where(id => id.CompareTo(after) > 0).OrderBy(id => id).Take(limit + 1).ToListAsync(context.RequestAborted);
                var found = new List<ActivatedServerRecord>();
                foreach (var id in page)
                    found.Add(await RecordAsync(store, id, context.RequestAborted));
                return found;
            },
            context.RequestAborted);
        await Json.WriteAsync(
            context, new([.. records.Take(limit)], records.Count > limit ? records[limit - 1].LicenseServerId : null), ContractsJson.Default.PageActivatedServerRecord);
    }

    private static async Task ExportAsync(HttpContext context)
    {
        var id = IdOf(context);
        var export = await DatabaseOf(context).ReadAsync(
            async store =>
            {
                var server = await RecordAsync(store, id, context.RequestAborted);
                var company = await store.Companies.AsNoTracking().SingleOrDefaultAsync(row => row.LicenseServerId == id, context.RequestAborted);
                var keys = await store.ProductKeys.AsNoTracking().Where(row => row.RedeemedBy == id).OrderBy(row => row.Id).ToListAsync(context.RequestAborted);
                var audit = await store.Audit.AsNoTracking().Where(row => row.Subject.Contains(id)).OrderBy(row => row.Number).ToListAsync(context.RequestAborted);
                var contacts = await store.Contacts.AsNoTracking().Where(row => row.LicenseServerId == id).OrderBy(row => row.Id).ToListAsync(context.RequestAborted);
                return new CustomerExport(
                    server, company?.ChangedAt,
                    [.. keys.Select(row => new RedeemedPackRecord(row.PackId!.Value, row.Id, row.Type, row.Version, row.Quantity, row.Program, row.RedeemedAt!.Value))],
                    [.. audit.Select(row => new ClearinghouseAuditRecord(row.Number, row.At, row.By, row.Kind, row.Subject))],
                    [.. contacts.Select(row => new ConfirmationRecord(row.Confirmed, row.EnteredAt, row.Contact))]);
            },
            context.RequestAborted);
        await Json.WriteAsync(context, export, ContractsJson.Default.CustomerExport);
    }

    private static async Task ChangeAsync(HttpContext context)
    {
        var id = IdOf(context);
        var company = Json.Require((await Json.ReadAsync(context, ContractsJson.Default.ChangeCompanyRequest)).Company, "company");
        if (company.Check() is { Count: > 0 } errors)
            throw new ProblemException(LicensingProblem.InvalidField, string.Join("; ", errors.Select(error => $"{error.Field} {error.Error}")), $"company.{errors[0].Field}");
        await ChangeAsync(context, id, (store, now) => store.ChangeCompanyAsync(id, company, now, context.RequestAborted));
    }

    private static Task EraseAsync(HttpContext context)
    {
        var id = IdOf(context);
        return ChangeAsync(context, id, (store, now) => store.EraseCompanyAsync(id, now, context.RequestAborted));
    }

    private static async Task ChangeAsync(HttpContext context, string id, Func<ClearinghouseStore, DateTimeOffset, Task> change)
    {
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var record = await DatabaseOf(context).WriteAsync(
            async store =>
            {
                await RecordAsync(store, id, context.RequestAborted);
                await change(store, now);
                await store.SaveChangesAsync(context.RequestAborted);
                return await RecordAsync(store, id, context.RequestAborted);
            },
            context.RequestAborted);
        await Json.WriteAsync(context, record, ContractsJson.Default.ActivatedServerRecord);
    }

    private static async Task<ActivatedServerRecord> RecordAsync(ClearinghouseStore store, string id, CancellationToken cancellation)
    {
        var activations = await store.Activations.AsNoTracking().Where(row => row.LicenseServerId == id && row.Signature != null).OrderBy(row => row.Id).ToListAsync(cancellation);
        if (activations.Count == 0)
            throw new ProblemException(LicensingProblem.NotFound, $"license server {id} was not activated here", "id");
        var company = await store.Companies.AsNoTracking().SingleOrDefaultAsync(row => row.LicenseServerId == id, cancellation);
        return new(
            id, activations[0].RequestedAt, Activations.EndOf(activations[^1]), company?.Company, await store.ProductKeys.CountAsync(row => row.RedeemedBy == id, cancellation),
            activations.TrueForAll(row => row.DeactivatedAt is not null) ? activations.Max(row => row.DeactivatedAt) : null);
    }

    private static Database DatabaseOf(HttpContext context) => context.RequestServices.GetRequiredService<Database>();

    private static string IdOf(HttpContext context)
        => LicenseServerId.TryParse(context.Request.RouteValues["id"] as string ?? "", out var id, out var error) ? id.Text : throw new ProblemException(LicensingProblem.InvalidField, error, "id");
}
