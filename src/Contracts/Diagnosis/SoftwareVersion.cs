namespace Ostiary.Contracts.Diagnosis;

/// <summary>The version of this software, by which roles on different machines are compared.</summary>
public static class SoftwareVersion
{
    /// <summary>Characters of a version that comes from elsewhere.</summary>
    public const int MaxLength = 64;

    /// <summary>Of this program, e.g. 0.1.0.</summary>
    public static string Own { get; } = typeof(SoftwareVersion).Assembly.GetName().Version is { } version ? $"{version.Major}.{version.Minor}.{version.Build}" : "0.0.0";

    /// <summary>Below zero where the first is older; only the first two numbers count, since those behind them change nothing between two processes. Zero where one is no version.</summary>
    public static int Compare(string one, string other)
        => Version.TryParse(one, out var first) && Version.TryParse(other, out var second) ? (first.Major, first.Minor).CompareTo((second.Major, second.Minor)) : 0;
}
