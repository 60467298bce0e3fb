using System.Globalization;

namespace Ostiary.SessionHost.Clock;

/// <summary>
/// What time it is for rules and for grace. The machine's clock counts as long as it moves by no more than <see cref="Leap"/> between two
/// looks, which are a minute apart at most while the role runs. What leaps further is not believed until a license server's signed time or an
/// administrator confirms it: time goes on from where it was, so that nothing ends by a leap and nothing is won by setting the clock back.
/// The latest time seen is kept in the state directory.
/// </summary>
internal sealed class HostClock
{
    /// <summary>The furthest that the machine's clock moves unconfirmed.</summary>
    public static readonly TimeSpan Leap = TimeSpan.FromHours(24);

    private readonly TimeProvider _time;
    private readonly string _file;
    private readonly Lock _lock = new();
    private TimeSpan _offset;
    private DateTimeOffset _seen;
    private DateTimeOffset? _leapt;

    public HostClock(SessionHostOptions options, TimeProvider time)
    {
        (_time, _file) = (time, Path.Combine(options.StateDirectory, "clock"));
        _seen = File.Exists(_file) && DateTimeOffset.TryParse(File.ReadAllText(_file), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var kept)
            ? kept
            : time.GetUtcNow();
    }

    /// <summary>What counts as now; never before what it was.</summary>
    public DateTimeOffset Now
    {
        get
        {
            lock (_lock)
            {
                Look();
                return _seen;
            }
        }
    }

    /// <summary>Where the machine's clock leapt to, while that is not confirmed; null when it is believed.</summary>
    public DateTimeOffset? Unconfirmed
    {
        get
        {
            lock (_lock)
            {
                Look();
                return _leapt is null ? null : _time.GetUtcNow();
            }
        }
    }

    /// <summary>A license server's signed time: it counts, and the machine's clock only as far as it agrees.</summary>
    public void Confirm(DateTimeOffset signed)
    {
        lock (_lock)
        {
            var machine = _time.GetUtcNow();
            var differs = (machine - signed).Duration() > Leap;
            Take(differs ? machine - signed : TimeSpan.Zero);
            _leapt = differs ? machine : null;
        }

        Save();
    }

    /// <summary>An administrator says that the machine's clock is right.</summary>
    public void ConfirmByAdministrator()
    {
        lock (_lock)
            Take(TimeSpan.Zero);
        Save();
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

    /// <summary>Makes the latest time durable.</summary>
    public void Save() => PrivateFiles.Write(_file, Now.ToString("O", CultureInfo.InvariantCulture));

    private void Take(TimeSpan offset)
    {
        (_offset, _leapt) = (offset, null);
        _seen = _time.GetUtcNow() - offset;
    }

    private void Look()
    {
        var machine = _time.GetUtcNow();
        var moved = machine - _offset - _seen;
        if (moved.Duration() > Leap)
        {
            _leapt = machine;
            _offset = machine - _seen;
        }
        else if (moved > TimeSpan.Zero)
        {
            _seen += moved;
        }
    }
}
