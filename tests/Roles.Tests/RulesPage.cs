using System.Runtime.CompilerServices;
using Ostiary.Contracts.Http;
using Xunit;

namespace Ostiary.Roles.Tests;

/// <summary>docs/rules.md as data: its tables, found by the name of their first column.</summary>
internal static class RulesPage
{
    private static readonly string[] Page = File.ReadAllLines(PagePath());

    /// <summary>The table whose first column has this name, line by line.</summary>
    public static List<Dictionary<string, string>> Table(string firstColumn)
    {
        var start = Array.FindIndex(Page, line => Cells(line) is [var first, ..] && first == firstColumn);
        Assert.True(start >= 0, $"docs/rules.md has no table that begins with {firstColumn}");
        var columns = Cells(Page[start])!;
        return [.. Page.Skip(start + 2).Select(Cells).TakeWhile(cells => cells is not null).Select(cells => columns.Zip(cells!).ToDictionary(pair => pair.First, pair => pair.Second))];
    }

    /// <summary>The lines of a table as cases: the line's place, and its cells for whoever reads the result.</summary>
    public static TheoryData<int, string> Cases(string firstColumn)
    {
        var data = new TheoryData<int, string>();
        foreach (var (place, line) in Table(firstColumn).Index())
            data.Add(place, string.Join(" | ", line.Values));
        return data;
    }

    /// <summary>The values of a cell: those that it names, or all that there are where it says <c>any</c>.</summary>
    public static IEnumerable<string> Values(string cell, params string[] all) => cell == "any" ? all : cell.Split(',', StringSplitOptions.TrimEntries);

    /// <summary>Whether a cell takes a value: <c>any</c>, or one of several separated by commas.</summary>
    public static bool Has(string cell, string value) => cell == "any" || cell.Split(',', StringSplitOptions.TrimEntries).Contains(value);

    public static bool Has(string cell, bool value) => Has(cell, value ? "yes" : "no");

    public static T Parse<T>(string text)
        where T : struct, Enum
        => Enum.GetValues<T>().Single(value => KebabCase.Of(value) == text);

    private static string[]? Cells(string line)
        => line.StartsWith('|') ? [.. line.Trim('|', ' ').Split('|').Select(cell => cell.Trim())] : null;

    private static string PagePath([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../docs/rules.md"));
}
