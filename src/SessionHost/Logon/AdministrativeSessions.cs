using Ostiary.SessionHost.Gateway;
using Ostiary.SessionHost.Rules;

namespace Ostiary.SessionHost.Logon;

/// <summary>
/// The administrative sessions of row U1: at most two run, each from a proven administrator's logon to the end of its connection. Before
/// that logon a connection waits: strangers who wait take room from one another, never a slot.
/// </summary>
internal sealed class AdministrativeSessions(LogonRefusals refusals, TimeProvider time)
{
    public const int MostRunning = 2;

    public const int MostWaiting = 8;

    public static readonly TimeSpan WaitTime = TimeSpan.FromSeconds(60);

    private readonly Lock _lock = new();
    private readonly List<Waiting> _waiting = [];
    private readonly List<Slot> _slots = [];

    /// <summary>Whether a logon may turn out to be one for an administrative session.</summary>
    public bool AnyWaiting
    {
        get
        {
            lock (_lock)
                return _waiting.Count > 0;
        }
    }

    /// <summary>A connection is past licensing. One that asked for an administrative session begins to wait for its logon.</summary>
    public void Enter(LiveSession session)
    {
        if (!session.AdministrativeAsked)
            return;
        Waiting? displaced;
        lock (_lock)
        {
            displaced = _waiting.Find(other => other.Session.Address.Equals(session.Address)) ?? (_waiting.Count >= MostWaiting ? _waiting[0] : null);
            if (displaced is not null)
                Remove(displaced);
            var waiting = new Waiting(session);
            waiting.Timer = time.CreateTimer(_ => GiveUp(waiting), null, WaitTime, Timeout.InfiniteTimeSpan);
            _waiting.Add(waiting);
        }

        if (displaced is not null)
            Refuse(displaced, $"A newer connection took its place: one waits for a logon from one address, and {MostWaiting} in all.");
    }

    /// <summary>A connection is over: its slot is free.</summary>
    public void Leave(LiveSession session)
    {
        if (!session.AdministrativeAsked)
            return;
        lock (_lock)
        {
            EndWaiting(session);
            _slots.RemoveAll(slot => slot.Session == session);
        }
    }

    /// <summary>Whether this person could take a slot for this connection now.</summary>
    public bool IsFree(LiveSession session, uint uid)
    {
        lock (_lock)
            return _slots.Count < MostRunning || _slots.Exists(slot => slot.Session == session || slot.Uid == uid);
    }

    /// <summary>
    /// Takes a slot. Where none is free but one is this person's own, that connection is ended: xrdp would take its desktop away in any case,
    /// and an administrator whose connection broke is not kept out by it.
    /// </summary>
    public bool TryTake(LiveSession session, uint uid)
    {
        LiveSession? takenOver = null;
        lock (_lock)
        {
            _slots.RemoveAll(slot => slot.Session == session);
            if (_slots.Count >= MostRunning)
            {
                if (_slots.Find(slot => slot.Uid == uid) is not { } own)
                    return false;
                _slots.Remove(own);
                takenOver = own.Session;
            }

            _slots.Add(new(session, uid));
            EndWaiting(session);
        }

        takenOver?.End(SessionEndReason.TakenOver, null);
        return true;
    }

    /// <summary>
    /// The kernel has shown whose X server is behind a connection. One that asked for an administrative session and has no slot for this
    /// person gets it now, or is refused: true where the connection may go on.
    /// </summary>
    public async ValueTask<bool> ProveAsync(LiveSession session, AdmittedLogon logon)
    {
        if (!session.AdministrativeAsked || Holds(session, logon.Uid))
            return true;
        if (logon.Administrator && TryTake(session, logon.Uid))
            return true;
        var refused = await refusals.RefuseAsync(logon.Administrator ? LogonRefusal.SlotsInUse : LogonRefusal.NotAnAdministrator, logon.User, session).ConfigureAwait(false);
        Leave(session);
        if (!refused)
            return true;
        session.TryTie();
        return false;
    }

    private bool Holds(LiveSession session, uint uid)
    {
        lock (_lock)
            return _slots.Exists(slot => slot.Session == session && slot.Uid == uid);
    }

    private void GiveUp(Waiting waiting)
    {
        lock (_lock)
        {
            if (!_waiting.Contains(waiting))
                return;
            Remove(waiting);
        }

        Refuse(waiting, $"Nobody has logged on over it within {WaitTime.TotalSeconds:0} s, as far as the kernel shows.");
    }

    // Recording waits for nothing but a full queue, and never fails.
    private void Refuse(Waiting waiting, string detail) => _ = refusals.RefuseAsync(LogonRefusal.AdministrativeWaitOver(detail), null, waiting.Session).AsTask();

    private void EndWaiting(LiveSession session)
    {
        if (_waiting.Find(waiting => waiting.Session == session) is { } found)
            Remove(found);
    }

    private void Remove(Waiting waiting)
    {
        _waiting.Remove(waiting);
        waiting.Timer?.Dispose();
    }

    private sealed class Waiting(LiveSession session)
    {
        public LiveSession Session { get; } = session;

        public ITimer? Timer { get; set; }
    }

    private sealed record Slot(LiveSession Session, uint Uid);
}
