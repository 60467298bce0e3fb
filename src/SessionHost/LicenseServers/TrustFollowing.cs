using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Trust;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// Follows the publishers: when a license server knows something new of its publisher, it is asked for it, and each membership takes what holds from the root
/// that it was given. What one license server says is taken for all of the same publisher, so that a revoked one cannot keep it from this host.
/// </summary>
internal sealed class TrustFollowing(Servers servers, Joining joining, Store store, HostClock clock, ILogger<TrustFollowing> logger)
{
    /// <summary>Asks if the license server offers what was not taken yet.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public async Task FollowAsync(ServerLink link, CancellationToken cancellation)
    {
        if (link.OfferedTrust is not { } offered || offered == link.TakenTrust)
            return;
        var documents = await link.AskTrustAsync(cancellation).ConfigureAwait(false);
        foreach (var other in servers.Links.OrderByDescending(other => other.Fingerprint == link.Fingerprint))
            await TakeAsync(other, documents, cancellation).ConfigureAwait(false);
        servers.Current(link).TakenTrust = link.TakenTrust = offered;
    }

    private async Task TakeAsync(ServerLink link, TrustDocuments documents, CancellationToken cancellation)
    {
        if (link.Trust is not { } known)
            return;
        var next = known.Take(documents, clock.Now);
        if (ReferenceEquals(next, known))
            return;
        // Its own certificate is by a key that is withdrawn: it has another by now, and nobody is refused between the two.
        if (link.HoldsUnder(known) && !link.HoldsUnder(next))
            await TryRenewAsync(link, cancellation).ConfigureAwait(false);
        await store.CommitAsync(async db =>
        {
            if (await db.Memberships.FindAsync(link.Fingerprint.Hex).ConfigureAwait(false) is { } row)
                row.Trust = next.Encode();
        }).ConfigureAwait(false);
        var current = servers.Current(link);
        current.Know(next);
        Log.TrustTaken(logger, link.Address.Authority, next.Roots.Count, next.Withdrawals?.Number ?? 0, next.Revocations?.Number ?? 0);
        if (current.Revoked is { } revoked)
            Log.ServerRevoked(logger, link.Address.Authority, KebabCase.Of(revoked.Reason));
    }

    private async Task TryRenewAsync(ServerLink link, CancellationToken cancellation)
    {
        try
        {
            await joining.RenewAsync(link, cancellation).ConfigureAwait(false);
        }
        catch (ProblemException problem)
        {
            // Whoever holds the withdrawn key must not keep it good by being silent: what was signed by the root counts all the same.
            Log.NotRenewed(logger, link.Address.Authority, problem.Message);
        }
    }
}
