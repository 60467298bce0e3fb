using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>One license server that the host joined: its pinned key, the connection to it, whether it is silent, and the highest ledger number seen.</summary>
internal sealed partial class ServerLink : IDisposable
{
    /// <summary>A list that only got younger is written so often.</summary>
    private static readonly TimeSpan KeptEvery = TimeSpan.FromMinutes(5);

    private readonly Store _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly IReadOnlyList<X509Certificate2> _chain;
    private readonly ServerConnection _connection;
    private readonly string _certificate;
    private DateTimeOffset? _silentSince;
    private long _ledgerNumber;
    private LedgerHead? _head;
    private bool _wentBack;
    private volatile bool _wantsRenewal;
    private volatile RevocationListStatement? _revocations;

    public ServerLink(MembershipRow row, IEnumerable<PredecessorRow> predecessors, HostKey key, SessionHostOptions options, Store store, TimeProvider time, ILogger logger)
    {
        (_store, _time, _logger) = (store, time, logger);
        Fingerprint = KeyFingerprint.TryParse(row.Fingerprint, out var fingerprint) ? fingerprint : throw new InvalidDataException("a membership's fingerprint is damaged");
        Address = new(row.Address);
        Version = new(row.Version);
        HostId = row.HostId;
        Mode = (LicensingMode)row.Mode;
        (_certificate, _ledgerNumber) = (row.Certificate, row.LedgerNumber);
        if (row is { LedgerHash: { } hash, LedgerSignature: { } signature })
            _head = new(row.LedgerNumber, hash, signature);
        _chain = CertificateChain.FromPem(row.Certificate);
        Predecessors = [.. predecessors.Select(before => new FormerKey(before))];
        if (row.Root is not null)
            Know(PublisherTrust.Remembered(X509Certificate2.CreateFromPem(row.Root), row.Trust));
        _revocations = row.RevocationList is { } list ? Verified(list, RevocationListStatement.Decode) : null;
        _connection = new(Address, Fingerprint, _chain[1], _chain[0].CopyWithPrivateKey(key.Key), _chain.Skip(1), options.ConnectTime, time);
    }

    public KeyFingerprint Fingerprint { get; }

    public Uri Address { get; }

    /// <summary>This host's certificate there, and those above it.</summary>
    public IReadOnlyList<X509Certificate2> Chain => _chain;

    public CalVersion Version { get; }

    /// <summary>This host's number there.</summary>
    public Guid HostId { get; }

    public LicensingMode Mode { get; }

    public DateTimeOffset CertificateFrom => _chain[0].NotBefore.ToUniversalTime();

    public DateTimeOffset CertificateUntil => _chain[0].NotAfter.ToUniversalTime();

    /// <summary>Since when it does not answer; null when it does.</summary>
    public DateTimeOffset? SilentSince
    {
        get
        {
            lock (_lock)
                return _silentSince;
        }
    }

    /// <summary>
    /// A third of the certificate's life is left; the license server has issued what only an activated one issues and we know no root; or its own certificate
    /// does not hold any more, and it may have another.
    /// </summary>
    public bool WantsRenewal => _wantsRenewal || (_trust is not null && !_chainHolds) || CertificateUntil - _time.GetUtcNow() < (CertificateUntil - CertificateFrom) / 3;

    /// <summary>Whether the membership is the one that this link was made of.</summary>
    public bool IsOf(MembershipRow row, IReadOnlyCollection<PredecessorRow> predecessors)
        => predecessors.Count == Predecessors.Count && predecessors.All(before => Predecessors.Any(known => known.IsOf(before))) && row.Fingerprint == Fingerprint.Hex && row.Address == Address.AbsoluteUri && row.Certificate == _certificate && row.Root is null == _trust is null && row.Mode == (int)Mode;

    /// <summary>Asks for a CAL.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public async Task<DeviceCalAnswer> RequestDeviceCalAsync(DeviceCalRequest request, CancellationToken cancellation)
    {
        var answer = await CallAsync(api => api.RequestDeviceCalAsync(request, cancellation), cancellation).ConfigureAwait(false);
        Remember(answer.Head);
        if (answer is { Granted: null } and { Refused: null })
            throw new ProblemException(LicensingProblem.Unreachable, "the answer neither grants nor refuses");
        if (answer.Granted is { } granted)
            Check(granted);
        return answer;
    }

    /// <summary>Asks for a person's User CAL. The lease that comes with it is this server's, for this host and this person.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public async Task<UserCalAnswer> RequestUserCalAsync(UserCalRequest request, CancellationToken cancellation)
    {
        var answer = await CallAsync(api => api.RequestUserCalAsync(request, cancellation), cancellation).ConfigureAwait(false);
        Remember(answer.Head);
        if (answer is { Granted: null } and { Refused: null })
            throw new ProblemException(LicensingProblem.Unreachable, "the answer neither grants nor refuses");
        if (answer.Granted is { } granted && ReadLease(granted.Lease, request.User)?.Serial != granted.Serial)
            throw new ProblemException(LicensingProblem.SignatureInvalid, "the lease is not signed by the pinned key, or not for this host, person and CAL");
        return answer;
    }

    /// <summary>A lease that this server signed for this host and this person; null where it is anything else.</summary>
    public UserLeaseStatement? ReadLease(byte[] lease, UserClaim user) => ReadLease(lease, user, _chain[1], HostId);

    /// <summary>Likewise, of the license server's key of a time at which this host had this number there.</summary>
    public static UserLeaseStatement? ReadLease(byte[] lease, UserClaim user, X509Certificate2 licenseServer, Guid hostId)
    {
        using var key = licenseServer.GetECDsaPublicKey() ?? throw new InvalidDataException("a license server's key is P-256");
        if (!Statement.TryVerify(lease, key, out var payload))
            return null;
        try
        {
            var statement = UserLeaseStatement.Decode(payload);
            return statement.HostId == hostId && statement.UserDigest.AsSpan().SequenceEqual(UserLeaseStatement.DigestUser(hostId, user)) ? statement : null;
        }
        catch (CborContentException)
        {
            return null;
        }
    }

    /// <summary>A lower ledger number than before was shown, and no higher one since.</summary>
    public bool LedgerWentBack
    {
        get
        {
            lock (_lock)
                return _wentBack;
        }
    }

    /// <summary>Asks what it finds of this host.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public Task<HostDiagnosis> DiagnoseAsync(DiagnosisRequest request, CancellationToken cancellation)
        => CallAsync(api => api.DiagnoseAsync(request, cancellation), cancellation);

    /// <summary>Tells of a logon.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public async Task<ValidationAnswer> ValidateAsync(ValidationRequest request, CancellationToken cancellation)
    {
        var answer = await CallAsync(api => api.ValidateAsync(request, cancellation), cancellation).ConfigureAwait(false);
        Remember(answer.Head);
        return answer;
    }

    /// <summary>Asks for a new host certificate.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public Task<Membership> RenewAsync(CancellationToken cancellation) => CallAsync(api => api.RenewAsync(cancellation), cancellation);

    /// <summary>Asks what time it is, to the second.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public async Task<DateTimeOffset> AskTimeAsync(CancellationToken cancellation)
    {
        var nonce = RandomNumberGenerator.GetBytes(SignedTimeStatement.NonceLength);
        var answer = await CallAsync(api => api.TimeAsync(new(nonce), cancellation), cancellation).ConfigureAwait(false);
        var signed = Verified(answer.Statement, SignedTimeStatement.Decode);
        return signed.Nonce.AsSpan().SequenceEqual(nonce)
            ? signed.Now
            : throw new ProblemException(LicensingProblem.SignatureInvalid, "the signed time answers another question");
    }

    /// <summary>Gives it the grace record, or only asks; answers what it knows of this machine.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public async Task<byte[]?> KeepGraceAsync(byte[]? record, CancellationToken cancellation)
        => (await CallAsync(api => api.KeepGraceAsync(new(record), cancellation), cancellation).ConfigureAwait(false)).Record;

    /// <summary>Asks what it says to this host's group. A license server of before knows no groups.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public async Task<HostGroupPolicy> AskPolicyAsync(CancellationToken cancellation)
    {
        try
        {
            return await CallAsync(api => api.PolicyAsync(cancellation), cancellation).ConfigureAwait(false);
        }
        catch (ProblemException unknown) when (unknown.Problem == LicensingProblem.NotFound)
        {
            return new();
        }
    }

    /// <summary>It has answered with a lower ledger number than it had before.</summary>
    public bool WentBack
    {
        get
        {
            lock (_lock)
                return _wentBack;
        }
    }

    /// <summary>Shows it the newest head that was seen, and receipts; answers whether it wants (more of) them.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public async Task<bool> RecoverAsync(IReadOnlyList<Receipt> receipts, bool complete, CancellationToken cancellation)
    {
        LedgerHead? head;
        lock (_lock)
            head = _head;
        return (await CallAsync(api => api.RecoverAsync(new(head, receipts, complete), cancellation), cancellation).ConfigureAwait(false)).Wanted;
    }

    /// <summary>Reports sessions over its CALs.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public Task ReportAsync(SessionReport report, CancellationToken cancellation)
        => CallAsync(
            async api =>
            {
                await api.ReportSessionsAsync(report, cancellation).ConfigureAwait(false);
                return true;
            },
            cancellation);

    /// <summary>Tells it of sessions, refusals and this host.</summary>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public async Task TellAsync(HostReport report, CancellationToken cancellation)
    {
        // What is only shown decides nothing about whether it is there: a license server of an earlier version has no such route.
        await _connection.Api.TellAsync(report, cancellation).ConfigureAwait(false);
    }

    /// <summary>The newest revocation list seen; null when there was none.</summary>
    public RevocationListStatement? Revocations => _revocations;

    /// <summary>Fetches the revocation list: at once, or when it has changed.</summary>
    /// <param name="wait">Seconds, 0 to 60.</param>
    /// <param name="cancellation">To stop waiting.</param>
    /// <exception cref="ProblemException">It did not answer, or not well.</exception>
    public async Task PullRevocationsAsync(int wait, CancellationToken cancellation)
    {
        var known = _revocations;
        var answer = await CallAsync(api => api.RevocationsAsync(known?.Number ?? 0, wait, cancellation, TakenTrust, _trust is null ? null : TakenSuccessions ?? ""), cancellation).ConfigureAwait(false);
        var list = Verified(answer.List, RevocationListStatement.Decode);
        (_offeredTrust, _offeredSuccessions, _heard) = (answer.Trust, answer.Successions, true);
        if (known is not null && (list.Number < known.Number || list.IssuedAt < known.IssuedAt))
        {
            Log.RevocationsWentBack(_logger, Address.Authority, known.Number, list.Number);
            return;
        }

        _revocations = list;
        if (known is null || list.Number > known.Number || list.IssuedAt - known.IssuedAt > KeptEvery)
            _store.Offer(async db =>
            {
                if (await db.Memberships.FindAsync(Fingerprint.Hex).ConfigureAwait(false) is { } row)
                    row.RevocationList = answer.List;
            });
    }

    /// <summary>A link that takes the place of an earlier one to the same server keeps what that one knew.</summary>
    public void TakeOver(ServerLink earlier)
    {
        _revocations = earlier._revocations ?? _revocations;
        TakenTrust = earlier.TakenTrust;
        if (earlier.Fingerprint == Fingerprint)
            (_offeredSuccessions, TakenSuccessions, _heard) = (earlier._offeredSuccessions, earlier.TakenSuccessions, earlier._heard);
        lock (earlier._lock)
            // One that stands in the place of a lost one counts anew.
            if (earlier._ledgerNumber > _ledgerNumber && (earlier.Fingerprint == Fingerprint || Predecessors.All(before => before.Cause != SuccessionCause.Lost)))
                (_ledgerNumber, _head) = (earlier._ledgerNumber, earlier._head);
    }

    /// <summary>Opens the connection, and finds out whether it answers.</summary>
    public async Task ProbeAsync(TimeSpan within, CancellationToken stopping)
    {
        using var limit = new CancellationTokenSource(within, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, limit.Token);
        if (await _connection.AnswersAsync(either.Token).ConfigureAwait(false))
            Spoke();
        else if (!stopping.IsCancellationRequested)
            FellSilent();
    }

    public LicenseServerLink ToRecord()
    {
        lock (_lock)
            return new(Address.AbsoluteUri, Fingerprint.Hex, CertificateUntil, _ledgerNumber, _silentSince, _revocations?.Number, _revocations?.IssuedAt, SuccessionRecords());
    }

    /// <summary>It did not answer in the time that there was.</summary>
    public void FellSilent()
    {
        lock (_lock)
        {
            if (_silentSince is not null)
                return;
            _silentSince = _time.GetUtcNow();
        }

        Log.ServerSilent(_logger, Address.Authority);
    }

    public void Dispose()
    {
        _connection.Dispose();
        foreach (var certificate in _chain)
            certificate.Dispose();
    }

    private async Task<T> CallAsync<T>(Func<Contracts.Http.LicenseServerClient, Task<T>> call, CancellationToken cancellation)
    {
        try
        {
            var answer = await call(_connection.Api).ConfigureAwait(false);
            Spoke();
            return answer;
        }
        catch (ProblemException unreachable) when (unreachable.Problem == LicensingProblem.Unreachable && !cancellation.IsCancellationRequested)
        {
            FellSilent();
            throw;
        }
        catch (HttpRequestException broken)
        {
            FellSilent();
            throw new ProblemException(LicensingProblem.Unreachable, $"{Address} broke off: {broken.Message}");
        }
    }

    private void Spoke()
    {
        lock (_lock)
        {
            if (_silentSince is null)
                return;
            _silentSince = null;
        }

        Log.ServerBack(_logger, Address.Authority);
    }

    // Evidence: the highest number with the server's signature. A number that goes back is recorded by the server's own recovery; here it is said aloud.
    private void Remember(LedgerHead head)
    {
        using var key = _chain[1].GetECDsaPublicKey() ?? throw new InvalidDataException("a license server's key is P-256");
        if (head.Hash.Length != SHA256.HashSizeInBytes
            || !key.VerifyData(LedgerHead.ToBeSigned(head.Number, head.Hash), head.Signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "the ledger head's signature is not the pinned key's");
        lock (_lock)
        {
            if (head.Number < _ledgerNumber)
            {
                if (!_wentBack)
                    Log.LedgerWentBack(_logger, Address.Authority, _ledgerNumber, head.Number);
                _wentBack = true;
            }

            if (head.Number <= _ledgerNumber)
                return;
            (_ledgerNumber, _head, _wentBack) = (head.Number, head, false);
        }

        _store.Offer(async db =>
        {
            if (await db.Memberships.FindAsync(Fingerprint.Hex).ConfigureAwait(false) is { } row && row.LedgerNumber < head.Number)
                (row.LedgerNumber, row.LedgerHash, row.LedgerSignature) = (head.Number, head.Hash, head.Signature);
        });
    }

    // A statement with the pinned key's signature.
    private T Verified<T>(byte[] statement, Func<ReadOnlyMemory<byte>, T> decode)
    {
        using var key = _chain[1].GetECDsaPublicKey() ?? throw new InvalidDataException("a license server's key is P-256");
        if (!Statement.TryVerify(statement, key, out var payload))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "the statement's signature is not the pinned key's");
        try
        {
            return decode(payload);
        }
        catch (CborContentException malformed)
        {
            throw new ProblemException(LicensingProblem.Unreachable, $"the statement is not what this version understands: {malformed.Message}");
        }
    }

    private void Check(GrantedCal granted)
    {
        if (!granted.Temporary && _trust is null)
            _wantsRenewal = true;
        if (granted.Stored is not { } stored)
            return;
        if (!DeviceCal.TryRead(stored, out var cal))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "the CAL that it granted has not our form");
        using (cal)
            if (cal.LicenseServer != Fingerprint || cal.Serial != granted.Serial || cal.Data.Temporary != granted.Temporary)
                throw new ProblemException(LicensingProblem.SignatureInvalid, "the CAL that it granted is not its own, or not the one that it names");
    }
}
