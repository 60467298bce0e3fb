using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>One license server that the host joined: its pinned key, the connection to it, whether it is silent, and the highest ledger number seen.</summary>
internal sealed class ServerLink : IDisposable
{
    private readonly Store _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly IReadOnlyList<X509Certificate2> _chain;
    private readonly ServerConnection _connection;
    private readonly string _certificate;
    private DateTimeOffset? _silentSince;
    private long _ledgerNumber;
    private volatile bool _wantsRenewal;

    public ServerLink(MembershipRow row, HostKey key, SessionHostOptions options, Store store, TimeProvider time, ILogger logger)
    {
        (_store, _time, _logger) = (store, time, logger);
        Fingerprint = KeyFingerprint.TryParse(row.Fingerprint, out var fingerprint) ? fingerprint : throw new InvalidDataException("a membership's fingerprint is damaged");
        Address = new(row.Address);
        Version = new(row.Version);
        Mode = (LicensingMode)row.Mode;
        (_certificate, _ledgerNumber) = (row.Certificate, row.LedgerNumber);
        _chain = CertificateChain.FromPem(row.Certificate);
        Root = row.Root is null ? null : X509Certificate2.CreateFromPem(row.Root);
        _connection = new(Address, Fingerprint, _chain[1], _chain[0].CopyWithPrivateKey(key.Key), _chain.Skip(1), options.ConnectTime, time);
    }

    public KeyFingerprint Fingerprint { get; }

    public Uri Address { get; }

    public CalVersion Version { get; }

    public LicensingMode Mode { get; }

    /// <summary>The published root; null while the license server is not activated, as far as this host knows.</summary>
    public X509Certificate2? Root { get; }

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

    /// <summary>A third of the certificate's life is left, or the license server has issued what only an activated one issues and we know no root.</summary>
    public bool WantsRenewal => _wantsRenewal || CertificateUntil - _time.GetUtcNow() < (CertificateUntil - CertificateFrom) / 3;

    /// <summary>Whether the membership is the one that this link was made of.</summary>
    public bool IsOf(MembershipRow row)
        => row.Fingerprint == Fingerprint.Hex && row.Address == Address.AbsoluteUri && row.Certificate == _certificate && row.Root is null == Root is null && row.Mode == (int)Mode;

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
            return new(Address.AbsoluteUri, Fingerprint.Hex, CertificateUntil, _ledgerNumber, _silentSince);
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
        Root?.Dispose();
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
                Log.LedgerWentBack(_logger, Address.Authority, _ledgerNumber, head.Number);
            if (head.Number <= _ledgerNumber)
                return;
            _ledgerNumber = head.Number;
        }

        _store.Offer(async db =>
        {
            if (await db.Memberships.FindAsync(Fingerprint.Hex).ConfigureAwait(false) is { } row && row.LedgerNumber < head.Number)
                (row.LedgerNumber, row.LedgerHash, row.LedgerSignature) = (head.Number, head.Hash, head.Signature);
        });
    }

    private void Check(GrantedCal granted)
    {
        if (!granted.Temporary && Root is null)
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
