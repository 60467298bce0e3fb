using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Clock;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Issuance;
using Ostiary.LicenseServer.Policy;

namespace Ostiary.LicenseServer.Storage;

/// <summary>
/// The ledger: what a license server does for session hosts, without HTTP. Each method waits for its commit; signing comes after it, in the caller's thread.
/// </summary>
internal sealed class Ledger : IAsyncDisposable
{
    private readonly LedgerWriter _writer;
    private readonly FileStream _lock;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _following;

    private Ledger(
        FileStream held, LedgerDatabase database, LicenseServerIdentity identity, SteadyClock clock, MachinePolicy policy, LedgerWriter writer, ILogger<LedgerWriter> log, Func<int>? drawPermanentDays)
    {
        Clock = clock;
        MachinePolicy = policy;
        _lock = held;
        Database = database;
        Identity = identity;
        _writer = writer;
        DrawPermanentDays = drawPermanentDays ?? (() => RandomNumberGenerator.GetInt32(IssuancePolicy.LeastPermanentDays, IssuancePolicy.MostPermanentDays + 1));
        _following = database.FollowAsync(FollowAsync, failure => Log.OtherNodesNotHeard(log, failure), _closing.Token);
    }

    public LedgerDatabase Database { get; }

    public LicenseServerIdentity Identity { get; }

    /// <summary>What time it is for everything that the license server does.</summary>
    public SteadyClock Clock { get; }

    /// <summary>What the policy files of this machine say.</summary>
    public MachinePolicy MachinePolicy { get; }

    /// <summary>Draws what a permanent CAL is good for: 52 to 89 days.</summary>
    public Func<int> DrawPermanentDays { get; }

    /// <summary>Done when the revocation list has got another number since this was read, or the certificates are others.</summary>
    public Task ListChanged => _writer.ListChanged;

    /// <summary>Opens the ledger of a state directory, or makes it.</summary>
    /// <param name="options">Checked already.</param>
    /// <param name="time">The machine's clock.</param>
    /// <param name="log">For the writer.</param>
    /// <param name="drawPermanentDays">Draws 52 to 89; null for the system's randomness.</param>
    /// <exception cref="IOException">Another license server runs on the directory, or its files do not belong together.</exception>
    public static Ledger Open(LicenseServerOptions options, TimeProvider time, ILogger<LedgerWriter> log, Func<int>? drawPermanentDays = null)
    {
        Directory.CreateDirectory(options.StateDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var held = Lock(options.StateDirectory);
        LedgerDatabase? database = null;
        LicenseServerIdentity? identity = null;
        try
        {
            database = LedgerDatabase.Of(options);
            var opened = database.Open(db => Begin(db, options, time));
            (identity, var clock) = opened;
            var policy = new MachinePolicy(options);
            var limits = new LedgerLimits(options.MaxBatch, options.QueueLength, options.TemporariesPerHost, options.RequestsPerHost, policy);
            return new(held, database, identity, clock, policy, new(database, identity, clock, limits, log), log, drawPermanentDays);
        }
        catch
        {
            identity?.Dispose();
            database?.DisposeAsync().AsTask().GetAwaiter().GetResult();
            held.Dispose();
            throw;
        }
    }

    /// <summary>A device needs a CAL: decides, commits, signs.</summary>
    public async Task<DeviceCalAnswer> RequestDeviceCalAsync(HostIdentity host, DeviceCalRequest request, CancellationToken cancellation)
    {
        var (outcome, position) = await CommitDeviceCalAsync(host, request, cancellation).ConfigureAwait(false);
        if (outcome.Cal is not { } cal)
            return new(null, outcome.Reason, outcome.Detail, position.Signed);
        var stored = outcome.Presented ? null : Stored(cal);
        CrashPoints.Reach(CrashPoints.AfterSign);
        var granted = new GrantedCal(cal.Serial.ToString(), cal.Version, cal is not License { Kind: LicenseKind.Permanent }, cal.NotBefore, cal.NotAfter, stored);
        return new(granted, null, outcome.Detail, position.Signed);
    }

    /// <summary>The same without the signatures: what the ledger alone does.</summary>
    public async Task<(DeviceCalOutcome Outcome, LedgerPosition Position)> CommitDeviceCalAsync(HostIdentity host, DeviceCalRequest request, CancellationToken cancellation)
    {
        var question = new DeviceCalQuestion(
            host, request.RequestId, HashOf(host, request), Convert.FromHexString(request.Device.HardwareId), request.Device.ClientName, ReadPresented(request.Presented),
            request.Device.Address, request.Pass, DrawPermanentDays());
        var committed = await _writer.SubmitAsync(new DeviceCalCommand(question, Identity), cancellation).ConfigureAwait(false);
        return (committed.Result, committed.Position);
    }

    /// <summary>A person logs on at a per-user host: decides, commits, signs the lease.</summary>
    public async Task<UserCalAnswer> RequestUserCalAsync(HostIdentity host, UserCalRequest request, CancellationToken cancellation)
    {
        var (outcome, position) = await CommitUserCalAsync(host, request, cancellation).ConfigureAwait(false);
        if (outcome.Serial is not { } serial)
            return new(null, outcome.Reason, outcome.Detail, position.Signed);
        var until = outcome.LeaseUntil < Identity.Current.Until ? outcome.LeaseUntil : Identity.Current.Until;
        // The lease begins where the CAL does: the same answer for the same row.
        var lease = new UserLeaseStatement(host.HostId, serial.ToString(), outcome.Version, UserLeaseStatement.DigestUser(host.HostId, request.User), outcome.AssignedAt, until);
        var signed = Identity.Key.SignStatement(lease.Encode());
        CrashPoints.Reach(CrashPoints.AfterSign);
        return new(new(serial.ToString(), outcome.Version, outcome.AssignedAt, outcome.ExpiresAt, outcome.OverUsed, signed), null, outcome.Detail, position.Signed);
    }

    /// <summary>The same without the signatures: what the ledger alone does.</summary>
    public async Task<(UserCalOutcome Outcome, LedgerPosition Position)> CommitUserCalAsync(HostIdentity host, UserCalRequest request, CancellationToken cancellation)
    {
        var question = new UserCalQuestion(host, request.RequestId, HashOf(host, request), request.User, request.Pass, ReadLease(host, request));
        var committed = await _writer.SubmitAsync(new UserCalCommand(question, Identity), cancellation).ConfigureAwait(false);
        return (committed.Result, committed.Position);
    }

    /// <summary>What a device would be answered now; nothing of it is kept.</summary>
    public Task<DeviceCalOutcome> RehearseAsync(HostIdentity host, byte[] hardwareId, string clientName, string address)
        => _writer.RehearseAsync(new DeviceCalCommand(
            new(host, Guid.NewGuid(), [], hardwareId, clientName, null, address, AskingPass.Any, DrawPermanentDays()), Identity));

    /// <summary>What a person would be answered now; nothing of it is kept.</summary>
    public Task<UserCalOutcome> RehearseAsync(HostIdentity host, UserClaim user)
        => _writer.RehearseAsync(new UserCalCommand(new(host, Guid.NewGuid(), [], user, AskingPass.Any, null), Identity));

    /// <summary>Somebody logged on over a temporary CAL.</summary>
    public async Task<ValidationAnswer> ValidateAsync(HostIdentity host, Guid requestId, CalSerial serial, string account, CancellationToken cancellation)
    {
        var hash = SHA256.HashData([.. "validation"u8, .. host.HostId.ToByteArray(), .. serial.ToBytes(), .. Encoding.UTF8.GetBytes(account)]);
        var committed = await _writer.SubmitAsync(new ValidationCommand(new(host, requestId, hash, serial, account)), cancellation).ConfigureAwait(false);
        return new(committed.Result, committed.Position.Signed);
    }

    /// <summary>Rare work, in the writer's order.</summary>
    public Task<Committed<T>> WorkAsync<T>(Func<LedgerBatch, T> work, CancellationToken cancellation)
        => _writer.SubmitAsync(new LedgerWork<T>(work), cancellation);

    /// <summary>Rare work that a host asked for.</summary>
    public Task<Committed<T>> WorkAsync<T>(HostIdentity host, Func<LedgerBatch, JoinedHost, T> work, CancellationToken cancellation)
        => _writer.SubmitAsync(new LedgerWork<T>(batch => work(batch, batch.Host(host)), needs => needs.Hosts.Add(host.HostId)), cancellation);

    /// <summary>The CAL as a client stores it. The signature is the stored one, or made now and kept.</summary>
    public byte[] Stored(Cal cal)
    {
        var (key, chain) = MakerOf(cal);
        if (cal.Signature is not { } signature)
        {
            signature = key?.SignCertificate(cal.ToBeSigned)
                ?? throw new ProblemException(LicensingProblem.RuleForbids, $"the signature of CAL {cal.Serial} was not kept, and the key that made it is gone; its device gets it anew when it asks");
            _writer.KeepSignature(cal.Serial, signature, cal is Temporary);
        }

        return [.. DeviceCal.WriteStored(CertificateFields.Assemble(cal.ToBeSigned, signature), []), .. chain];
    }

    /// <summary>The to-be-signed bytes of a CAL that a host kept a receipt of; null where neither this license server's key nor one before it has signed them.</summary>
    public byte[]? Prove(Receipt receipt, CalSerial serial)
    {
        var toBeSigned = Make(Identity.Current.Templates);
        if (Identity.Key.HasSigned(toBeSigned, receipt.Signature))
            return toBeSigned;
        foreach (var before in Identity.Current.Predecessors.Where(before => before.Proves))
            if (Make(before.Templates) is var made && before.HasSigned(made, receipt.Signature))
                return made;
        return null;

        byte[] Make(CalTemplates templates) => templates.Make(receipt.Version, receipt.PackId, Convert.FromHexString(receipt.HardwareId), serial, receipt.IssuedAt, receipt.ExpiresAt);
    }

    /// <summary>Whether a ledger head is of this license server, or of one in whose place it stands.</summary>
    public bool HasSigned(LedgerHead head)
    {
        var toBeSigned = LedgerHead.ToBeSigned(head.Number, head.Hash);
        return Identity.Key.HasSignedFixed(toBeSigned, head.Signature)
            || Identity.Current.Predecessors.Any(before => before.Proves && before.HasSignedFixed(toBeSigned, head.Signature));
    }

    /// <summary>The certificates are others now: CALs are made for them from here on.</summary>
    public void Recertify(IdentityRow row)
    {
        Identity.Replace(row);
        _writer.WakeHosts();
    }

    /// <summary>A succession, in a transaction of its own; the key that follows is in use before anything else is decided.</summary>
    public Task<Committed<(IdentityRow Identity, Predecessor Before)>> SucceedAsync(
        SigningKey next, Func<LedgerBatch, (IdentityRow Identity, Predecessor Before)> work, CancellationToken cancellation)
        => _writer.SubmitAsync(
            new AloneWork<(IdentityRow Identity, Predecessor Before)>(work, done =>
            {
                Identity.Succeed(done.Identity, next, done.Before);
                _writer.WakeHosts();
            }),
            cancellation);

    /// <summary>The keys of before are the same; what is said of them is not.</summary>
    public void Know(IReadOnlyList<Predecessor> predecessors)
    {
        Identity.Replace(predecessors);
        _writer.WakeHosts();
    }

    /// <summary>Key packs of another license server come, in a transaction of their own; its CALs are known before anything else is decided.</summary>
    public Task<Committed<Reception>> ReceiveAsync(Func<LedgerBatch, Reception> work, CancellationToken cancellation)
        => _writer.SubmitAsync(
            new AloneWork<Reception>(work, _ =>
            {
                using var db = Database.OpenReader();
                Identity.Receive(LicenseServerIdentity.SourcesOf(db));
            }),
            cancellation);

    // Decided before a succession and signed after it: by the key that it was made for.
    private (SigningKey? Key, byte[] ChainText) MakerOf(Cal cal)
    {
        var identity = Identity.Current;
        if (identity.Templates.IsMadeBy(cal))
            return (identity.Key, identity.ChainText);
        var maker = identity.Predecessors.LastOrDefault(before => before.Templates.IsMadeBy(cal, alone: true));
        return (maker?.Retired, maker?.ChainText ?? []);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(false);
        _closing.Dispose();
        await _writer.DisposeAsync().ConfigureAwait(false);
        await Database.DisposeAsync().ConfigureAwait(false);
        Identity.Dispose();
        await _lock.DisposeAsync().ConfigureAwait(false);
    }

    // What a first start makes, it makes alone among all nodes.
    private static (LicenseServerIdentity Identity, SteadyClock Clock) Begin(LedgerContext db, LicenseServerOptions options, TimeProvider time)
    {
        var head = db.Head.SingleOrDefault();
        var clock = new SteadyClock(time, head?.SeenAt);
        if (head is null)
        {
            db.Add(new HeadRow { Number = 0, Hash = Audit.AuditChain.Start(), SeenAt = clock.GetUtcNow() });
            db.SaveChanges();
        }

        return (LicenseServerIdentity.Open(options.KeyFile, db, clock), clock);
    }

    // Another node may have changed the identity or the revocation list: who waits for either looks again.
    private async Task FollowAsync()
    {
        await using (var db = Database.OpenReader())
        {
            Identity.Replace(await db.Identity.SingleAsync(_closing.Token).ConfigureAwait(false));
            Identity.Receive(LicenseServerIdentity.SourcesOf(db));
        }

        _writer.WakeHosts();
    }

    private PresentedCal? ReadPresented(byte[]? stored)
    {
        if (stored is null)
            return null;
        var identity = Identity.Current;
        if (PresentedLicense.TryReadOurs(stored, identity.Key.HasSigned, out var toBeSigned, out var serial))
            return new(serial, toBeSigned, stored);
        foreach (var before in identity.Predecessors.Concat(identity.Sources))
            if (PresentedLicense.TryReadOurs(stored, before.HasSigned, out toBeSigned, out serial))
                return new(serial, toBeSigned, stored, IsClaim: !before.Proves);
        return null;
    }

    private UserLeaseStatement? ReadLease(HostIdentity host, UserCalRequest request)
    {
        if (request.Lease is not { } lease)
            return null;
        var identity = Identity.Current;
        var payload = identity.Key.OpenStatement(lease);
        Predecessor? signer = null;
        foreach (var before in identity.Predecessors.Where(before => before.Proves))
            if (payload is null && (payload = before.OpenStatement(lease)) is not null)
                signer = before;
        if (payload is null)
            return null;
        try
        {
            var statement = UserLeaseStatement.Decode(payload);
            // A license server that is lost knew its hosts by other numbers.
            return (statement.HostId == host.HostId || signer is { Cause: SuccessionCause.Lost })
                && statement.UserDigest.AsSpan().SequenceEqual(UserLeaseStatement.DigestUser(statement.HostId, request.User)) ? statement : null;
        }
        catch (CborContentException)
        {
            return null;
        }
    }

    private static byte[] HashOf(HostIdentity host, DeviceCalRequest request)
    {
        // Length before each text: no two requests have the same bytes.
        using var stream = new MemoryStream(512);
        using var writer = new BinaryWriter(stream);
        writer.Write("device-cal");
        writer.Write(host.HostId.ToByteArray());
        writer.Write(request.Device.HardwareId.ToLowerInvariant());
        writer.Write(request.Device.ClientName);
        writer.Write(request.Device.UserName);
        writer.Write(request.Device.Address);
        writer.Write((int)request.Pass);
        writer.Write(request.Presented?.Length ?? -1);
        writer.Write(request.Presented ?? []);
        writer.Flush();
        return SHA256.HashData(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static byte[] HashOf(HostIdentity host, UserCalRequest request)
    {
        using var stream = new MemoryStream(256);
        using var writer = new BinaryWriter(stream);
        writer.Write("user-cal");
        writer.Write(host.HostId.ToByteArray());
        writer.Write(request.User.Name);
        writer.Write(request.User.Realm);
        writer.Write(request.User.StableId ?? "");
        writer.Write((int)request.Pass);
        writer.Write(request.Lease?.Length ?? -1);
        writer.Write(request.Lease ?? []);
        writer.Flush();
        return SHA256.HashData(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static FileStream Lock(string directory)
    {
        try
        {
            return new(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException taken)
        {
            throw new IOException($"another license server runs on {directory}, or its lock cannot be taken: {taken.Message}", taken);
        }
    }
}
