using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.LicenseServer.Reports;
using Xunit;

namespace Ostiary.Roles.Tests.Reports;

/// <summary>When CALs run out, by the counts of the days before.</summary>
public sealed class UsageRulesTests
{
    private static readonly DateOnly Today = new(2026, 3, 2);
    private static readonly CalVersion Version = new(2022);

    [Theory]
    // Issued of the last days; installed; ends of packs as DAYS:SEATS; when they run out, in days; by how many a day they grow.
    [InlineData("1 2 3 4 5 6 7", 10, "", 3, 1.0)]
    [InlineData("5 5 5 5 5 5 5", 10, "", null, 0.0)]
    [InlineData("7 6 5 4 3 2 1", 10, "", null, -1.0)]
    [InlineData("1 2 3", 10, "", null, null)]
    [InlineData("5 5 5 5 5 5 5", 10, "20:4", null, 0.0)]
    [InlineData("5 5 5 5 5 5 5", 10, "20:5", 20, 0.0)]
    [InlineData("1 2 3 4 5 6 7", 10, "2:2", 2, 1.0)]
    [InlineData("1 2 3 4 5 6 7", 20, "5:8", 5, 1.0)]
    [InlineData("1 2 3 4 5 6 7", 20, "4:2", 11, 1.0)]
    [InlineData("4 5 6 7 8 9 10", 10, "", 0, 1.0)]
    [InlineData("8 9 10 11 12 13 14", 10, "", 0, 1.0)]
    [InlineData("0 0 0 0 0 0 0", 0, "", null, 0.0)]
    public void CALs_run_out_when_the_straight_line_of_the_days_before_meets_what_is_installed(string issued, int installed, string ends, int? inDays, double? perDay)
    {
        int[] counts = [.. issued.Split(' ').Select(int.Parse)];
        var days = counts.Select((count, index) => new UsageDay(Today.AddDays(index + 1 - counts.Length), CalType.Device, Version, installed, count, 0, 0)).ToList();
        var packs = ends.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(end => end.Split(':')).Select(end => (Today.AddDays(int.Parse(end[0])), int.Parse(end[1]))).ToList();

        var outlook = UsageRules.Outlook(new(CalType.Device, Version, installed, counts[^1], installed - counts[^1], 0, Math.Max(0, counts[^1] - installed)), days, packs, Today);

        Assert.Equal(inDays is { } wait ? Today.AddDays(wait) : null, outlook.RunsOutOn);
        Assert.Equal(perDay, outlook.PerDay is { } rate ? Math.Round(rate, 6) : null);
        Assert.Equal(Math.Max(0, installed - counts.Max()), outlook.Unused);
    }

    [Theory]
    [InlineData(5, 3, CalType.User)]
    [InlineData(3, 5, CalType.Device)]
    [InlineData(4, 4, null)]
    [InlineData(0, 0, null)]
    public void The_type_that_needs_fewer_is_the_better_one(int devices, int users, CalType? better) => Assert.Equal(better, UsageRules.Advice(devices, users));
}
