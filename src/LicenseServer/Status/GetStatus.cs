using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Doors;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Http;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Succession;
using Ostiary.LicenseServer.Time;

namespace Ostiary.LicenseServer.Status;

/// <summary><c>GET /v1/status</c>.</summary>
internal static class GetStatus
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/status", AnswerAsync).At(Door.Administration).For(AccountRole.Reader)
        .Answers<LicenseServerStatus>("Activation, and CALs by type and version.");

    public static async Task AnswerAsync(HttpContext context)
        => await Json.WriteAsync(context, await ReadAsync(context).ConfigureAwait(false), ContractsJson.Default.LicenseServerStatus).ConfigureAwait(false);

    public static async Task<LicenseServerStatus> ReadAsync(HttpContext context)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var own = ledger.Identity.Current;
        await using var db = ledger.Database.OpenReader();
        // One transaction: the numbers are of one moment.
        await using var snapshot = await db.BeginSnapshotAsync(context.RequestAborted).ConfigureAwait(false);
        var head = await db.Head.SingleAsync(context.RequestAborted).ConfigureAwait(false);
        var hosts = await db.Hosts.CountAsync(host => host.RemovedAt == null, context.RequestAborted).ConfigureAwait(false);
        var recovery = await db.Recoveries.SingleOrDefaultAsync(row => row.EndedAt == null, context.RequestAborted).ConfigureAwait(false);
        var missing = recovery is null ? 0
            : await db.Hosts.CountAsync(host => host.RemovedAt == null && (host.ReceiptsAt == null || host.ReceiptsAt < recovery.BeganAt), context.RequestAborted).ConfigureAwait(false);
        var successions = await db.Successions.OrderBy(row => row.Id).ToListAsync(context.RequestAborted).ConfigureAwait(false);
        return new(
            ledger.Identity.Id.Text, context.RequestServices.GetRequiredService<PublicAddress>().Get().AbsoluteUri, ledger.Identity.Key.Fingerprint.Hex, own.IsActivated, own.Until,
            context.RequestServices.GetRequiredService<ClearinghouseConnection>().Address?.AbsoluteUri, head.Number, hosts,
            await CountCals.CountAsync(db, now, context.RequestAborted).ConfigureAwait(false), ManageClock.StatusOf(ledger.Clock),
            recovery is null ? null : new(recovery.BeganAt, recovery.Until, recovery.SeenNumber, missing), own.WhyIssuesNothing?.Text,
            own.WhyIssuesNothing?.Reason, successions.Count == 0 ? null : [.. successions.Select(Succeeding.StatusOf)]);
    }
}
