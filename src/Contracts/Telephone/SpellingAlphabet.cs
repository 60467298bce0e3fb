using Ostiary.Contracts.Symbols;

namespace Ostiary.Contracts.Telephone;

/// <summary>Symbols as words that are told apart on a bad line: the letters of the radiotelephony spelling alphabet (ICAO Annex 10), digits as they are.</summary>
public static class SpellingAlphabet
{
    private static readonly Dictionary<char, string> Words = new[]
    {
        "Alfa", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot", "Golf", "Hotel", "Juliett", "Kilo", "Mike", "November", "Papa", "Quebec", "Romeo", "Sierra", "Tango",
        "Victor", "Whiskey", "X-ray", "Yankee", "Zulu",
    }.ToDictionary(word => word[0]);

    /// <summary>Every letter of Crockford's alphabet with its word.</summary>
    public static IReadOnlyList<(char Letter, string Word)> All { get; } = [.. Crockford.Alphabet.Where(Words.ContainsKey).Select(letter => (letter, Words[letter]))];

    /// <summary>One group, e.g. <c>7 Kilo 3 Quebec Foxtrot 0</c>.</summary>
    public static string Spell(string group) => string.Join(' ', group.Select(symbol => Words.TryGetValue(symbol, out var word) ? word : symbol.ToString()));
}
