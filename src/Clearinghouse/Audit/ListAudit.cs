using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Audit;

/// <summary><c>GET /v1/audit</c>: what happened, and who did it, newest first. <c>GET</c> and <c>POST /v1/audit/verification</c> recompute the chain.</summary>
internal static class ListAudit
{
    private const int HashDigits = 2 * AuditHeadStatement.HashLength;

    /// <param name="Number">An entry's number.</param>
    /// <param name="Hash">The hash that it had.</param>
    /// <param name="Of">Who kept it, for the fault.</param>
    private sealed record KeptEntry(long Number, byte[] Hash, string Of);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/audit", ListAsync).At(Door.Administration).For(AccountRole.Reader)
            .AnswersPage<ClearinghouseAuditRecord>("What happened and who did it, newest first.");
        routes.MapGet("/v1/audit/verification", VerifyAsync).At(Door.Administration).For(AccountRole.Reader)
            .Answers<ClearinghouseAuditVerification>("Recomputes the audit chain.");
        routes.MapPost("/v1/audit/verification", CompareAsync).At(Door.Administration).For(AccountRole.Reader)
            .Takes<VerifyAuditRequest>().Answers<ClearinghouseAuditVerification>("Recomputes the audit chain, and compares it with what license servers and the signer have kept of it.");
    }

    private static async Task ListAsync(HttpContext context)
    {
        var limit = Json.Limit(context);
        var after = Json.After(context) is not { } text ? long.MaxValue
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Json.NotACursor();
        var rows = await context.RequestServices.GetRequiredService<Database>().ReadAsync(
            store => store.Audit.AsNoTracking().Where(row => row.Number < after).OrderByDescending(row => row.Number).Take(limit + 1).ToListAsync(context.RequestAborted),
            context.RequestAborted);
        var page = new Page<ClearinghouseAuditRecord>(
            [.. rows.Take(limit).Select(row => new ClearinghouseAuditRecord(row.Number, row.At, row.By, row.Kind, row.Subject))], rows.Count > limit ? $"{rows[limit - 1].Number}" : null);
        await Json.WriteAsync(context, page, ContractsJson.Default.PageClearinghouseAuditRecord);
    }

    private static Task VerifyAsync(HttpContext context) => AnswerAsync(context, []);

    private static async Task CompareAsync(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.VerifyAuditRequest);
        var trust = context.RequestServices.GetRequiredService<PublishedTrust>().Current;
        var heads = RequireFew(request.Heads, "heads").Select((head, index) => head?.Verify(trust, null, out var error) is { } statement
            ? new KeptEntry(statement.Number, statement.Hash, $"a head of {statement.At:u}")
            : throw new ProblemException(LicensingProblem.InvalidField, $"heads[{index}]: {(head is null ? "it is null" : Why(head, trust))}", "heads"));
        var positions = RequireFew(request.Positions, "positions").Select((position, index) => position is { Number: >= 1, Hash.Length: HashDigits } && position.Hash.All(char.IsAsciiHexDigit)
            ? new KeptEntry(position.Number, Convert.FromHexString(position.Hash), "the signer's log")
            : throw new ProblemException(LicensingProblem.InvalidField, $"positions[{index}] has a number from 1 and a hash of {HashDigits} hexadecimal digits", "positions"));
        await AnswerAsync(context, [.. heads, .. positions]);
    }

    private static string Why(AuditHeadDocument head, PublisherTrust trust) => head.Verify(trust, null, out var error) is null ? error : "";

    private static IReadOnlyList<T> RequireFew<T>(IReadOnlyList<T>? given, string field)
        => Json.Require(given, field) is { Count: <= VerifyAuditRequest.MaxHeads } few
            ? few
            : throw new ProblemException(LicensingProblem.InvalidField, $"{field} has {given!.Count} entries; at most {VerifyAuditRequest.MaxHeads} are taken", field);

    // A chain that holds in itself may still be another one than it was: cut off at its end, or written anew from somewhere on.
    private static async Task<(long Number, string Fault)?> CompareAsync(ClearinghouseStore store, IReadOnlyList<KeptEntry> kept, CancellationToken cancellation)
    {
        foreach (var entry in kept.OrderBy(entry => entry.Number))
        {
            var hash = await store.Audit.AsNoTracking().Where(row => row.Number == entry.Number).Select(row => row.Hash).SingleOrDefaultAsync(cancellation);
            if (hash is null)
                return (entry.Number, $"it is gone, and {entry.Of} has it");
            if (!hash.AsSpan().SequenceEqual(entry.Hash))
                return (entry.Number, $"it or an entry before it was written anew: {entry.Of} has another hash");
        }

        return null;
    }

    private static async Task AnswerAsync(HttpContext context, IReadOnlyList<KeptEntry> kept)
    {
        var (entries, fault) = await context.RequestServices.GetRequiredService<Database>().ReadAsync(
            async store => (await store.Audit.LongCountAsync(context.RequestAborted), await store.VerifyAuditAsync(context.RequestAborted) ?? await CompareAsync(store, kept, context.RequestAborted)), context.RequestAborted);
        await Json.WriteAsync(
            context, new ClearinghouseAuditVerification(fault is null, entries, fault?.Number, fault?.Fault), ContractsJson.Default.ClearinghouseAuditVerification);
    }
}
