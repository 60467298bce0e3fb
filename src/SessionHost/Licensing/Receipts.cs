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
    /// <param name="server">Who granted it.</param>
    /// <param name="cal">What was granted.</param>
    /// <param name="hardwareId">40 hexadecimal digits.</param>
    /// <param name="device">The client's name.</param>
    /// <param name="ledgerNumber">Of the answer.</param>
    /// <param name="stored">The stored form, to be kept; null where the client keeps it.</param>
    /// <param name="certificate">The stored form, to be read; null where there is none.</param>
    public void Keep(KeyFingerprint server, GrantedCal cal, string hardwareId, string device, long ledgerNumber, byte[]? stored, byte[]? certificate)
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

            var (pack, signature) = cal.Temporary ? default : Proof(certificate);
            db.Receipts.Add(new()
            {
                PackId = pack,
                Signature = signature,
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

    /// <summary>Permanent CALs of a license server that are not over, in the order of their serial numbers.</summary>
    /// <param name="keys">Whose: its key, and those before it.</param>
    /// <param name="after">The last serial number of the page before; empty at the beginning.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async Task<IReadOnlyList<ReceiptRow>> PageAsync(IEnumerable<KeyFingerprint> keys, string after, int limit, CancellationToken cancellation)
    {
        var (now, names) = (clock.Now, keys.Select(key => key.Hex).ToList());
        await using var db = store.Open();
        return await db.Receipts.AsNoTracking()
            .Where(row => names.Contains(row.LicenseServer) && !row.Temporary && row.Signature != null && row.ExpiresAt > now && string.Compare(row.Serial, after) > 0)
            .OrderBy(row => row.Serial).Take(limit).ToListAsync(cancellation).ConfigureAwait(false);
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

    private static (Guid? Pack, byte[]? Signature) Proof(byte[]? certificate)
    {
        if (certificate is null || !DeviceCal.TryRead(certificate, out var cal))
            return default;
        using (cal)
            return (cal.Data.PackId, cal.Signature);
    }

    private async Task<List<ReceiptRow>> FindAsync(string hardwareId, CancellationToken cancellation)
    {
        await using var db = store.Open();
        return await db.Receipts.AsNoTracking().Where(row => row.HardwareId == hardwareId).OrderByDescending(row => row.ExpiresAt).Take(Looked)
            .ToListAsync(cancellation).ConfigureAwait(false);
    }
}
