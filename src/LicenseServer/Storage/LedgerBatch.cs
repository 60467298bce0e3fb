using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Hosts;

namespace Ostiary.LicenseServer.Storage;

/// <summary>
/// One transaction of the writer. What changes a row goes through here, so that row, seat and audit entry are written together.
/// </summary>
internal sealed partial class LedgerBatch(LedgerContext db, HotStatements hot, WorkingSet rows, HeadRow head, DateTimeOffset now, LedgerLimits limits)
{
    private const int ExpiredAtOnce = 1_000;

    private readonly HashSet<Guid> _hostsWithNewTemporaries = [];
    private List<Pack>? _packs;
    private bool _expired;

    /// <summary>To the second, the same for the whole batch.</summary>
    public DateTimeOffset Now => now;

    /// <summary>For tables that change rarely; what is added or changed there is saved before the commit.</summary>
    public LedgerContext Db => db;

    public WorkingSet Rows => rows;

    public LedgerLimits Limits => limits;

    /// <summary>Who asked for the work that is done now: it goes into every audit entry.</summary>
    public string Author { get; set; } = "";

    public long HeadNumber => head.Number;

    public byte[] HeadHash => head.Hash;

    /// <summary>The license server's certificates or what it knows of the publisher are others after this transaction.</summary>
    public bool IdentityChanged { get; private set; }

    /// <exception cref="ProblemException">No such host, another key, or it was removed.</exception>
    public JoinedHost Host(HostIdentity identity)
    {
        var host = HostCredential.RequireMember(rows.Host(identity.HostId), identity);
        host.Seen(now);
        return host;
    }

    /// <summary>A license that rare work is about.</summary>
    public License? License(CalSerial serial)
        => rows.BySerial(serial) as License ?? (db.Licenses.AsNoTracking().SingleOrDefault(row => row.Serial == serial) is { } license ? rows.Attach(license) : null);

    /// <summary>The live license of a device that is known by hardware id and name; null when it has none.</summary>
    public License? LiveOf(DeviceKey key)
        => rows.ByKey(key).OfType<License>().FirstOrDefault(license => license.Status == LicenseStatus.Live)
            ?? (db.Licenses.AsNoTracking().FirstOrDefault(row => row.DeviceKey == key && row.Status == LicenseStatus.Live) is { } stored
                && rows.Attach(stored) is { Status: LicenseStatus.Live } live ? live : null);

    /// <summary>All packs of Device CALs, with the seats of expired CALs given back.</summary>
    public IReadOnlyList<Pack> DevicePacks() => PacksOf(CalType.Device);

    /// <summary>All packs of User CALs, with the seats of expired CALs given back.</summary>
    public IReadOnlyList<Pack> UserPacks() => PacksOf(CalType.User);

    /// <summary>Whether seats of this type are installed, free or not.</summary>
    public bool HasInstalled(CalType type) => Packs().Exists(pack => pack.Type == type && pack.Installed(now) > 0);

    /// <summary>All packs that are not removed, of both types, revoked ones, too.</summary>
    public IReadOnlyList<Pack> InstalledPacks() => Packs().FindAll(pack => pack.RemovedAt is null);

    // Packs that were removed or revoked have no seats to give; they are kept for the CALs that still name them.
    private List<Pack> PacksOf(CalType type)
    {
        GiveBackSeats();
        return Packs().FindAll(pack => pack.Type == type && pack.RemovedAt is null && pack.RevokedAt is null);
    }

    private void GiveBackSeats()
    {
        // Once a batch is enough: its time stands still.
        if (!_expired)
            while (ExpireDue() >= ExpiredAtOnce)
            {
                // Many were due; the next ones follow in the same transaction.
            }

        _expired = true;
    }

    /// <summary>Expires up to 1,000 licenses and 1,000 User CALs that are past their end.</summary>
    /// <returns>How many there were.</returns>
    public int ExpireDue()
    {
        var due = db.Licenses.AsNoTracking().Where(license => license.Status == LicenseStatus.Live && license.NotAfter < now)
            .OrderBy(license => license.NotAfter).Take(ExpiredAtOnce).ToList();
        foreach (var license in due)
            if (rows.Attach(license) is { Status: LicenseStatus.Live } live)
                Expire(live);
        return due.Count + ExpireDueUserCals();
    }

    public void Expire(License license)
    {
        var tookSeat = license.TakesSeat;
        license.Expire(now);
        if (tookSeat)
            ReturnSeat(license);
        Record("license-expired", license);
    }

    public void Replace(License license)
    {
        var tookSeat = license.TakesSeat;
        license.Replace();
        if (tookSeat)
            ReturnSeat(license);
        Record("license-replaced", license);
    }

    /// <summary>The CAL is void, its seat is free, and the revocation list has another number.</summary>
    public void Revoke(License license, string reason, bool outsideLimit) => Revoke("license-revoked", license, () => license.Revoke(now, reason, outsideLimit));

    /// <summary>The same for a CAL that another one of its device stands for: the device is not refused for it.</summary>
    public void RevokeAsMerged(License license, string reason, bool outsideLimit)
        => Revoke("license-merged", license, () => license.RevokeAsMerged(now, reason, outsideLimit));

    /// <summary>The CAL takes its seat again; that one is free, the caller has checked.</summary>
    public void LiftRevocation(License license)
    {
        license.LiftRevocation(now);
        if (license.TakesSeat)
            Pack(license.PackId)?.TakeSeat(now);
        Record("license-revocation-lifted", license);
        ListChanged();
    }

    /// <summary>Hosts ask before they admit with it.</summary>
    public void DoubtUse(License license)
    {
        license.DoubtUse();
        Record("license-in-doubt", license);
        ListChanged();
    }

    /// <summary>Something odd was seen of a device. Not audited: it decides nothing but what an administrator looks at.</summary>
    public void Flag(Guid deviceId, DeviceFlags flags)
    {
        if (db.Flags.Find(deviceId) is not { } flagged)
            db.Add(flagged = new FlaggedDevice { DeviceId = deviceId });
        flagged.Flags |= flags;
    }

    /// <summary>All rows of a device.</summary>
    public IReadOnlyList<Cal> OfDevice(Guid deviceId)
    {
        foreach (var license in db.Licenses.AsNoTracking().Where(row => row.DeviceId == deviceId).ToList())
            rows.Attach(license);
        foreach (var temporary in db.Temporaries.AsNoTracking().Where(row => row.DeviceId == deviceId).ToList())
            rows.Add(temporary);
        return rows.OfDevice(deviceId);
    }

    /// <summary>The license is another device's from here on.</summary>
    public void Move(string kind, License license, Guid deviceId)
    {
        rows.Remove(license);
        license.DeviceId = deviceId;
        rows.Add(license);
        Record(kind, license);
    }

    /// <summary>What was just entered changes the revocation list.</summary>
    public void ListChanged() => head.ListNumber = head.Number;

    public void Add(string kind, License license)
    {
        Enter(kind, license);
        hot.Insert(license);
        rows.Add(license);
    }

    public void Record(string kind, License license)
    {
        Enter(kind, license);
        hot.Update(license);
    }

    public void Add(Temporary temporary)
    {
        hot.Insert(temporary);
        rows.Add(temporary);
        _hostsWithNewTemporaries.Add(temporary.HostId);
    }

    public void Remove(Temporary temporary)
    {
        hot.Delete(temporary);
        rows.Remove(temporary);
    }

    public void Answer(AnsweredRequest request)
    {
        hot.InsertOrReplace(request);
        rows.Add(request);
    }

    public void Touch(AnsweredRequest request, Cal? cal)
    {
        hot.Touch(request);
        if (cal is not null)
            hot.Touch(cal);
    }

    public void StoreSignature(CalSerial serial, byte[] signature, bool temporary) => hot.StoreSignature(serial, signature, temporary);

    /// <summary>Appends an entry for a row.</summary>
    /// <param name="kind">What happened.</param>
    /// <param name="table">The row's table.</param>
    /// <param name="row">The row's key.</param>
    /// <param name="content">Given the entry's number, sets it in the row and makes the row's canonical content.</param>
    public long Audit(string kind, string table, string row, Func<long, byte[]> content)
    {
        var number = head.Number + 1;
        var detail = new AuditDetail { Number = number, Salt = RandomNumberGenerator.GetBytes(AuditChain.SaltLength), By = Author, Content = content(number) };
        var commitment = AuditChain.Commit(detail.Salt, detail.By, detail.Content);
        var hash = AuditChain.Next(head.Hash, number, now.ToUnixTimeSeconds(), kind, table, row, commitment);
        hot.Insert(new AuditEntry { Number = number, At = now, Kind = kind, Table = table, Row = row, Commitment = commitment, Hash = hash });
        hot.Insert(detail);
        head.Number = number;
        head.Hash = hash;
        IdentityChanged |= table is CanonicalContent.Identity or CanonicalContent.Receptions;
        return number;
    }

    /// <summary>Writes what is not yet written. After it comes the commit.</summary>
    public void Finish(long numberBefore)
    {
        foreach (var host in _hostsWithNewTemporaries)
            hot.TrimTemporaries(host, limits.TemporariesPerHost);
        db.SaveChanges();
        // The time is written with what is written anyhow, and once a minute.
        if (head.Number == numberBefore && (now - head.SeenAt).Duration() < TimeSpan.FromMinutes(1))
            return;
        head.SeenAt = now;
        hot.Update(head);
    }

    private void Revoke(string kind, License license, Action revoke)
    {
        var tookSeat = license.TakesSeat;
        revoke();
        if (tookSeat)
            ReturnSeat(license);
        Record(kind, license);
        ListChanged();
    }

    private void Enter(string kind, License license)
        => Audit(kind, CanonicalContent.Licenses, license.Serial.ToString(), number =>
        {
            license.LedgerNumber = number;
            return CanonicalContent.Of(license);
        });

    private List<Pack> Packs() => _packs ??= db.Packs.AsTracking().ToList();

    private void ReturnSeat(License license) => Pack(license.PackId)?.ReturnSeat();

    /// <summary>A pack, while it is there: a CAL may outlive the row of its pack in a ledger that was put back from an older copy.</summary>
    public Pack? Pack(Guid? packId) => Packs().FirstOrDefault(pack => pack.PackId == packId);
}

/// <summary>What a batch takes from the options.</summary>
internal sealed record LedgerLimits(int MaxBatch, int QueueLength, int TemporariesPerHost, int RequestsPerHost, Policy.MachinePolicy MachinePolicy);
