namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>
/// The real clock, which a test puts forward: real sockets go on by themselves, and timers that were made before fire when their time has
/// come on this clock.
/// </summary>
public sealed class SteppedTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<SteppedTimer> _timers = [];
    private TimeSpan _forward;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return base.GetUtcNow() + _forward;
    }

    public void Advance(TimeSpan by)
    {
        List<SteppedTimer> timers;
        lock (_lock)
        {
            _forward += by;
            timers = [.. _timers];
        }

        foreach (var timer in timers)
            timer.Forward(by);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SteppedTimer(this, callback, state, dueTime, period);
        lock (_lock)
            _timers.Add(timer);
        return timer;
    }

    private sealed class SteppedTimer : ITimer
    {
        private readonly SteppedTime _time;
        private readonly ITimer _inner;
        private readonly Lock _lock = new();
        private TimeSpan _period;
        private DateTimeOffset? _due;

        public SteppedTimer(SteppedTime time, TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _time = time;
            _inner = System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Change(dueTime, period);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_lock)
            {
                _period = period;
                _due = dueTime == Timeout.InfiniteTimeSpan ? null : System.GetUtcNow() + dueTime;
                return _inner.Change(dueTime, period);
            }
        }

        // One that fires again and again is left alone: what it does follows the clock.
        public void Forward(TimeSpan by)
        {
            lock (_lock)
            {
                if (_due is not { } due || _period != Timeout.InfiniteTimeSpan || due < System.GetUtcNow())
                    return;
                _due = due - by;
                var left = _due.Value - System.GetUtcNow();
                _inner.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, _period);
            }
        }

        public void Dispose()
        {
            lock (_time._lock)
                _time._timers.Remove(this);
            _inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
