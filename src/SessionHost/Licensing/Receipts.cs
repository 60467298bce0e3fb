using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.Licensing;

/// <summary>What the host keeps of the CALs that it passed on or admitted.</summary>
internal sealed class Receipts(Store store, Revocations revocations, HostClock clock, TimeProvider time)
{
    /// <summary>Receipts looked at for one hardware id, the latest to end first.</summary>
    private const int Looked = 16;

    /// <summary>
    /// Keeps or renews a receipt. A flood may drop it: the client has its CAL. The stored form is given, and kept, only for a client whose
    /// own license is somebody else's.
    /// </summary>
    public void Keep(KeyFingerprint server, GrantedCal cal, string hardwareId, string device, long ledgerNumber, byte[]? stored)
    {
        var now = time.GetUtcNow();
        store.Offer(async db =>
        {
            if (await db.Receipts.FindAsync(cal.Serial).ConfigureAwait(false) is { } known)
            {
                known.SeenAt = now;
                known.Stored = stored ?? known.Stored;
                return;
            }

            db.Receipts.Add(new()
            {
                Serial = cal.Serial,
                LicenseServer = server.Hex,
                HardwareId = hardwareId,
                Device = device,
                Version = cal.Version.Year,
                Temporary = cal.Temporary,
                IssuedAt = cal.IssuedAt,
                ExpiresAt = cal.ExpiresAt,
                LedgerNumber = ledgerNumber,
                Stored = stored,
                SeenAt = now,
            });
        });
    }

    /// <summary>A receipt for this hardware id that is not over, not revoked, serves the host and is of a pinned license server.</summary>
    public async Task<ReceiptRow?> FindValidAsync(string hardwareId, CalVersion host, IReadOnlyCollection<KeyFingerprint> pinned, CancellationToken cancellation)
        => (await FindAsync(hardwareId, cancellation).ConfigureAwait(false)).FirstOrDefault(row =>
            row.ExpiresAt > clock.Now && row.IssuedAt <= clock.Now && !revocations.IsRevoked(row.Serial, row.LicenseServer) && new CalVersion(row.Version).Serves(host)
            && pinned.Any(server => server.Hex == row.LicenseServer));

    /// <summary>The CAL, in its stored form, that the host keeps for this hardware id: a permanent one before a temporary one.</summary>
    public async Task<byte[]?> FindStoredAsync(string hardwareId, CancellationToken cancellation)
        => (await FindAsync(hardwareId, cancellation).ConfigureAwait(false)).Where(row => row.Stored is not null).OrderBy(row => row.Temporary).FirstOrDefault()?.Stored;

    /// <summary>What is kept for this hardware id, the latest to end first.</summary>
    public async Task<IReadOnlyList<ReceiptRow>> AllAsync(string hardwareId, CancellationToken cancellation)
        => await FindAsync(hardwareId, cancellation).ConfigureAwait(false);

    private async Task<List<ReceiptRow>> FindAsync(string hardwareId, CancellationToken cancellation)
    {
        await using var db = store.Open();
        return await db.Receipts.AsNoTracking().Where(row => row.HardwareId == hardwareId).OrderByDescending(row => row.ExpiresAt).Take(Looked)
            .ToListAsync(cancellation).ConfigureAwait(false);
    }
}
