using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Policy;

namespace Ostiary.SessionHost.Grace;

/// <summary>
/// Looks after the grace period: moves the latest time every hour, tells the license servers (at start, on change, daily) and takes what they
/// know, warns once a day in the last days, as many as policy says. Metric <c>ostiary.grace.days_left</c> while it runs.
/// </summary>
internal sealed class GraceUpkeep(
    GracePeriod grace, HostClock clock, SignedTimes times, Servers servers, PolicyInForce policy, SessionHostOptions options, TimeProvider time, IMeterFactory meters, ILogger<GraceUpkeep> logger)
    : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SaveEvery = TimeSpan.FromHours(1);
    private static readonly TimeSpan Daily = TimeSpan.FromDays(1);
    private static readonly TimeSpan AgainAfter = TimeSpan.FromMinutes(1);
    private readonly Dictionary<string, Told> _told = [];
    private DateTimeOffset _savedAt;
    private DateTimeOffset? _warnedAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var meter = meters.Create(Gateway.GatewayMetrics.MeterName);
        meter.CreateObservableGauge("ostiary.grace.days_left", DaysLeft, "d", "Days that are left of the grace period, while it runs.");
        _savedAt = clock.Now;
        using var timer = new PeriodicTimer(LookEvery, time);
        do
        {
            await times.SettleAsync(stoppingToken).ConfigureAwait(false);
            if (clock.Now - _savedAt >= SaveEvery)
            {
                await grace.MoveHighWaterAsync(stoppingToken).ConfigureAwait(false);
                _savedAt = clock.Now;
            }

            // A host certificate that is over is renewed first, which takes a moment.
            foreach (var link in servers.Links.Where(link => link.SilentSince is null && link.CertificateUntil > time.GetUtcNow() && IsDue(link)))
                await TellAsync(link, stoppingToken).ConfigureAwait(false);
            Warn();
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    private IEnumerable<Measurement<int>> DaysLeft() => grace.State is GraceState.Running running ? [new(running.DaysLeft)] : [];

    private bool IsDue(ServerLink link)
        => !_told.TryGetValue(link.Fingerprint.Hex, out var told) || (told.Changes == grace.Changes ? clock.Now - told.At >= Daily : clock.Now - told.At >= told.Wait);

    private async Task TellAsync(ServerLink link, CancellationToken stopping)
    {
        var changes = grace.Changes;
        using var limit = new CancellationTokenSource(options.AskTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        try
        {
            var answer = await link.KeepGraceAsync(grace.Signed, either.Token).ConfigureAwait(false);
            _told[link.Fingerprint.Hex] = new(changes, clock.Now, TimeSpan.Zero);
            await grace.AdoptAsync(answer, stopping).ConfigureAwait(false);
        }
        catch (ProblemException problem)
        {
            NotTold(link, problem.Message);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            NotTold(link, "no answer in time");
        }
    }

    private void NotTold(ServerLink link, string detail)
    {
        _told[link.Fingerprint.Hex] = new(-1, clock.Now, AgainAfter);
        Log.GraceNotTold(logger, link.Address.Authority, detail);
    }

    private void Warn()
    {
        if (grace.State is not GraceState.Running running || running.DaysLeft > policy.GraceWarningDays || !policy.Notifications || clock.Now - _warnedAt < Daily)
            return;
        _warnedAt = clock.Now;
        Log.GraceEndsSoon(logger, running.DaysLeft, running.Until);
    }

    private readonly record struct Told(int Changes, DateTimeOffset At, TimeSpan Wait);
}
