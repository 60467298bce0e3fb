using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Problems;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// Looks after the links: opens connections ahead of the first question, finds out when a silent server is back (a client that comes a
/// second later is served), and renews certificates.
/// </summary>
internal sealed class ServerUpkeep(Servers servers, Joining joining, SessionHostOptions options, TimeProvider time, ILogger<ServerUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RenewAgainAfter = TimeSpan.FromMinutes(1);
    private readonly Dictionary<string, DateTimeOffset> _triedAt = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAll(servers.Links.Select(link => ProbeAsync(link, stoppingToken))).ConfigureAwait(false);
        // A host that was switched off for long has a certificate that is over: it is renewed at once, not at the first tick.
        await RenewDueAsync(stoppingToken).ConfigureAwait(false);
        using var timer = new PeriodicTimer(ProbeEvery, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            await Task.WhenAll(servers.Links.Where(link => link.SilentSince is not null).Select(link => ProbeAsync(link, stoppingToken))).ConfigureAwait(false);
            await RenewDueAsync(stoppingToken).ConfigureAwait(false);
        }
    }

    // A silent server costs no attempt: it is asked as soon as it is back.
    private async Task RenewDueAsync(CancellationToken stopping)
    {
        foreach (var link in servers.Links.Where(link => link.SilentSince is null && link.WantsRenewal && IsDue(link)))
            await RenewAsync(link, stopping).ConfigureAwait(false);
    }

    private Task ProbeAsync(ServerLink link, CancellationToken stopping) => link.ProbeAsync(options.ConnectTime * 2, stopping);

    private bool IsDue(ServerLink link)
    {
        var now = time.GetUtcNow();
        if (_triedAt.TryGetValue(link.Fingerprint.Hex, out var tried) && now - tried < RenewAgainAfter)
            return false;
        _triedAt[link.Fingerprint.Hex] = now;
        return true;
    }

    private async Task RenewAsync(ServerLink link, CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(options.AskTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        try
        {
            await joining.RenewAsync(link, either.Token).ConfigureAwait(false);
        }
        catch (ProblemException problem)
        {
            Log.NotRenewed(logger, link.Address.Authority, problem.Message);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            Log.NotRenewed(logger, link.Address.Authority, "no answer in time");
        }
    }
}
