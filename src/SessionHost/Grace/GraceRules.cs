using Ostiary.Contracts.Statements;
using Ostiary.SessionHost.Rules;

namespace Ostiary.SessionHost.Grace;

/// <summary>The grace period as a rule: <c>docs/rules.md</c>, "Grace". Pure.</summary>
internal static class GraceRules
{
    /// <param name="record">Null: nobody has been admitted without a CAL, and none was granted.</param>
    /// <param name="now">What counts as now; the record's own latest time counts where it is later.</param>
    public static GraceState StateOf(GraceRecordStatement? record, DateTimeOffset now)
    {
        if (record is null)
            return new GraceState.NotStarted();
        if (now < record.HighWater)
            now = record.HighWater;
        if (record.EndedAt is { } ended && ended <= record.Until)
            return new GraceState.Ended(ended, Early: true);
        return now < record.Until
            ? new GraceState.Running(record.Until, (int)Math.Ceiling((record.Until - now).TotalDays))
            : new GraceState.Ended(record.Until, Early: false);
    }

    /// <summary>The first connection that is admitted without a CAL.</summary>
    public static GraceRecordStatement Start(string machineId, DateTimeOffset now) => new(machineId, Seconds(now), null, 0, [], Seconds(now), 1);

    /// <summary>A CAL was granted for this host: it is over for good, also where it had not begun.</summary>
    public static GraceRecordStatement End(GraceRecordStatement? record, string machineId, DateTimeOffset now)
        => Next(record ?? Start(machineId, now), now) with { EndedAt = Seconds(now) };

    /// <summary>A later time was seen.</summary>
    public static GraceRecordStatement Next(GraceRecordStatement record, DateTimeOffset now)
        => record with { Generation = record.Generation + 1, HighWater = now > record.HighWater ? Seconds(now) : record.HighWater };

    /// <summary>
    /// An extension: its days count from the end, or from now where the period has run out, so that ten days are ten days for whoever
    /// installs them late.
    /// </summary>
    public static GraceRecordStatement Extend(GraceRecordStatement record, GraceExtensionStatement extension, DateTimeOffset now)
    {
        var next = Next(record, now);
        var over = (int)Math.Max(0, Math.Ceiling((next.HighWater - record.Until).TotalDays));
        return next with { ExtensionDays = record.ExtensionDays + over + extension.Days, Extensions = [.. record.Extensions, extension.Id] };
    }

    /// <summary>
    /// What counts of the host's own record and the license server's copy: the one that began first; of the same period the one that knows
    /// more. An end and the latest time are never unlearned.
    /// </summary>
    public static GraceRecordStatement Merge(GraceRecordStatement? own, GraceRecordStatement copy)
    {
        if (own is null)
            return copy;
        var counts = own.StartedAt != copy.StartedAt
            ? own.StartedAt < copy.StartedAt ? own : copy
            : copy.Generation > own.Generation ? copy : own;
        return counts with
        {
            EndedAt = Earlier(own.EndedAt, copy.EndedAt),
            HighWater = own.HighWater > copy.HighWater ? own.HighWater : copy.HighWater,
            Generation = Math.Max(own.Generation, copy.Generation),
        };
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? one, DateTimeOffset? other)
        => one is null ? other : other is null ? one : one < other ? one : other;

    private static DateTimeOffset Seconds(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds());
}

/// <summary>The state as the device table names it.</summary>
internal static class GraceStandings
{
    public static GraceStanding Of(GraceState state) => state switch
    {
        GraceState.NotStarted => GraceStanding.NotStarted,
        GraceState.Running => GraceStanding.Running,
        _ => GraceStanding.Ended,
    };
}
