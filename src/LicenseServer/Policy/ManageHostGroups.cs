using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Policy;
using Ostiary.Contracts.Problems;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Policy;

/// <summary>
/// <c>GET /v1/host-groups</c>, <c>PUT</c> and <c>DELETE /v1/host-groups/{name}</c>: what is said to groups of session hosts; and <c>GET /v1/hosts/policy</c>,
/// where a session host hears what is said to its own.
/// </summary>
internal static class ManageHostGroups
{
    private const string CursorMark = "name:";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/hosts/policy", Tell).AtHosts(Credential.Membership);
        routes.MapGet("/v1/host-groups", List).At(Door.Administration).For(AccountRole.Reader)
            .AnswersPage<HostGroupRecord>("The host groups, by name.");
        routes.MapPut("/v1/host-groups/{name}", Set).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<SetHostGroupRequest>().Answers<HostGroupRecord>("Makes a host group, or gives one other values.");
        routes.MapDelete("/v1/host-groups/{name}", Remove).At(Door.Administration).For(AccountRole.Administrator)
            .Answers<HostGroupRecord>("Removes a host group; its hosts are in none.");
    }

    /// <summary>What a group's hosts are told; nothing where it was removed.</summary>
    public static HostGroup? Find(LedgerBatch batch, string name)
        => batch.Db.HostGroups.AsTracking().SingleOrDefault(row => row.Name == name) ?? batch.Db.HostGroups.Local.SingleOrDefault(row => row.Name == name);

    // The mutual TLS with the pinned key says whose word it is.
    private static async Task Tell(HttpContext context)
    {
        var identity = HostCredential.RequireMembership(context);
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        var host = HostCredential.RequireMember(await db.Hosts.SingleOrDefaultAsync(row => row.HostId == identity.HostId, context.RequestAborted).ConfigureAwait(false), identity);
        var group = host.Group is null ? null : await db.HostGroups.SingleOrDefaultAsync(row => row.Name == host.Group && row.RemovedAt == null, context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, group is null ? new() : new HostGroupPolicy(group.Name, group.Read()), ContractsJson.Default.HostGroupPolicy).ConfigureAwait(false);
    }

    private static async Task List(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) switch
        {
            null => "",
            var cursor when cursor.StartsWith(CursorMark, StringComparison.Ordinal) && IsName(cursor[CursorMark.Length..]) => cursor[CursorMark.Length..],
            _ => throw Json.NotACursor(),
        };
        await using var db = context.RequestServices.GetRequiredService<Ledger>().Database.OpenReader();
        var rows = await db.HostGroups.Where(row => row.RemovedAt == null && row.Name.CompareTo(after) > 0).OrderBy(row => row.Name).Take(limit + 1)
            .ToListAsync(context.RequestAborted).ConfigureAwait(false);
        var counts = await db.Hosts.Where(host => host.RemovedAt == null && host.Group != null).GroupBy(host => host.Group!)
            .Select(group => new { Name = group.Key, Count = group.Count() }).ToDictionaryAsync(group => group.Name, group => group.Count, context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(
            context,
            new Page<HostGroupRecord>([.. rows.Take(limit).Select(row => new HostGroupRecord(row.Name, row.Read(), counts.GetValueOrDefault(row.Name)))], rows.Count > limit ? CursorMark + rows[limit - 1].Name : null),
            ContractsJson.Default.PageHostGroupRecord).ConfigureAwait(false);
    }

    private static async Task Set(HttpContext context)
    {
        var name = Name(context);
        var request = await Json.ReadAsync(context, ContractsJson.Default.SetHostGroupRequest).ConfigureAwait(false);
        var values = Check(request.Values);
        await AnswerAsync(context, batch =>
        {
            var bytes = PolicyFile.Write(values);
            var group = Find(batch, name);
            if (group is { RemovedAt: null } && group.Values.AsSpan().SequenceEqual(bytes))
                return Record(batch, group);
            if (group is not { RemovedAt: null } && batch.Db.HostGroups.Count(row => row.RemovedAt == null) >= HostGroup.MaxGroups)
                throw new ProblemException(LicensingProblem.RuleForbids, $"there are {HostGroup.MaxGroups} host groups, which is the limit", "name");
            if (group is null)
                batch.Db.Add(group = new() { Name = name, Values = bytes });
            (group.Values, group.RemovedAt) = (bytes, null);
            batch.Record("host-group-set", group);
            return Record(batch, group);
        }).ConfigureAwait(false);
    }

    private static async Task Remove(HttpContext context)
    {
        var name = Name(context);
        await AnswerAsync(context, batch =>
        {
            if (Find(batch, name) is not { RemovedAt: null } group)
                throw new ProblemException(LicensingProblem.NotFound, $"there is no host group {name}; 'ostiary hosts group list' lists them");
            foreach (var host in batch.Db.Hosts.AsTracking().Where(host => host.Group == name && host.RemovedAt == null).ToList())
            {
                host.Group = null;
                ChangeHost.Record(batch, "host-changed", host);
            }

            group.RemovedAt = batch.Now;
            batch.Record("host-group-removed", group);
            return new(group.Name, group.Read(), 0);
        }).ConfigureAwait(false);
    }

    /// <summary>Letters, digits, hyphens, underscores and dots.</summary>
    public static bool IsName(string text)
        => text.Length is > 0 and <= HostGroup.MaxName && text.All(symbol => char.IsAsciiLetterOrDigit(symbol) || symbol is '-' or '_' or '.');

    private static string Name(HttpContext context)
        => context.Request.RouteValues["name"] is string name && IsName(name)
            ? name
            : throw new ProblemException(LicensingProblem.InvalidField, $"a host group's name has 1 to {HostGroup.MaxName} letters, digits, hyphens, underscores and dots", "name");

    private static PolicyValues Check(PolicyValues? values)
    {
        if (values is null)
            throw new ProblemException(LicensingProblem.InvalidField, "values is missing", "values");
        if (PolicyCatalogue.FirstWrong(values) is { } wrong)
            throw new ProblemException(LicensingProblem.InvalidField, $"{wrong.Name} is {wrong.Limits}", $"values.{wrong.Name}");
        return PolicyCatalogue.All.FirstOrDefault(definition => definition.Scope == PolicyScope.LicenseServer && definition.Get(values) is not null) is { } foreign
            ? throw new ProblemException(LicensingProblem.InvalidField, $"{foreign.Name} is the license server's own: 'ostiary server policy set'", $"values.{foreign.Name}")
            : values;
    }

    private static HostGroupRecord Record(LedgerBatch batch, HostGroup group)
        => new(group.Name, group.Read(), batch.Db.Hosts.Count(host => host.Group == group.Name && host.RemovedAt == null));

    private static async Task AnswerAsync(HttpContext context, Func<LedgerBatch, HostGroupRecord> work)
    {
        var (record, _) = await context.RequestServices.GetRequiredService<Ledger>().WorkAsync(work, context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, record, ContractsJson.Default.HostGroupRecord).ConfigureAwait(false);
    }
}
