namespace Ostiary.SessionHost.Grace;

/// <summary>Where the grace period of this host stands.</summary>
internal abstract record GraceState
{
    private GraceState()
    {
    }

    /// <summary>Nobody has been admitted without a CAL yet: the next one starts it.</summary>
    public sealed record NotStarted : GraceState;

    /// <param name="Until">The first second after it.</param>
    /// <param name="DaysLeft">Whole days, rounded up; at least 1.</param>
    public sealed record Running(DateTimeOffset Until, int DaysLeft) : GraceState;

    /// <param name="At">When it ended.</param>
    /// <param name="Early">Because a CAL was granted for this host.</param>
    public sealed record Ended(DateTimeOffset At, bool Early) : GraceState;
}

/// <summary>The grace period: 120 days from the first non-administrative connection that was admitted without a CAL, once for a machine.</summary>
internal sealed class GracePeriod(TimeProvider time)
{
    private readonly Lock _one = new();
    private DateTimeOffset? _started;
    private DateTimeOffset? _ended;

    /// <summary>Where it stands now. NotStarted and Running admit (rows 6 and U5).</summary>
    public GraceState State
    {
        get
        {
            lock (_one)
            {
                if (_started is not { } started)
                    return new GraceState.NotStarted();
                var until = started.AddDays(Contracts.Statements.GraceRecordStatement.Days);
                if (_ended is { } ended)
                    return new GraceState.Ended(ended, Early: true);
                var now = time.GetUtcNow();
                return now < until ? new GraceState.Running(until, (int)Math.Ceiling((until - now).TotalDays)) : new GraceState.Ended(until, Early: false);
            }
        }
    }

    /// <summary>Somebody is about to be admitted by row 6 or U5: starts it, if it has not begun; the record is durable when this returns. Answers the state that admits, or Ended.</summary>
    public ValueTask<GraceState> UseAsync(CancellationToken cancellation)
    {
        lock (_one)
            _started ??= time.GetUtcNow();
        return ValueTask.FromResult(State);
    }

    /// <summary>A license server granted a permanent Device CAL or a User CAL for this host: ends it early, for good.</summary>
    public ValueTask CalGrantedAsync(CancellationToken cancellation)
    {
        lock (_one)
            _ended ??= time.GetUtcNow();
        return ValueTask.CompletedTask;
    }
}
