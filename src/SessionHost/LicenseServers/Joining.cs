using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>Joins license servers by invitation and renews what they issued.</summary>
internal sealed class Joining(SessionHostOptions options, HostKey key, Servers servers, Store store, Grace.GracePeriod grace, TimeProvider time, ILogger<Joining> logger)
{
    private static readonly TimeSpan JoinTime = TimeSpan.FromSeconds(15);

    /// <summary>Joins. The same invitation again is good: a lost answer costs nothing.</summary>
    /// <exception cref="ProblemException">The invitation is not one, or the license server says no or nothing.</exception>
    public async Task JoinAsync(string invitation, CancellationToken cancellation)
    {
        if (!Invitation.TryParse(invitation, out var parsed))
            throw new ProblemException(LicensingProblem.InvalidField, "this is no invitation; ostiary hosts invite makes one on the license server", "invitation");
        using var limit = new CancellationTokenSource(JoinTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        // An administrator waits, and no client does: connecting may take what the whole may take.
        using var connection = new ServerConnection(
            parsed.LicenseServer, parsed.Fingerprint, null, key.SelfMade(time.GetUtcNow()), [], JoinTime, time);
        Membership membership;
        try
        {
            membership = await connection.Api.JoinAsync(new(parsed.Token, key.MachineId, options.Name), either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ProblemException(LicensingProblem.Unreachable, $"{parsed.LicenseServer} did not answer within {JoinTime.TotalSeconds:0} s");
        }

        await KeepAsync(membership, parsed.Fingerprint, parsed.LicenseServer, joins: true, null, cancellation).ConfigureAwait(false);
        Log.Joined(logger, parsed.LicenseServer.Authority, parsed.Fingerprint.Hex);
        await TryPullRevocationsAsync(parsed.Fingerprint, either.Token).ConfigureAwait(false);
    }

    /// <summary>Takes a new certificate of a license server that was joined before.</summary>
    /// <exception cref="ProblemException">It says no or nothing.</exception>
    public async Task RenewAsync(ServerLink link, CancellationToken cancellation)
    {
        var membership = await link.RenewAsync(cancellation).ConfigureAwait(false);
        await KeepAsync(membership, link.Fingerprint, link.Address, joins: false, null, cancellation).ConfigureAwait(false);
        Log.Renewed(logger, link.Address.Authority);
    }

    /// <summary>The license server has another key now, by successions that were verified: gets a certificate by it, and pins it.</summary>
    /// <param name="link">As it was joined.</param>
    /// <param name="shown">The key that it has now.</param>
    /// <param name="issuer">The certificate of that key.</param>
    /// <param name="path">From the pinned key to that one.</param>
    /// <param name="trust">What is known of the publisher.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="ProblemException">It says no or nothing: the old key stays pinned.</exception>
    public async Task FollowAsync(
        ServerLink link, KeyFingerprint shown, X509Certificate2 issuer, IReadOnlyList<ProvenSuccession> path, PublisherTrust trust, CancellationToken cancellation)
    {
        var chain = CertificateChain.FromPem(link.Certificate);
        using var connection = new ServerConnection(link.Address, shown, issuer, chain[0].CopyWithPrivateKey(key.Key), chain.Skip(1), options.ConnectTime, time);
        var membership = await connection.Api.RenewAsync(cancellation).ConfigureAwait(false);
        await KeepAsync(membership, shown, link.Address, joins: false, (db, row) => ReplaceAsync(db, row, link.Fingerprint, path, trust), cancellation).ConfigureAwait(false);
    }

    /// <summary>In the membership of the new key: the place and the evidence of the old one, whose row goes; its key is known as one of before.</summary>
    /// <param name="db">In a transaction.</param>
    /// <param name="row">The membership of the new key.</param>
    /// <param name="old">The key that was pinned.</param>
    /// <param name="path">From that key to the new one.</param>
    /// <param name="trust">What is known of the publisher by now; null where that stays as it is.</param>
    public async Task ReplaceAsync(SessionHostContext db, MembershipRow row, KeyFingerprint old, IReadOnlyList<ProvenSuccession> path, PublisherTrust? trust)
    {
        var before = await db.Memberships.FindAsync(old.Hex).ConfigureAwait(false);
        foreach (var (step, index) in path.Select((step, index) => (step, index)))
        {
            var former = await db.Predecessors.FindAsync(step.Statement.Old.Hex).ConfigureAwait(false);
            if (former is null)
                db.Predecessors.Add(former = new() { Fingerprint = step.Statement.Old.Hex, Successor = row.Fingerprint, Certificates = "", Statement = [], FollowedAt = time.GetUtcNow().AddTicks(index) });
            (former.Successor, former.Cause, former.Statement, former.Certificates) = (row.Fingerprint, (int)step.Statement.Cause, step.Document.Statement, step.Document.OldCertificates);
            if (step.Statement.Old == old && before is not null)
                former.HostId = before.HostId;
        }

        foreach (var further in await db.Predecessors.Where(other => other.Successor == old.Hex).ToListAsync().ConfigureAwait(false))
            further.Successor = row.Fingerprint;
        if (before is null)
            return;
        // The root is the one that was given for the key before, not what is answered under the new one.
        if (trust is not null)
            (row.Root, row.Trust) = (before.Root, trust.Encode());
        row.Position = Math.Min(row.Position, before.Position);
        // The ledger goes on under the new key; that of a license server in a lost one's place is another.
        if (path.All(step => step.Statement.Cause != SuccessionCause.Lost) && before.LedgerNumber > row.LedgerNumber)
            (row.LedgerNumber, row.LedgerHash, row.LedgerSignature) = (before.LedgerNumber, before.LedgerHash, before.LedgerSignature);
        db.Memberships.Remove(before);
    }

    // So that the first client finds a list. Without one, devices are asked about first; the list is pulled again and again.
    private async Task TryPullRevocationsAsync(KeyFingerprint server, CancellationToken cancellation)
    {
        if (servers.Links.FirstOrDefault(link => link.Fingerprint == server) is not { } link)
            return;
        try
        {
            await link.PullRevocationsAsync(0, cancellation).ConfigureAwait(false);
        }
        catch (ProblemException problem)
        {
            Log.RevocationsNotPulled(logger, link.Address.Authority, problem.Message);
        }
        catch (OperationCanceledException)
        {
            // The host has joined already, and that is what is answered.
            Log.RevocationsNotPulled(logger, link.Address.Authority, "no answer in time");
        }
    }

    private async Task KeepAsync(
        Membership membership, KeyFingerprint pinned, Uri address, bool joins, Func<SessionHostContext, MembershipRow, Task>? with, CancellationToken cancellation)
    {
        Check(membership, pinned);
        var now = time.GetUtcNow();
        await store.CommitAsync(async db =>
        {
            var row = await db.Memberships.FindAsync(pinned.Hex).ConfigureAwait(false);
            if (row is null)
            {
                var last = await db.Memberships.MaxAsync(other => (int?)other.Position).ConfigureAwait(false) ?? 0;
                row = new() { Fingerprint = pinned.Hex, Position = last + 1, Address = "", Certificate = "", JoinedAt = now };
                db.Memberships.Add(row);
            }

            row.Address = address.AbsoluteUri;
            row.HostId = membership.HostId;
            row.Certificate = membership.Certificate;
            // An administrator's invitation gives the root. By renewal it does not change: the root that is known leads to those that follow it.
            if (row.Root is null || (joins && row.Root != membership.Root))
                (row.Root, row.Trust) = (membership.Root, null);
            row.Version = membership.Version.Year;
            row.Mode = (int)membership.Mode;
            if (with is not null)
                await with(db, row).ConfigureAwait(false);
        }).ConfigureAwait(false);
        await grace.AdoptAsync(membership.Grace, cancellation).ConfigureAwait(false);
        await servers.ReloadAsync(cancellation).ConfigureAwait(false);
    }

    // The answer came over TLS to the pinned key; this finds a server that answers for another host, and one with whom this host cannot be of one mind.
    private void Check(Membership membership, KeyFingerprint pinned)
    {
        var chain = CertificateChain.FromPem(membership.Certificate);
        try
        {
            if (chain.Count < 2 || KeyFingerprint.Of(chain[1]) != pinned || !DeviceCal.IsSignedBy(chain[0], chain[1]))
                throw new ProblemException(LicensingProblem.SignatureInvalid, "the host certificate is not signed by the pinned key");
            if (KeyFingerprint.Of(chain[0]) != KeyFingerprint.Of(key.Key) || !SessionHostCertificate.TryRead(chain[0], out var data) || data.HostId != membership.HostId)
                throw new ProblemException(LicensingProblem.SignatureInvalid, "the host certificate is not for this host's key");
            if (servers.Links.FirstOrDefault(link => link.Fingerprint != pinned) is { } other && other.Mode != membership.Mode)
                throw new ProblemException(
                    LicensingProblem.InvalidField,
                    $"the invitation is for a {KebabCase.Of(membership.Mode)} host, and at {other.Address} this host is {KebabCase.Of(other.Mode)}; "
                    + $"a host has one mode (ostiary hosts invite --mode {KebabCase.Of(other.Mode)})",
                    "invitation");
        }
        finally
        {
            foreach (var certificate in chain)
                certificate.Dispose();
        }
    }
}
