using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Doors;
using Ostiary.LicenseServer.Hosts;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Revocation;

/// <summary>
/// <c>GET /v1/revocations?after=N&amp;wait=S&amp;trust=TAG</c>: the whole list, signed with the time of the answer; at once when it is newer than N, or what is
/// known of the publisher is not what TAG names, else when it becomes so.
/// </summary>
internal static class RevocationList
{
    private const int MaxWait = 60;
    private const int MaxTag = 64;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/revocations", Get).AtHosts(Credential.Membership);

    private static async Task Get(HttpContext context)
    {
        var after = Number(context, "after", long.MaxValue);
        var wait = TimeSpan.FromSeconds(Number(context, "wait", MaxWait));
        var trust = Tag(context, "trust");
        var host = HostCredential.RequireMembership(context);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var time = context.RequestServices.GetRequiredService<TimeProvider>();
        // Whoever waits gets the list as it is when the role stops, so that stopping waits for nobody.
        var stopping = context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        using var limit = new CancellationTokenSource(wait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ended.Token, limit.Token);
        // A key that follows is news, too: the answer is signed by it, whatever connection the host has kept from before. A host that does not say what it knows is told of the switch itself.
        var successions = context.Request.Query.ContainsKey("successions") ? Tag(context, "successions") : ledger.Identity.Current.SuccessionsTag;
        while (true)
        {
            // Taken before the list is read: no change between reading and waiting is missed.
            var changed = ledger.ListChanged;
            var known = ledger.Identity.Current.Trust?.Tag;
            var list = await ReadAsync(ledger, host, time, context.RequestAborted).ConfigureAwait(false);
            if (list.Number > after || (trust is not null && trust != known) || ledger.Identity.Current.SuccessionsTag != successions || wait == TimeSpan.Zero || either.IsCancellationRequested)
            {
                await Json.WriteAsync(context, new RevocationAnswer(ledger.Identity.Key.SignStatement(list.Encode()), known, ledger.Identity.Current.SuccessionsTag), ContractsJson.Default.RevocationAnswer).ConfigureAwait(false);
                return;
            }

            await changed.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<RevocationListStatement> ReadAsync(Ledger ledger, HostIdentity host, TimeProvider time, CancellationToken cancellation)
    {
        await using var db = ledger.Database.OpenReader();
        // One transaction: the entries are those of the number.
        await using var snapshot = await db.BeginSnapshotAsync(cancellation).ConfigureAwait(false);
        HostCredential.RequireMember(await db.Hosts.SingleOrDefaultAsync(row => row.HostId == host.HostId, cancellation).ConfigureAwait(false), host);
        return await ReadAsync(db, time.GetUtcNow(), cancellation).ConfigureAwait(false);
    }

    // What is past its end is void anyway, and left out. Where there is more than a list holds, what lasts longest is in it.
    private static async Task<RevocationListStatement> ReadAsync(LedgerContext db, DateTimeOffset now, CancellationToken cancellation)
    {
        var number = (await db.Head.SingleAsync(cancellation).ConfigureAwait(false)).ListNumber;
        var revoked = await SerialsAsync(db.Licenses.Where(license => license.Status == LicenseStatus.Revoked), now, cancellation).ConfigureAwait(false);
        var askFirst = await SerialsAsync(db.Licenses.Where(license => license.AskFirst && license.Status != LicenseStatus.Revoked), now, cancellation).ConfigureAwait(false);
        var hosts = await db.Hosts.Where(host => host.RemovedAt != null && host.CertificateUntil >= now).OrderByDescending(host => host.CertificateUntil)
            .Take(RevocationListStatement.MaxEntries).Select(host => host.HostId).ToListAsync(cancellation).ConfigureAwait(false);
        return new(number, DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()), revoked, askFirst, hosts);
    }

    private static async Task<List<string>> SerialsAsync(IQueryable<License> licenses, DateTimeOffset now, CancellationToken cancellation)
    {
        var serials = await licenses.Where(license => license.NotAfter >= now).OrderByDescending(license => license.NotAfter)
            .Take(RevocationListStatement.MaxEntries).Select(license => license.Serial).ToListAsync(cancellation).ConfigureAwait(false);
        return [.. serials.Select(serial => serial.ToString()).Order(StringComparer.Ordinal)];
    }

    private static string? Tag(HttpContext context, string name) => context.Request.Query[name].ToString() switch
    {
        "" => null,
        { Length: <= MaxTag } tag => tag,
        _ => throw new ProblemException(LicensingProblem.InvalidField, $"{name} has at most {MaxTag} characters", name),
    };

    private static long Number(HttpContext context, string field, long most)
    {
        var text = context.Request.Query[field].ToString();
        if (text.Length == 0)
            return 0;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
            ? number
            : throw new ProblemException(LicensingProblem.InvalidField, $"{field} is a number from 0 to {most}", field);
    }
}
