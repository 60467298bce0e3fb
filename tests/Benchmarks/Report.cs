using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Ostiary.Benchmarks;

/// <summary>One benchmark's table, as Markdown, and the raw values beneath it.</summary>
/// <param name="Name">Also the name of the raw data's file.</param>
/// <param name="Title">What was measured, with units.</param>
/// <param name="Columns">Headings.</param>
/// <param name="Rows">Cells.</param>
/// <param name="Raw">Every value that was measured, by series.</param>
internal sealed record Report(
    string Name, string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows, IReadOnlyDictionary<string, IReadOnlyList<double>> Raw)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public string Markdown()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"### {Title}\n\n| {string.Join(" | ", Columns)} |\n|{string.Concat(Columns.Select(_ => "---|"))}\n");
        foreach (var row in Rows)
            text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row)} |\n");
        return text.ToString();
    }

    public void SaveRaw(string folder)
        => File.WriteAllText(Path.Combine(Directory.CreateDirectory(folder).FullName, Name + ".json"), JsonSerializer.Serialize(Raw, Indented) + "\n");

    public static string Number(double value) => value.ToString(Math.Abs(value) >= 100 ? "#,0" : "0.##", CultureInfo.InvariantCulture);
}

/// <summary>Medians and percentiles.</summary>
internal static class Statistics
{
    public static double Median(IReadOnlyCollection<double> values) => Percentile(values, 0.5);

    public static double Percentile(IReadOnlyCollection<double> values, double fraction)
    {
        var sorted = values.Order().ToList();
        var place = fraction * (sorted.Count - 1);
        var below = (int)place;
        return below + 1 < sorted.Count ? sorted[below] + ((place - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
    }
}

/// <summary>Processor time and memory of another process, from /proc.</summary>
internal static class ProcessMeter
{
    private const double TicksPerSecond = 100;

    /// <summary>Seconds of user and system time.</summary>
    public static double CpuSeconds(int pid)
    {
        // proc(5): fields 14 and 15, counted after the name, which may hold blanks.
        var fields = File.ReadAllText($"/proc/{pid}/stat").Split(") ", 2)[1].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>Proportional set size, KiB.</summary>
    public static long ProportionalKib(int pid)
        => long.Parse(
            File.ReadLines($"/proc/{pid}/smaps_rollup").First(line => line.StartsWith("Pss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture);
}
