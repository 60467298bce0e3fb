using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Audit;

namespace Ostiary.LicenseServer.Storage;

/// <summary>
/// One transaction of the writer. What changes a row goes through here, so that row, seat and audit entry are written together.
/// </summary>
internal sealed class LedgerBatch(LedgerContext db, HotStatements hot, WorkingSet rows, HeadRow head, DateTimeOffset now, LedgerLimits limits)
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

    /// <exception cref="ProblemException">No such host, another key, or it was removed.</exception>
    public JoinedHost Host(HostIdentity identity)
    {
        if (rows.Host(identity.HostId) is not { RemovedAt: null } host || !CryptographicOperations.FixedTimeEquals(SHA256.HashData(host.PublicKey), identity.KeyHash))
            throw new ProblemException(LicensingProblem.HostNotJoined, "the session host is not, or no longer, a member of this license server; invite it and let it join again");
        host.Seen(now);
        return host;
    }

    /// <summary>All packs of Device CALs, with the seats of expired CALs given back.</summary>
    public IReadOnlyList<Pack> DevicePacks()
    {
        // Once a batch is enough: its time stands still.
        if (!_expired)
            while (ExpireDue() == ExpiredAtOnce)
            {
                // Many were due; the next ones follow in the same transaction.
            }

        _expired = true;
        return Packs();
    }

    /// <summary>Expires up to 1,000 licenses that are past their end.</summary>
    /// <returns>How many there were.</returns>
    public int ExpireDue()
    {
        var due = db.Licenses.AsNoTracking().Where(license => license.Status == LicenseStatus.Live && license.NotAfter < now)
            .OrderBy(license => license.NotAfter).Take(ExpiredAtOnce).ToList();
        foreach (var license in due)
            if (rows.Attach(license) is { Status: LicenseStatus.Live } live)
                Expire(live);
        return due.Count;
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
        return number;
    }

    /// <summary>Writes what is not yet written. After it comes the commit.</summary>
    public void Finish(long numberBefore)
    {
        foreach (var host in _hostsWithNewTemporaries)
            hot.TrimTemporaries(host, limits.TemporariesPerHost);
        db.SaveChanges();
        if (head.Number != numberBefore)
            hot.UpdateHead(head.Number, head.Hash);
    }

    private void Enter(string kind, License license)
        => Audit(kind, CanonicalContent.Licenses, license.Serial.ToString(), number =>
        {
            license.LedgerNumber = number;
            return CanonicalContent.Of(license);
        });

    private List<Pack> Packs() => _packs ??= db.Packs.AsTracking().Where(pack => pack.Type == CalType.Device).ToList();

    private void ReturnSeat(License license) => Pack(license.PackId)?.ReturnSeat();

    /// <summary>A pack, while it is there: a CAL may outlive the row of its pack in a ledger that was put back from an older copy.</summary>
    public Pack? Pack(Guid? packId) => Packs().FirstOrDefault(pack => pack.PackId == packId);
}

/// <summary>What a batch takes from the options.</summary>
internal sealed record LedgerLimits(int MaxBatch, int QueueLength, int TemporariesPerHost, int RequestsPerHost);
