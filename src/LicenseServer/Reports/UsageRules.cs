using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;

namespace Ostiary.LicenseServer.Reports;

/// <summary>What daily counts say of the days to come. Pure.</summary>
internal static class UsageRules
{
    /// <summary>With fewer days a rate says nothing.</summary>
    public const int FewestDays = 7;

    /// <summary>A run-out further away than this is not in sight.</summary>
    private const int InSight = 3_650;

    /// <param name="now">The counts of now.</param>
    /// <param name="days">Daily counts of this type and version, in their order.</param>
    /// <param name="ends">Ends of key packs of these that are to come, with the seats that end then.</param>
    /// <param name="today">Today.</param>
    public static UsageOutlook Outlook(CalCounts now, IReadOnlyList<UsageDay> days, IReadOnlyList<(DateOnly Day, int Seats)> ends, DateOnly today)
    {
        var busiest = days.Count == 0 ? now.Issued : Math.Max(now.Issued, days.Max(day => day.Issued));
        var rate = Rate(days);
        return new(
            now.Type, now.Version, now.Installed, now.Issued, now.Available, Math.Max(0, now.Installed - busiest), rate,
            RunsOut(now, rate ?? 0, ends, today), ends.Count == 0 ? null : ends.Min(end => end.Day));
    }

    /// <summary>CALs a day by which the issued ones grew: the slope of the straight line with the least squares.</summary>
    private static double? Rate(IReadOnlyList<UsageDay> days)
    {
        if (days.Count < FewestDays)
            return null;
        var (meanDay, meanIssued) = (days.Average(day => day.Day.DayNumber), days.Average(day => day.Issued));
        var spread = days.Sum(day => Math.Pow(day.Day.DayNumber - meanDay, 2));
        return days.Sum(day => (day.Day.DayNumber - meanDay) * (day.Issued - meanIssued)) / spread;
    }

    // Day by day from end to end of a pack: between two of them what is issued grows at its rate.
    private static DateOnly? RunsOut(CalCounts now, double rate, IReadOnlyList<(DateOnly Day, int Seats)> ends, DateOnly today)
    {
        if (now.Available <= 0)
            return now.Issued == 0 && now.Installed == 0 ? null : today;
        double installed = now.Installed;
        foreach (var (day, seats) in ends.OrderBy(end => end.Day))
        {
            if (Reached(installed) is { } before && before < day)
                return before;
            installed -= seats;
            if (now.Issued + rate * (day.DayNumber - today.DayNumber) >= installed)
                return day;
        }

        return Reached(installed);

        DateOnly? Reached(double seats)
            => rate <= 0 ? null : (seats - now.Issued) / rate is var wait && wait < InSight ? today.AddDays((int)Math.Ceiling(Math.Max(0, wait))) : null;
    }

    /// <summary>Which type covers what was used with fewer CALs; null where both do.</summary>
    public static CalType? Advice(int devices, int users)
        => devices < users ? CalType.Device : users < devices ? CalType.User : null;
}
