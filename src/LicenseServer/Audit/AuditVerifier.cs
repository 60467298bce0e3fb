using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Administration;
using Ostiary.Doors.Accounts;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Audit;

/// <summary>
/// Walks the chain from its beginning, then compares every row with the newest entry about it, both ways: rows that differ, rows without an entry,
/// entries whose row is gone. All in one snapshot.
/// </summary>
internal sealed class AuditVerifier
{
    /// <summary>Faults that are listed; a ledger with more is past repair by hand.</summary>
    private const int MaxFaults = 1_000;

    private readonly LedgerContext _db;
    private readonly Credentials _identity;
    private readonly List<AuditFault> _faults = [];
    private readonly Dictionary<(string Table, string Row), (long Number, byte[]? Content)> _newest = [];

    private AuditVerifier(LedgerContext db, Credentials identity)
    {
        _db = db;
        _identity = identity;
    }

    public static async Task<AuditVerification> VerifyAsync(LedgerContext db, Credentials identity, CancellationToken cancellation)
    {
        await using var snapshot = await db.BeginSnapshotAsync(cancellation).ConfigureAwait(false);
        var verifier = new AuditVerifier(db, identity);
        var entries = await verifier.WalkChainAsync(cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.Licenses, db.Licenses, row => row.Serial.ToString(), CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.UserCals, db.UserCals, row => row.Serial.ToString(), CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.Policy, db.Policy, row => $"{row.Id}", CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.BreakGlass, db.BreakGlass, row => $"{row.At.ToUnixTimeSeconds()}", CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(
            CanonicalContent.ClockConfirmations, db.ClockConfirmations, row => $"{row.Machine.ToUnixTimeSeconds()}", CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.Packs, db.Packs, row => row.PackId.ToString(), CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.Hosts, db.Hosts, row => row.HostId.ToString(), CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.HostGroups, db.HostGroups, row => row.Name, CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.Recoveries, db.Recoveries, LedgerBatch.NameOf, CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.Invitations, db.Invitations, Hosts.Invitations.NameOf, CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.Successions, db.Successions, row => row.Old, CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.Transfers, db.Transfers, row => row.TransferId.ToString(), CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.Receptions, db.Receptions, row => row.TransferId.ToString(), CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(CanonicalContent.Grace, db.GraceCopies, row => row.MachineId, CanonicalContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(AccountContent.Accounts, db.Accounts, row => row.AccountId.ToString(), AccountContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(AccountContent.Tokens, db.Tokens, row => row.TokenId.ToString(), AccountContent.Of, cancellation).ConfigureAwait(false);
        await verifier.CompareAsync(
            CanonicalContent.Identity, db.Identity.Where(row => row.Certificate != null), row => $"{row.Id}", CanonicalContent.Of, cancellation).ConfigureAwait(false);
        verifier.NameMissingRows();
        await verifier.CompareSeatsAsync(cancellation).ConfigureAwait(false);
        await verifier.CheckSignaturesAsync(cancellation).ConfigureAwait(false);
        var head = await db.Head.SingleOrDefaultAsync(cancellation).ConfigureAwait(false);
        return new(verifier._faults.Count == 0, entries, verifier._faults, Convert.ToHexStringLower(head?.Hash ?? []));
    }

    private async Task<long> WalkChainAsync(CancellationToken cancellation)
    {
        // What may stand before the next entry: after a fault, the hash that is stored and the one that should be, because either may be what was changed.
        List<byte[]> before = [AuditChain.Start()];
        long last = 0;
        long entries = 0;
        var joined = _db.Audit.OrderBy(entry => entry.Number).LeftJoin(_db.AuditDetails, entry => entry.Number, detail => detail.Number, (entry, detail) => new { entry, detail });
        await foreach (var pair in joined.AsAsyncEnumerable().WithCancellation(cancellation).ConfigureAwait(false))
        {
            var entry = pair.entry;
            entries++;
            var gap = entry.Number != last + 1;
            for (var missing = last + 1; missing < entry.Number; missing++)
                if (!Fault("audit", $"{missing}", "the entry is gone"))
                    break;

            // What comes before a gap is unknown, so the first entry after it is taken as it stands; the next one is held against it.
            var expected = before.ConvertAll(hash => AuditChain.Next(hash, entry.Number, entry.At.ToUnixTimeSeconds(), entry.Kind, entry.Table, entry.Row, entry.Commitment));
            before = [entry.Hash];
            if (!gap && !expected.Exists(hash => hash.AsSpan().SequenceEqual(entry.Hash)))
            {
                Fault("audit", $"{entry.Number}", "the entry does not fit the chain");
                before.AddRange(expected);
            }

            last = entry.Number;
            if (pair.detail is null)
                Fault("audit_details", $"{entry.Number}", "the detail is gone");
            else if (!AuditChain.Commit(pair.detail.Salt, pair.detail.By, pair.detail.Content).AsSpan().SequenceEqual(entry.Commitment))
                Fault("audit_details", $"{entry.Number}", "the detail is not what the entry committed to");
            if (entry.Kind == AccountContent.TokenRemoved)
                _newest.Remove((entry.Table, entry.Row));
            else
                _newest[(entry.Table, entry.Row)] = (entry.Number, pair.detail?.Content);
        }

        await CheckHeadAsync(last, before, cancellation).ConfigureAwait(false);
        return entries;
    }

    private async Task CheckHeadAsync(long last, List<byte[]> hashes, CancellationToken cancellation)
    {
        if (await _db.Head.SingleOrDefaultAsync(cancellation).ConfigureAwait(false) is not { } head)
        {
            Fault("ledger_head", "1", "the row is gone");
            return;
        }

        for (var missing = last + 1; missing <= head.Number; missing++)
            if (!Fault("audit", $"{missing}", "the entry is gone"))
                return;
        if (head.Number < last)
            Fault("ledger_head", "1", $"the head is at {head.Number}, the chain at {last}");
        else if (head.Number == last && !hashes.Exists(hash => head.Hash.AsSpan().SequenceEqual(hash)))
            Fault("ledger_head", "1", "the head's hash is not the chain's");
    }

    private async Task CompareAsync<T>(string table, IQueryable<T> rows, Func<T, string> keyOf, Func<T, byte[]> contentOf, CancellationToken cancellation)
        where T : class
    {
        await foreach (var row in rows.AsAsyncEnumerable().WithCancellation(cancellation).ConfigureAwait(false))
        {
            var key = keyOf(row);
            if (!_newest.Remove((table, key), out var entry))
                Fault(table, key, "no entry of the audit tells of the row");
            else if (entry.Content is not null && !contentOf(row).AsSpan().SequenceEqual(entry.Content))
                Fault(table, key, $"the row is not what entry {entry.Number} made it");
        }
    }

    // What is left has an entry and no row.
    private void NameMissingRows()
    {
        foreach (var ((table, row), entry) in _newest.OrderBy(pair => pair.Value.Number))
            Fault(table, row, $"the row of entry {entry.Number} is gone");
    }

    private async Task CompareSeatsAsync(CancellationToken cancellation)
    {
        var counted = await _db.Licenses.Where(license => license.Status == LicenseStatus.Live && license.Kind == LicenseKind.Permanent && license.PackId != null)
            .GroupBy(license => license.PackId!.Value).Select(group => new { PackId = group.Key, Count = group.Count() })
            .ToDictionaryAsync(group => group.PackId, group => group.Count, cancellation).ConfigureAwait(false);
        var users = await _db.UserCals.Where(cal => cal.State == UserCalState.Live && cal.PackId != null)
            .GroupBy(cal => cal.PackId!.Value).Select(group => new { PackId = group.Key, Count = group.Count() })
            .ToDictionaryAsync(group => group.PackId, group => group.Count, cancellation).ConfigureAwait(false);
        foreach (var pack in await _db.Packs.ToListAsync(cancellation).ConfigureAwait(false))
            if (counted.GetValueOrDefault(pack.PackId) + users.GetValueOrDefault(pack.PackId) is var count && count != pack.Issued)
                Fault(CanonicalContent.Packs, pack.PackId.ToString(), $"the pack says that {pack.Issued} seats are taken; {count} licenses hold one");
    }

    private async Task CheckSignaturesAsync(CancellationToken cancellation)
    {
        var signed = _db.Licenses.Where(license => license.Signature != null).Select(license => new { license.Serial, license.ToBeSigned, license.Signature });
        await foreach (var license in signed.AsAsyncEnumerable().WithCancellation(cancellation).ConfigureAwait(false))
            if (!_identity.HasEverSigned(license.ToBeSigned, license.Signature!))
                Fault(CanonicalContent.Licenses, license.Serial.ToString(), "the stored signature is not the license server's");
    }

    private bool Fault(string table, string row, string fault)
    {
        if (_faults.Count < MaxFaults)
            _faults.Add(new(table, row, fault));
        return _faults.Count < MaxFaults;
    }
}
