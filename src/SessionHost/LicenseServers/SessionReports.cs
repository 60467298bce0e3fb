using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Licensing;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// Reports sessions to the license servers that issued their CALs: begins and ends within 5 seconds, in batches, and the running ones again
/// every 5 minutes. What could not be told is told at the next try.
/// </summary>
internal sealed class SessionReports(CalsInUse inUse, Servers servers, SessionHostOptions options, TimeProvider time, ILogger<SessionReports> logger) : BackgroundService
{
    private const int MostKept = 10_000;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RepeatEvery = TimeSpan.FromMinutes(5);
    private readonly List<CalsInUse.UsedCal> _waiting = [];
    private DateTimeOffset _repeatedAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _repeatedAt = time.GetUtcNow();
        using var timer = new PeriodicTimer(LookEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            _waiting.AddRange(inUse.TakeChanged());
            if (time.GetUtcNow() - _repeatedAt >= RepeatEvery)
            {
                _waiting.AddRange(inUse.Running);
                _repeatedAt = time.GetUtcNow();
            }

            _waiting.RemoveAll(used => servers.LinkOf(used.Server) is null);
            foreach (var link in servers.Links.Where(link => link.SilentSince is null))
                await ReportAsync(link, stoppingToken).ConfigureAwait(false);
            if (_waiting.Count > MostKept)
                _waiting.RemoveRange(0, _waiting.Count - MostKept);
        }
    }

    private async Task ReportAsync(ServerLink link, CancellationToken stopping)
    {
        foreach (var batch in _waiting.Where(used => link.Has(used.Server)).Chunk(SessionReport.MaxSessions).ToList())
        {
            if (!await TryReportAsync(link, new([.. batch.Select(used => used.Session)]), stopping).ConfigureAwait(false))
                return;
            foreach (var used in batch)
                _waiting.Remove(used);
        }
    }

    private async Task<bool> TryReportAsync(ServerLink link, SessionReport report, CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(options.AskTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        try
        {
            await link.ReportAsync(report, either.Token).ConfigureAwait(false);
            return true;
        }
        catch (ProblemException problem)
        {
            Log.SessionsNotReported(logger, link.Address.Authority, report.Sessions.Count, problem.Message);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            Log.SessionsNotReported(logger, link.Address.Authority, report.Sessions.Count, "no answer in time");
        }

        return false;
    }
}
