using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Trust;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// Follows a license server's key to the one that succeeds it. Where another key is found than the pinned one, the address is asked which keys were there before;
/// a statement that the pinned key has signed, or an issuing key of the publisher, leads to the new one, whose certificate must lead to the root. Then the host
/// gets its own certificate by it, and pins it in one transaction. Until that is done, nothing has changed.
/// </summary>
internal sealed class SuccessionFollowing(
    Servers servers, Joining joining, Store store, SessionHostOptions options, HostClock clock, ILogger<SuccessionFollowing> logger) : IDisposable
{
    private readonly SemaphoreSlim _following = new(1);
    private string? _said;

    /// <summary>What failed may have failed because the license server has another key.</summary>
    public static bool MayHaveOtherKey(ServerLink link, ProblemException problem) => problem.Problem == LicensingProblem.SignatureInvalid || link.SawOtherKey;

    /// <summary>Whether the license server has another key, and it is pinned now.</summary>
    public async Task<bool> TryFollowAsync(ServerLink link, CancellationToken cancellation)
    {
        await _following.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            // Who waited finds it done.
            return servers.Current(link).Fingerprint != link.Fingerprint || await FollowAsync(servers.Current(link), cancellation).ConfigureAwait(false);
        }
        catch (ProblemException problem)
        {
            Said(link, problem.Message);
            return false;
        }
        finally
        {
            _following.Release();
        }
    }

    /// <summary>Asks a license server that names keys of before which are not known, or others.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public async Task LearnAsync(ServerLink link, CancellationToken cancellation)
    {
        if (link.OfferedSuccessions is not { } offered || offered == link.TakenSuccessions || link.Trust is not { } trust)
            return;
        var documents = await link.AskSuccessionsAsync(cancellation).ConfigureAwait(false);
        await _following.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await LearnAsync(link, documents, Newest(trust, documents)).ConfigureAwait(false);
            await servers.ReloadAsync(cancellation).ConfigureAwait(false);
            servers.Current(link).TakenSuccessions = link.TakenSuccessions = offered;
        }
        finally
        {
            _following.Release();
        }
    }

    public void Dispose() => _following.Dispose();

    private async Task<bool> FollowAsync(ServerLink link, CancellationToken cancellation)
    {
        // One that was never activated, as far as this host knows, has no publisher by whom its key could follow.
        if (link.Trust is not { } known)
            return false;
        var documents = await ServerConnection.AskSuccessionsAsync(link.Address, options.ConnectTime, cancellation).ConfigureAwait(false);
        if (ProvenSuccession.ReadCertificates(documents.Certificates) is not { Count: > 0 } shown || KeyFingerprint.Of(shown[0]) is not { } next || next == link.Fingerprint)
            return false;
        var trust = Newest(known, documents);
        var path = ProvenSuccession.Lead(documents, link.Fingerprint, next, trust, clock.Now);
        if (path.Count == 0)
            return Refused("no statement of the pinned key, or of its publisher, leads to it");
        if (trust.RevocationOf(next) is not null || !trust.LeadsTo(shown[0], shown.Skip(1), clock.Now))
            return Refused("its certificate does not lead to the publisher's root, or is revoked");
        // Nothing leads back: whoever holds a key of before could have it signed that it follows.
        if (link.Has(next))
            return Refused("it is a key of before");
        await joining.FollowAsync(link, next, shown[0], path, trust, cancellation).ConfigureAwait(false);
        Log.KeyFollowed(logger, link.Address.Authority, KebabCase.Of(path[^1].Statement.Cause), next.Hex);
        _said = null;
        return true;

        bool Refused(string detail)
        {
            Said(link, detail);
            return false;
        }
    }

    private Task LearnAsync(ServerLink link, SuccessionDocuments documents, PublisherTrust trust) => store.CommitAsync(async db =>
    {
        if (await db.Memberships.FindAsync(link.Fingerprint.Hex).ConfigureAwait(false) is not { } row)
            return;
        foreach (var step in ProvenSuccession.All(documents, trust, clock.Now))
            if (ProvenSuccession.Lead(documents, step.Statement.Old, link.Fingerprint, trust, clock.Now).Count > 0)
                await joining.ReplaceAsync(db, row, step.Statement.Old, [step], null).ConfigureAwait(false);
    });

    private PublisherTrust Newest(PublisherTrust known, SuccessionDocuments documents) => documents.Trust is { } offered ? known.Take(offered, clock.Now) : known;

    // Once for each finding: the host looks again every few seconds.
    private void Said(ServerLink link, string detail)
    {
        if (_said == detail)
            return;
        _said = detail;
        Log.KeyNotFollowed(logger, link.Address.Authority, detail);
    }
}
