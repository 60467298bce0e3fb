using System.Collections.Concurrent;
using System.Net;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.SessionHost.Clock;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Rules;

namespace Ostiary.SessionHost.Licensing;

/// <summary>The CALs that sessions of this host use now, and what is to be reported of them.</summary>
internal sealed class CalsInUse
{
    /// <summary>Sessions that wait to be reported; beyond that a license server that was away for long learns of the running ones only.</summary>
    private const int MostWaiting = 10_000;

    private readonly ConcurrentDictionary<long, UsedCal> _running = new();
    private readonly ConcurrentQueue<UsedCal> _changed = new();

    public void Began(long session, string serial, KeyFingerprint server, IPAddress address, DateTimeOffset now)
    {
        var used = new UsedCal(server, new(session, serial, address.ToString(), now, null));
        _running[session] = used;
        Changed(used);
    }

    public void Ended(long session, DateTimeOffset now)
    {
        if (_running.TryRemove(session, out var used))
            Changed(used with { Session = used.Session with { EndedAt = now } });
    }

    /// <summary>Whether a session from another address uses this CAL now.</summary>
    public bool IsUsedElsewhere(string serial, IPAddress address)
        => _running.Values.Any(used => used.Session.Serial == serial && used.Session.Address != address.ToString());

    public IReadOnlyList<UsedCal> Running => [.. _running.Values];

    /// <summary>What began or ended since the last call.</summary>
    public IReadOnlyList<UsedCal> TakeChanged()
    {
        var taken = new List<UsedCal>();
        while (taken.Count < MostWaiting && _changed.TryDequeue(out var used))
            taken.Add(used);
        return taken;
    }

    private void Changed(UsedCal used)
    {
        if (_changed.Count < MostWaiting)
            _changed.Enqueue(used);
    }

    /// <param name="Server">Who issued the CAL.</param>
    /// <param name="Session">What it is told.</param>
    internal sealed record UsedCal(KeyFingerprint Server, ReportedSession Session)
    {
        /// <summary>Says nothing: addresses are personal data.</summary>
        public override string ToString() => nameof(UsedCal);
    }
}

/// <summary>Whether a CAL may be admitted without asking its issuer.</summary>
internal sealed class Revocations(Servers servers, CalsInUse inUse, HostClock clock)
{
    public Revocation Of(string? serial, KeyFingerprint? server, Guid? pack, IPAddress address)
    {
        if (serial is null || server is null)
            return Revocation.Clear;
        var list = ListOf(server);
        if (list is not null && list.Revoked.Contains(serial))
            return Revocation.Revoked;
        if ((list is not null && list.AskFirst.Contains(serial)) || IsOfRevokedPack(server, pack) || inUse.IsUsedElsewhere(serial, address))
            return Revocation.AskFirst;
        return list is not null && IsFresh(list.IssuedAt) ? Revocation.Clear : Revocation.ListStale;
    }

    /// <summary>Whether the issuer's list, of any age, says that the CAL is void.</summary>
    public bool IsRevoked(string serial, string server) => KeyFingerprint.TryParse(server, out var key) && ListOf(key)?.Revoked.Contains(serial) == true;

    public bool IsFresh(DateTimeOffset issuedAt) => clock.Now - issuedAt < Contracts.Statements.RevocationListStatement.Fresh;

    // Its license server gives it a seat of another pack where one is free; where there is none, it runs to its end.
    private bool IsOfRevokedPack(KeyFingerprint server, Guid? pack) => pack is { } named && servers.LinkOf(server)?.Trust?.RevocationOf(named) is not null;

    private Contracts.Statements.RevocationListStatement? ListOf(KeyFingerprint server)
        => servers.LinkOf(server)?.Revocations;
}
