using Ostiary.Contracts.Symbols;

namespace Ostiary.Contracts.Telephone;

/// <summary>
/// Bytes as groups to be read aloud and typed: each of 5 symbols of Crockford's alphabet, most significant bit first, and 1 check symbol that
/// also covers the group's number (<see cref="CheckedGroups"/>). Bits that fill the last group are zero. <c>docs/telephone.md</c> has test vectors.
/// </summary>
public sealed class SpokenForm
{
    public const int SymbolsPerGroup = DataPerGroup + 1;
    private const int DataPerGroup = 5;

    /// <summary>Characters of a group's text that are looked at; a longer one is wrong.</summary>
    private const int MaxTyped = 64;

    private readonly int _bytes;

    private SpokenForm(int groups, int bytes)
    {
        Groups = groups;
        _bytes = bytes;
    }

    /// <summary>An activation's request: 38 bytes.</summary>
    public static SpokenForm ActivationRequest { get; } = new(13, Activation.ActivationRequest.Length);

    /// <summary>An activation's answer: 71 bytes.</summary>
    public static SpokenForm ActivationAnswer { get; } = new(23, Activation.ActivationAnswer.Length);

    /// <summary>A key pack's answer: 73 bytes.</summary>
    public static SpokenForm KeyPackAnswer { get; } = new(24, Statements.KeyPackAnswer.Length);

    /// <summary>How many groups there are.</summary>
    public int Groups { get; }

    /// <summary>The groups of these bytes, in order.</summary>
    public IReadOnlyList<string> Write(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, _bytes);
        var symbols = CheckedGroups.AddChecks(Crockford.FromBits(bytes, Groups * DataPerGroup), DataPerGroup);
        return [.. Enumerable.Range(0, Groups).Select(group => Crockford.Write(symbols.AsSpan(group * SymbolsPerGroup, SymbolsPerGroup), SymbolsPerGroup))];
    }

    /// <summary>What is wrong with one group, fit to be shown while the next one is typed; null when it is right.</summary>
    /// <param name="number">The group's number, from 1.</param>
    /// <param name="text">What was typed: case and separators do not matter, O is 0, I and L are 1.</param>
    public string? Check(int number, string? text) => ReadGroup(number, text, out _);

    /// <summary>Reads groups that were typed.</summary>
    /// <param name="groups">One text a group, in order.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="errors">What is wrong, each naming its group; empty when true is returned.</param>
    public bool TryRead(IReadOnlyList<string> groups, out byte[] bytes, out IReadOnlyList<string> errors)
    {
        bytes = [];
        List<string> wrong = [];
        errors = wrong;
        if (groups.Count != Groups)
        {
            wrong.Add($"there are {Groups} groups of {SymbolsPerGroup} symbols; these are {groups.Count}");
            return false;
        }

        var symbols = new List<byte>(Groups * DataPerGroup);
        for (var number = 1; number <= Groups; number++)
            if (ReadGroup(number, groups[number - 1], out var data) is { } error)
                wrong.Add(error);
            else
                symbols.AddRange(data);
        if (wrong.Count > 0)
            return false;
        bytes = Crockford.ToBits([.. symbols])[.._bytes];
        return true;
    }

    /// <summary>Splits one text into groups: at line ends, commas and spaces where it has them as often as needed, else every 6 symbols.</summary>
    public IReadOnlyList<string> Split(string text)
    {
        var limit = Groups * SymbolsPerGroup * 4;
        var parts = (text.Length > limit ? text[..limit] : text).Split([' ', ',', ';', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == Groups)
            return parts;
        var together = string.Concat(parts).Replace("-", "", StringComparison.Ordinal);
        return [.. together.Chunk(SymbolsPerGroup).Select(group => new string(group))];
    }

    private string? ReadGroup(int number, string? text, out byte[] data)
    {
        data = [];
        if (string.IsNullOrWhiteSpace(text))
            return $"group {number} is missing";
        var position = SymbolsPerGroup + 1;
        if (text.Length > MaxTyped || !Crockford.TryRead(text, SymbolsPerGroup, out var symbols, out position))
            return position > SymbolsPerGroup
                ? $"group {number} has more than {SymbolsPerGroup} symbols"
                : $"group {number}: symbol {position} is not a letter or digit of the alphabet";
        if (symbols.Length != SymbolsPerGroup)
            return $"group {number} has {symbols.Length} symbols; it has {SymbolsPerGroup}";
        if (!CheckedGroups.TryRemoveCheck(symbols, number, out data, out var fits))
            return fits >= 1 && fits <= Groups
                ? $"group {number} has a wrong symbol, or is group {fits}"
                : $"group {number} has a wrong symbol";
        return number == Groups && Padding(data) != 0 ? $"group {number} has a wrong symbol" : null;
    }

    // The bits of the last group behind the bytes.
    private int Padding(byte[] lastGroup)
    {
        var value = lastGroup.Aggregate(0, (all, symbol) => (all << 5) | symbol);
        return value & ((1 << ((Groups * DataPerGroup * 5) - (_bytes * 8))) - 1);
    }
}
