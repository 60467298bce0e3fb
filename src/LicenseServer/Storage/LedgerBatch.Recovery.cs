using Microsoft.EntityFrameworkCore;
using Ostiary.LicenseServer.Audit;

namespace Ostiary.LicenseServer.Storage;

/// <summary>What a batch does while the ledger is older than what hosts have seen.</summary>
internal sealed partial class LedgerBatch
{
    private Recovery? _recovery;
    private bool _recoveryRead;

    /// <summary>The recovery that runs; null when none does.</summary>
    public Recovery? Recovery
    {
        get
        {
            if (!_recoveryRead)
                _recovery = db.Recoveries.AsTracking().SingleOrDefault(row => row.EndedAt == null);
            _recoveryRead = true;
            return _recovery is { } running && running.Until > now ? running : null;
        }
    }

    /// <summary>
    /// A host has shown a head with this number, which is higher than the ledger's. What was recovered from once begins nothing again: hosts go on showing
    /// it until the ledger has passed it.
    /// </summary>
    /// <returns>Whether a recovery began.</returns>
    public bool BeginRecovery(long seenNumber)
    {
        if (Recovery is { } running)
        {
            if (seenNumber > running.SeenNumber)
            {
                running.SeenNumber = seenNumber;
                Enter("recovery-goes-further", running);
            }

            return false;
        }

        EndRecoveryIfOver();
        if (db.Recoveries.Any(row => row.SeenNumber >= seenNumber))
            return false;
        _recovery = new() { BeganAt = now, SeenNumber = seenNumber };
        Enter("recovery-began", _recovery);
        db.Add(_recovery);
        return true;
    }

    /// <summary>It is over when every host has sent its receipts, or with its time.</summary>
    public bool EndRecoveryIfOver()
    {
        if (Recovery is { } running && HostsMissing(running) > 0)
            return false;
        if (_recovery is not { } over)
            return false;
        over.EndedAt = now;
        Enter("recovery-ended", over);
        _recovery = null;
        return true;
    }

    /// <summary>How the audit names it.</summary>
    public static string NameOf(Recovery recovery) => $"{recovery.BeganAt.ToUnixTimeSeconds()}";

    private int HostsMissing(Recovery running)
    {
        // The answer of this very host stands in the batch, not yet in the database.
        db.SaveChanges();
        return db.Hosts.Count(host => host.RemovedAt == null && (host.ReceiptsAt == null || host.ReceiptsAt < running.BeganAt));
    }

    private void Enter(string kind, Recovery recovery) => Audit(kind, CanonicalContent.Recoveries, NameOf(recovery), number =>
    {
        recovery.LedgerNumber = number;
        return CanonicalContent.Of(recovery);
    });
}
