using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Policy;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// Keeps one question for the revocation list open at each license server, which answers it when the list changes; every 5 minutes it is
/// asked without waiting. With each list the license server says what it knows of the publisher: where that is new, it is asked for, too.
/// </summary>
internal sealed class RevocationPulls(Servers servers, TrustFollowing trust, SuccessionFollowing successions, PolicyUpkeep policy, TimeProvider time, ILogger<RevocationPulls> logger) : BackgroundService
{
    private const int WaitSeconds = 60;
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PullEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(5);

    /// <summary>A server that holds the question longer than it was asked to is silent.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(WaitSeconds + 15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var loops = new Dictionary<ServerLink, Task>();
        using var timer = new PeriodicTimer(LookEvery, time);
        do
        {
            foreach (var (link, loop) in loops.Where(pair => pair.Value.IsCompleted).ToList())
            {
                await loop.ConfigureAwait(false);
                loops.Remove(link);
            }

            foreach (var link in servers.Links.Where(link => !loops.ContainsKey(link)))
                loops[link] = FollowAsync(link, stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    // Until the link is replaced by a newer one.
    private async Task FollowAsync(ServerLink link, CancellationToken stopping)
    {
        DateTimeOffset? pulledAt = null;
        while (servers.Links.Contains(link))
        {
            var due = pulledAt is null || time.GetUtcNow() - pulledAt >= PullEvery;
            using var limit = new CancellationTokenSource(Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
            try
            {
                await link.PullRevocationsAsync(due ? 0 : WaitSeconds, either.Token).ConfigureAwait(false);
                await trust.FollowAsync(link, either.Token).ConfigureAwait(false);
                await successions.LearnAsync(link, either.Token).ConfigureAwait(false);
                policy.MayHaveChanged();
                if (due)
                    pulledAt = time.GetUtcNow();
                continue;
            }
            catch (ProblemException problem)
            {
                if (SuccessionFollowing.MayHaveOtherKey(link, problem) && await successions.TryFollowAsync(link, stopping).ConfigureAwait(false))
                    return;
                Log.RevocationsNotPulled(logger, link.Address.Authority, problem.Message);
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                Log.RevocationsNotPulled(logger, link.Address.Authority, "no answer in time");
            }

            await Task.Delay(AgainAfter, time, stopping).ConfigureAwait(false);
        }
    }
}
