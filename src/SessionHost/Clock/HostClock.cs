using System.Globalization;
using Ostiary.Contracts.Clock;

namespace Ostiary.SessionHost.Clock;

/// <summary>What time it is for rules and for grace (see <see cref="SteadyClock"/>). The latest time seen is kept in the state directory.</summary>
internal sealed class HostClock
{
    private readonly SteadyClock _clock;
    private readonly string _file;

    public HostClock(SessionHostOptions options, TimeProvider time)
    {
        _file = Path.Combine(options.StateDirectory, "clock");
        _clock = new(time, File.Exists(_file) && DateTimeOffset.TryParse(File.ReadAllText(_file), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var kept) ? kept : null);
    }

    /// <summary>What counts as now; never before what it was.</summary>
    public DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>Where the machine's clock leapt to, while that is not confirmed; null when it is believed.</summary>
    public DateTimeOffset? Unconfirmed => _clock.Unconfirmed;

    /// <summary>A license server's signed time: it counts, and the machine's clock only as far as it agrees.</summary>
    public void Confirm(DateTimeOffset signed)
    {
        _clock.Confirm(signed);
        Save();
    }

    /// <summary>An administrator says that the machine's clock is right.</summary>
    public void ConfirmByAdministrator()
    {
        _clock.ConfirmByAdministrator();
        Save();
    }

    /// <summary>A time that was certainly reached, e.g. the latest in the grace record.</summary>
    public void Reached(DateTimeOffset time) => _clock.Reached(time);

    /// <summary>Makes the latest time durable.</summary>
    public void Save() => PrivateFiles.Write(_file, Now.ToString("O", CultureInfo.InvariantCulture));
}
