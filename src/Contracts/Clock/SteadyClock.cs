namespace Ostiary.Contracts.Clock;

/// <summary>
/// What time it is for rules, on hosts and license servers. The machine's clock counts as long as it moves by no more than <see cref="Leap"/> between
/// two looks, which are a minute apart at most while a role runs. What leaps further is not believed until the next server up or an administrator
/// confirms it: time goes on from where it was, so that nothing ends by a leap and nothing is won by setting the clock back.
/// Only the time of day is its own; timers are the machine's.
/// </summary>
/// <param name="machine">The machine's clock.</param>
/// <param name="kept">The latest time that was seen before; null at the first start.</param>
public sealed class SteadyClock(TimeProvider machine, DateTimeOffset? kept) : TimeProvider
{
    /// <summary>The furthest that the machine's clock moves unconfirmed.</summary>
    public static readonly TimeSpan Leap = TimeSpan.FromHours(24);

    private readonly Lock _lock = new();
    private TimeSpan _offset;
    private DateTimeOffset _seen = kept ?? machine.GetUtcNow();
    private DateTimeOffset? _leapt;

    public override TimeZoneInfo LocalTimeZone => machine.LocalTimeZone;

    public override long TimestampFrequency => machine.TimestampFrequency;

    /// <summary>The machine's own word.</summary>
    public DateTimeOffset Machine => machine.GetUtcNow();

    /// <summary>Where the machine's clock leapt to, while that is not confirmed; null when it is believed.</summary>
    public DateTimeOffset? Unconfirmed
    {
        get
        {
            lock (_lock)
            {
                Look();
                return _leapt is null ? null : machine.GetUtcNow();
            }
        }
    }

    /// <summary>What counts as now; never before what it was.</summary>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            Look();
            return _seen;
        }
    }

    public override long GetTimestamp() => machine.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => machine.CreateTimer(callback, state, dueTime, period);

    /// <summary>A signed time of the next server up: it counts, and the machine's clock only as far as it agrees.</summary>
    public void Confirm(DateTimeOffset told)
    {
        lock (_lock)
        {
            var now = machine.GetUtcNow();
            var differs = (now - told).Duration() > Leap;
            Take(differs ? now - told : TimeSpan.Zero);
            _leapt = differs ? now : null;
        }
    }

    /// <summary>An administrator says that the machine's clock is right.</summary>
    public void ConfirmByAdministrator()
    {
        lock (_lock)
            Take(TimeSpan.Zero);
    }

    /// <summary>A time that was certainly reached, e.g. the latest in the grace record.</summary>
    public void Reached(DateTimeOffset time)
    {
        lock (_lock)
        {
            Look();
            if (time <= _seen)
                return;
            _offset -= time - _seen;
            _seen = time;
        }
    }

    private void Take(TimeSpan offset)
    {
        (_offset, _leapt) = (offset, null);
        _seen = machine.GetUtcNow() - offset;
    }

    private void Look()
    {
        var now = machine.GetUtcNow();
        var moved = now - _offset - _seen;
        if (moved.Duration() > Leap)
        {
            _leapt = now;
            _offset = now - _seen;
        }
        else if (moved > TimeSpan.Zero)
        {
            _seen += moved;
        }
    }
}
