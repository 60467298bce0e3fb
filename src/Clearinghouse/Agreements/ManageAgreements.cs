using System.Globalization;
using System.Text.Json;
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

namespace Ostiary.Clearinghouse.Agreements;

/// <summary><c>POST</c> and <c>GET /v1/agreements</c>, <c>GET</c> and <c>PUT /v1/agreements/{id}</c>.</summary>
internal static class ManageAgreements
{
    private const int MaxCustomerLength = 200;
    private const int MaxLimits = 50;
    private const int MaxServers = 1_000;
    private const int MaxQuantity = 1_000_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/agreements", AddAsync).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<AddAgreementRequest>().Answers<AgreementRecord>("Enters an agreement.");
        routes.MapGet("/v1/agreements", ListAsync).At(Door.Administration).For(AccountRole.Reader)
            .AnswersPage<AgreementRecord>("Agreements by number, with what was drawn.");
        routes.MapGet("/v1/agreements/{id}", ShowAsync).At(Door.Administration).For(AccountRole.Reader)
            .Answers<AgreementRecord>("One agreement.");
        routes.MapPut("/v1/agreements/{id}", ChangeAsync).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<ChangeAgreementRequest>().Answers<AgreementRecord>("Changes end, limits, license servers, or closes it.");
    }

    private static async Task AddAsync(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.AddAgreementRequest);
        var (program, numbers) = AgreementDraws.Read(request.Program, request.Numbers);
        var customer = Json.Text(request.Customer, "customer", MaxCustomerLength).Trim();
        if (customer.Length == 0 || customer.Any(char.IsControl))
            throw Invalid("customer", "customer is a name without control characters");
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var limits = Check(request.Limits ?? []);
        var servers = CheckServers(request.LicenseServers ?? []);
        if (request.PacksEndWithIt && request.Until is null)
            throw Invalid("until", "an agreement whose key packs end with it has an end");
        if (servers.Count == 0 && !program.NumbersAreSecret)
            throw Invalid("licenseServers", $"the numbers of {program.Title} can be guessed: name the license servers that may draw");
        var row = await context.RequestServices.GetRequiredService<Database>().WriteAsync(
            async store =>
            {
                if (await store.Agreements.AnyAsync(other => other.Program == program.Name && other.Numbers == numbers, context.RequestAborted))
                    throw new ProblemException(LicensingProblem.AlreadyExists, $"there is an agreement of {program.Title} with these numbers", "numbers");
                var row = new AgreementRow
                {
                    Program = program.Name,
                    Numbers = numbers,
                    Customer = customer,
                    EnteredAt = now,
                    Until = request.Until is { } until ? CheckUntil(until, now) : null,
                    PacksEndWithIt = request.PacksEndWithIt,
                    Limits = [.. limits.Select(limit => new AgreementLimitRow { Type = limit.Type, Version = limit.Version, Quantity = limit.Quantity })],
                    Servers = [.. servers.Select(server => new AgreementServerRow { LicenseServerId = server })],
                };
                store.Agreements.Add(row);
                await store.SaveChangesAsync(context.RequestAborted);
                Enter(store, "agreement-entered", row, now);
                return row;
            },
            context.RequestAborted);
        await Json.WriteAsync(context, RecordOf(row), ContractsJson.Default.AgreementRecord);
    }

    private static async Task ListAsync(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) is not { } text ? 0
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Json.NotACursor();
        var rows = await context.RequestServices.GetRequiredService<Database>().ReadAsync(
            store => store.Agreements.AsNoTracking().Include(row => row.Limits).Include(row => row.Servers).AsSplitQuery()
                .Where(row => row.Id > after).OrderBy(row => row.Id).Take(limit + 1).ToListAsync(context.RequestAborted),
            context.RequestAborted);
        await Json.WriteAsync(
            context, new([.. rows.Take(limit).Select(RecordOf)], rows.Count > limit ? $"{rows[limit - 1].Id}" : null), ContractsJson.Default.PageAgreementRecord);
    }

    private static async Task ShowAsync(HttpContext context)
    {
        var id = IdOf(context);
        var row = await context.RequestServices.GetRequiredService<Database>().ReadAsync(
            store => FindAsync(store.Agreements.AsNoTracking(), id, context.RequestAborted), context.RequestAborted);
        await Json.WriteAsync(context, RecordOf(row), ContractsJson.Default.AgreementRecord);
    }

    private static async Task ChangeAsync(HttpContext context)
    {
        var id = IdOf(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.ChangeAgreementRequest);
        if (request is { Until: null, Limits: null, LicenseServers: null, Closed: null })
            throw Invalid("closed", "nothing is to be changed: give until, limits, licenseServers or closed");
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var limits = request.Limits is null ? null : Check(request.Limits);
        var servers = request.LicenseServers is null ? null : CheckServers(request.LicenseServers);
        var row = await context.RequestServices.GetRequiredService<Database>().WriteAsync(
            async store =>
            {
                var row = await FindAsync(store.Agreements, id, context.RequestAborted);
                if (request.Until is { } until)
                    row.Until = CheckUntil(until, now);
                if (limits is not null)
                    Replace(store, row, limits);
                if (servers is not null)
                {
                    if (servers.Count == 0 && !AgreementDraws.Read(row.Program, row.Numbers.Split('/')).Program.NumbersAreSecret)
                        throw Invalid("licenseServers", "the numbers of this agreement can be guessed: name the license servers that may draw");
                    store.RemoveRange(row.Servers.Where(server => !servers.Contains(server.LicenseServerId)));
                    row.Servers.AddRange(servers.Except(row.Servers.Select(server => server.LicenseServerId)).Select(server => new AgreementServerRow { LicenseServerId = server }));
                }

                row.Closed = request.Closed ?? row.Closed;
                await store.SaveChangesAsync(context.RequestAborted);
                Enter(store, "agreement-changed", row, now);
                return row;
            },
            context.RequestAborted);
        await Json.WriteAsync(context, RecordOf(row), ContractsJson.Default.AgreementRecord);
    }

    private static void Replace(ClearinghouseStore store, AgreementRow row, IReadOnlyList<AgreementLimit> limits)
    {
        foreach (var before in row.Limits.ToList())
        {
            var after = limits.FirstOrDefault(limit => limit.Type == before.Type && limit.Version == before.Version);
            if ((after?.Quantity ?? 0) < before.Drawn)
                throw new ProblemException(LicensingProblem.RuleForbids, $"{before.Drawn} {before.Type} CALs of version {before.Version} were drawn; the limit cannot be less", "limits");
            if (after is null)
                store.Remove(before);
            else
                before.Quantity = after.Quantity;
        }

        row.Limits.AddRange(limits.Where(limit => !row.Limits.Exists(before => before.Type == limit.Type && before.Version == limit.Version))
            .Select(limit => new AgreementLimitRow { Type = limit.Type, Version = limit.Version, Quantity = limit.Quantity }));
    }

    private static async Task<AgreementRow> FindAsync(IQueryable<AgreementRow> agreements, long id, CancellationToken cancellation)
        => await agreements.Include(row => row.Limits).Include(row => row.Servers).AsSplitQuery().SingleOrDefaultAsync(row => row.Id == id, cancellation)
            ?? throw new ProblemException(LicensingProblem.NotFound, $"there is no agreement {id}", "id");

    private static void Enter(ClearinghouseStore store, string kind, AgreementRow row, DateTimeOffset now)
        => store.AppendAudit(kind, $"agreement {row.Id}", JsonSerializer.SerializeToUtf8Bytes(RecordOf(row), ContractsJson.Default.AgreementRecord), now);

    private static DateTimeOffset CheckUntil(DateTimeOffset until, DateTimeOffset now)
        // To the day, so that a key pack's end can be said on the telephone.
        => until > now && until < now.AddYears(100) && until.UtcDateTime.TimeOfDay == TimeSpan.Zero
            ? until
            : throw Invalid("until", "until is 00:00Z of a day to come, of this century or the next");

    private static IReadOnlyList<AgreementLimit> Check(IReadOnlyList<AgreementLimit> limits)
    {
        if (limits.Count is 0 or > MaxLimits || limits.Any(limit => limit is null))
            throw Invalid("limits", $"limits are 1 to {MaxLimits}");
        if (limits.FirstOrDefault(limit => !limit.Version.IsKnown || !Enum.IsDefined(limit.Type) || limit.Quantity is < 1 or > MaxQuantity) is { } wrong)
            throw Invalid("limits", $"a limit has a type, a version on the ladder and a quantity of 1 to {MaxQuantity}; {wrong.Type} {wrong.Version} {wrong.Quantity} has not");
        return limits.DistinctBy(limit => (limit.Type, limit.Version)).Count() == limits.Count ? limits : throw Invalid("limits", "two limits are of the same type and version");
    }

    private static IReadOnlyList<string> CheckServers(IReadOnlyList<string> typed)
    {
        if (typed.Count > MaxServers)
            throw Invalid("licenseServers", $"at most {MaxServers} license servers are taken");
        return [.. typed.Select(text => LicenseServerId.TryParse(text ?? "", out var id, out var error) ? id.Text : throw Invalid("licenseServers", error)).Distinct()];
    }

    private static long IdOf(HttpContext context)
        => long.TryParse(context.Request.RouteValues["id"] as string, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : throw Invalid("id", "id is an agreement's number, as the list shows it");

    private static AgreementRecord RecordOf(AgreementRow row) => new(
        row.Id, row.Program, row.Numbers.Split('/'), row.Customer, row.EnteredAt, row.Until, row.PacksEndWithIt, row.Closed,
        [.. row.Limits.OrderBy(limit => limit.Type).ThenBy(limit => limit.Version.Year).Select(limit => new AgreementLimit(limit.Type, limit.Version, limit.Quantity, limit.Drawn))],
        [.. row.Servers.Select(server => server.LicenseServerId).Order(StringComparer.Ordinal)]);

    private static ProblemException Invalid(string field, string detail) => new(LicensingProblem.InvalidField, detail, field);
}
