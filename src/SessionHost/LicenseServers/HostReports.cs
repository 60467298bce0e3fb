using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Administration;
using Ostiary.SessionHost.Policy;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// Shows this host to its license servers: sessions and refusals within seconds, itself once a minute. Each server has what it was told remembered while the
/// role runs; after a start the newest ones are told again, which changes nothing there. Nobody waits for it.
/// </summary>
internal sealed class HostReports(
    Servers servers, Store store, StatusReport status, GraceAdministration grace, PolicyUpkeep policy, SessionHostOptions options, TimeProvider time, ILogger<HostReports> logger) : BackgroundService
{
    /// <summary>Rows that are told at most when there are more: the newest. The host itself keeps them all.</summary>
    private const int Newest = 1_000;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan StateEvery = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Told> _told = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            foreach (var link in servers.Links.Where(link => link.SilentSince is null))
                await TellAsync(link, stoppingToken).ConfigureAwait(false);
    }

    private async Task TellAsync(ServerLink link, CancellationToken stopping)
    {
        if (!_told.TryGetValue(link.Fingerprint.Hex, out var told))
            _told[link.Fingerprint.Hex] = told = new();
        if (told.NotBefore > time.GetUtcNow())
            return;
        using var limit = new CancellationTokenSource(options.AskTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        try
        {
            if (time.GetUtcNow() - told.StateAt >= StateEvery)
            {
                await link.TellAsync(new([], [], new(SoftwareVersion.Own, status.Make(), grace.Show(), policy.Report())), either.Token).ConfigureAwait(false);
                told.StateAt = time.GetUtcNow();
            }

            await TellSessionsAsync(link, told, either.Token).ConfigureAwait(false);
            await TellRefusalsAsync(link, told, either.Token).ConfigureAwait(false);
            told.Failing = false;
        }
        catch (ProblemException problem)
        {
            Failed(problem.Message);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            Failed("no answer in time");
        }
        catch (SqliteException unreadable)
        {
            Failed(unreadable.Message);
        }

        void Failed(string reason)
        {
            if (!told.Failing)
                Log.HostNotReported(logger, link.Address.Authority, reason);
            (told.Failing, told.NotBefore) = (true, time.GetUtcNow() + StateEvery);
        }
    }

    private async Task TellSessionsAsync(ServerLink link, Told told, CancellationToken cancellation)
    {
        long[] running = [.. told.Running.Keys];
        List<SessionRow> rows;
        await using (var db = store.Open())
            rows = await db.Sessions.AsNoTracking().Where(row => row.Id > told.Session || running.Contains(row.Id)).OrderByDescending(row => row.Id).Take(Newest + running.Length)
                .ToListAsync(cancellation).ConfigureAwait(false);
        rows.Reverse();
        foreach (var part in rows.Where(row => !told.Running.TryGetValue(row.Id, out var before) || before != Shown(row)).Chunk(HostReport.MaxRows))
        {
            await link.TellAsync(new([.. part.Select(Clipped)], [], null), cancellation).ConfigureAwait(false);
            foreach (var row in part)
            {
                told.Session = Math.Max(told.Session, row.Id);
                if (row.EndedAt is null)
                    told.Running[row.Id] = Shown(row);
                else
                    told.Running.Remove(row.Id);
            }
        }
    }

    private async Task TellRefusalsAsync(ServerLink link, Told told, CancellationToken cancellation)
    {
        List<RefusalRow> rows;
        await using (var db = store.Open())
            rows = await db.Refusals.AsNoTracking().Where(row => row.Id > told.Refusal).OrderByDescending(row => row.Id).Take(Newest).ToListAsync(cancellation).ConfigureAwait(false);
        rows.Reverse();
        foreach (var part in rows.Chunk(HostReport.MaxRows))
        {
            await link.TellAsync(new([], [.. part.Select(Clipped)], null), cancellation).ConfigureAwait(false);
            told.Refusal = part[^1].Id;
        }
    }

    // What is too long for a report is not a reason to tell nothing.
    private static SessionRecord Clipped(SessionRow row) => row.ToRecord() with { Device = Clip(row.Device), Account = row.Account is null ? null : Clip(row.Account) };

    private static RefusalRecord Clipped(RefusalRow row) => row.ToRecord() with
    {
        Device = row.Device is null ? null : Clip(row.Device),
        UserName = row.UserName is null ? null : Clip(row.UserName),
        Detail = Clip(row.Detail),
        Fix = Clip(row.Fix),
    };

    private static string Clip(string text) => (text.Length <= HostReport.MaxText ? text : text[..HostReport.MaxText]).Replace("\0", "", StringComparison.Ordinal);

    // What may change while a session runs.
    private static (string? Account, string Rule) Shown(SessionRow row) => row.EndedAt is null ? (row.Account, row.Rule) : (null, "");

    /// <summary>What a license server was told.</summary>
    private sealed class Told
    {
        public DateTimeOffset StateAt { get; set; }

        /// <summary>After a failure it is not tried at once again.</summary>
        public DateTimeOffset NotBefore { get; set; }

        public bool Failing { get; set; }

        /// <summary>The newest session's number.</summary>
        public long Session { get; set; }

        public long Refusal { get; set; }

        /// <summary>Sessions that ran when they were told of, with what was shown.</summary>
        public Dictionary<long, (string? Account, string Rule)> Running { get; } = [];
    }
}
