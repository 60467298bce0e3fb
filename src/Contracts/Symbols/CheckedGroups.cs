namespace Ostiary.Contracts.Symbols;

/// <summary>
/// Groups of symbols, each followed by one check symbol that also covers the group's number.
/// The check symbol is the sum over GF(32) of g^(i+1) times the i-th data symbol, plus the group's number (from 1).
/// So every single wrong symbol, every swap of neighbours in a group and every swap of two groups is found at its group.
/// </summary>
public static class CheckedGroups
{
    /// <summary>The largest number of groups: a group's number is one symbol and never zero.</summary>
    public const int MaxGroups = 31;

    /// <summary>Adds the check symbols: <paramref name="data"/> holds a whole number of groups.</summary>
    public static byte[] AddChecks(ReadOnlySpan<byte> data, int dataPerGroup)
    {
        var groups = data.Length / dataPerGroup;
        if (groups > MaxGroups || groups * dataPerGroup != data.Length)
            throw new ArgumentOutOfRangeException(nameof(data), $"a whole number of at most {MaxGroups} groups of {dataPerGroup} symbols is needed");
        var all = new byte[groups * (dataPerGroup + 1)];
        for (var group = 0; group < groups; group++)
        {
            var symbols = data.Slice(group * dataPerGroup, dataPerGroup);
            var target = all.AsSpan(group * (dataPerGroup + 1), dataPerGroup + 1);
            symbols.CopyTo(target);
            target[dataPerGroup] = CheckSymbol(symbols, group + 1);
        }

        return all;
    }

    /// <summary>
    /// Checks and removes the check symbols.
    /// </summary>
    /// <param name="symbols">A whole number of groups, check symbols included.</param>
    /// <param name="dataPerGroup">Data symbols in a group.</param>
    /// <param name="data">The data symbols.</param>
    /// <param name="wrongGroup">When false is returned: the 1-based number of the first group whose check symbol does not fit.</param>
    public static bool TryRemoveChecks(ReadOnlySpan<byte> symbols, int dataPerGroup, out byte[] data, out int wrongGroup)
    {
        var groups = symbols.Length / (dataPerGroup + 1);
        data = new byte[groups * dataPerGroup];
        for (var group = 0; group < groups; group++)
        {
            var source = symbols.Slice(group * (dataPerGroup + 1), dataPerGroup + 1);
            source[..dataPerGroup].CopyTo(data.AsSpan(group * dataPerGroup));
            if (TryRemoveCheck(source, group + 1, out _, out _))
                continue;
            wrongGroup = group + 1;
            return false;
        }

        wrongGroup = 0;
        return groups * (dataPerGroup + 1) == symbols.Length;
    }

    /// <summary>Checks and removes the check symbol of one group.</summary>
    /// <param name="symbols">The group, its check symbol last.</param>
    /// <param name="number">The group's number, from 1.</param>
    /// <param name="data">The data symbols.</param>
    /// <param name="fits">The number for which the group would be right, 0 to 31; it says nothing when a symbol is wrong.</param>
    public static bool TryRemoveCheck(ReadOnlySpan<byte> symbols, int number, out byte[] data, out int fits)
    {
        data = symbols[..^1].ToArray();
        // The number is added to the check symbol, and adding it twice takes it away.
        fits = CheckSymbol(data, 0) ^ symbols[^1];
        return fits == number;
    }

    private static byte CheckSymbol(ReadOnlySpan<byte> data, int groupNumber)
    {
        var sum = (byte)groupNumber;
        for (var index = 0; index < data.Length; index++)
            sum ^= Gf32.Multiply(Gf32.Power(index + 1), data[index]);
        return sum;
    }
}
