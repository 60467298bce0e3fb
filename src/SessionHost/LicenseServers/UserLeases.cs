using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Statements;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>A lease that is right and of a pinned license server.</summary>
/// <param name="Server">Who signed it.</param>
/// <param name="Serial">The User CAL, 32 hexadecimal digits.</param>
/// <param name="Valid">Not over, and its version serves the host.</param>
/// <param name="Signed">As it was signed.</param>
internal sealed record HeldLease(KeyFingerprint Server, string Serial, bool Valid, byte[] Signed);

/// <summary>The signed leases of User CALs: by them row U4 admits while the license servers are silent.</summary>
internal sealed class UserLeases(Servers servers, Store store, TimeProvider time)
{
    /// <summary>A license server's clock may be ahead of the host's by so much (the clock rule of both).</summary>
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromDays(1);

    /// <summary>Keeps the lease in place of the one before. Returns when it is handed to the database's writer.</summary>
    public ValueTask KeepAsync(ServerLink server, UserClaim user, GrantedUserCal granted)
    {
        var digest = Digest(server.HostId, user);
        return store.KeepAsync(async db =>
        {
            var row = await db.Leases.FindAsync(digest, server.Fingerprint.Hex).ConfigureAwait(false);
            if (row is null)
                db.Leases.Add(row = new() { UserDigest = digest, LicenseServer = server.Fingerprint.Hex, Lease = granted.Lease });
            (row.Lease, row.ExpiresAt) = (granted.Lease, granted.ExpiresAt);
        });
    }

    /// <summary>The person's lease: one that admits before one that does not, the last to end first. Verified again: the bytes were on a disk.</summary>
    public async Task<HeldLease?> FindAsync(UserClaim user, CancellationToken cancellation)
    {
        // Also those of a key that was followed in good order; those of one that somebody else has prove nothing, and the person is found at the license server.
        var keys = servers.Links.Where(link => link.Revoked is null)
            .SelectMany(link => link.Predecessors.Where(before => before.Proves).Select(before => (Link: link, Key: before.Fingerprint, Certificate: before.Chain[0], before.HostId))
                .Prepend((Link: link, Key: link.Fingerprint, Certificate: link.LicenseServerChain[0], link.HostId)))
            .ToList();
        var digests = keys.Select(key => Digest(key.HostId, user)).Distinct().ToList();
        List<LeaseRow> rows;
        await using (var db = store.Open())
            rows = await db.Leases.AsNoTracking().Where(row => digests.Contains(row.UserDigest)).OrderByDescending(row => row.ExpiresAt)
                .ToListAsync(cancellation).ConfigureAwait(false);

        var now = time.GetUtcNow();
        return rows
            .Select(row => keys.Find(key => key.Key.Hex == row.LicenseServer) is { Link: { } link } key && ServerLink.ReadLease(row.Lease, user, key.Certificate, key.HostId) is { } lease
                ? new HeldLease(link.Fingerprint, lease.Serial, lease.ExpiresAt >= now && lease.IssuedAt - ClockTolerance <= now && lease.Version.Serves(servers.HostVersion), row.Lease)
                : null)
            .OfType<HeldLease>().OrderByDescending(lease => lease.Valid).FirstOrDefault();
    }

    private static string Digest(Guid hostId, UserClaim user) => Convert.ToHexStringLower(UserLeaseStatement.DigestUser(hostId, user));
}
