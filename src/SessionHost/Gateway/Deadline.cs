namespace Ostiary.SessionHost.Gateway;

/// <summary>
/// One connection's clock: one timer and one cancellation for all its phases, so that a read which is under way when a phase ends goes on
/// into the next one. The first reason to end is the one that counts.
/// </summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private SessionEndReason _whenOver;
    private SessionEndReason? _reason;

    public Deadline(TimeProvider time)
        => _timer = time.CreateTimer(_ => End(_whenOver), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Cancelled when the connection is to end.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Why; null while nothing has ended it.</summary>
    public SessionEndReason? Reason
    {
        get
        {
            lock (_lock)
                return _reason;
        }
    }

    /// <summary>Begins a phase.</summary>
    public void Enter(SessionEndReason whenOver, TimeSpan time)
    {
        _whenOver = whenOver;
        _timer.Change(time, Timeout.InfiniteTimeSpan);
    }

    /// <summary>From here on there is no limit.</summary>
    public void Leave() => _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Ends the connection, unless it is ending already.</summary>
    public void End(SessionEndReason reason)
    {
        lock (_lock)
        {
            if (_reason is not null)
                return;
            _reason = reason;
        }

        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The connection was over at the same moment.
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _source.Dispose();
    }
}
