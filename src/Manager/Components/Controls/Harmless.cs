using System.Globalization;
using System.Text;

namespace Ostiary.Manager.Components.Controls;

/// <summary>
/// Texts from RDP clients, hosts and people as a page shows them. The renderer writes every text as text; here control, direction and invisible characters,
/// with which a name could pass for another, become visible, and long names get an end.
/// </summary>
internal static class Harmless
{
    private const int MostShown = 120;

    public static string Text(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return "–";
        var runes = text.EnumerateRunes().Take(MostShown + 1).ToList();
        var shown = string.Concat(runes.Take(MostShown).Select(Shown));
        return runes.Count > MostShown ? shown + "…" : shown;
    }

    /// <summary>A text that must not be cut, e.g. a command; whoever made it has seen to its length.</summary>
    public static string Whole(string text) => string.Concat(text.EnumerateRunes().Select(Shown));

    public static string Time(DateTimeOffset? time) => time is { } at ? at.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture) : "–";

    public static string Day(DateTimeOffset? time) => time is { } at ? at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : "–";

    /// <summary>So many of a thing.</summary>
    public static string Count(int count, string thing) => string.Create(CultureInfo.InvariantCulture, $"{count} {thing}{(count == 1 ? "" : "s")}");

    /// <summary>A sentence of its own.</summary>
    public static string Sentence(string text) => text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..] + (text[^1] is '.' or '?' or '!' ? "" : ".");

    private static string Shown(Rune rune) => IsSeen(rune) ? rune.ToString() : $"\\u{rune.Value:x4}";

    private static bool IsSeen(Rune rune) => Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate);
}
