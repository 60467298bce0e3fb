using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Symbols;

/// <summary>
/// License Server ID: 7 groups of 4 symbols and 1 check symbol, a 140-bit fingerprint of the license server's public key
/// (the first 140 bits of SHA-256 over its SubjectPublicKeyInfo).
/// </summary>
public sealed record LicenseServerId
{
    public const int Groups = 7;
    public const int DataPerGroup = 4;
    private const int SymbolCount = Groups * (DataPerGroup + 1);

    private LicenseServerId(string text) => Text = text;

    /// <summary>35 symbols in 7 groups, separated by hyphens.</summary>
    public string Text { get; }

    public static LicenseServerId Of(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        return Write(SHA256.HashData(subjectPublicKeyInfo));
    }

    /// <summary>The ID of a license server that is known by its key's fingerprint, of which the ID is the beginning.</summary>
    public static LicenseServerId Of(KeyFingerprint key) => Write(key.Bytes);

    private static LicenseServerId Write(byte[] hash)
    {
        var data = Crockford.FromBits(hash, Groups * DataPerGroup);
        return new(Crockford.Write(CheckedGroups.AddChecks(data, DataPerGroup), DataPerGroup + 1));
    }

    /// <summary>Reads an ID as a person types it.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="id">The ID in its one spelling.</param>
    /// <param name="error">What is wrong and where, fit to be shown.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out LicenseServerId? id, [NotNullWhen(false)] out string? error)
    {
        id = null;
        if (!Crockford.TryRead(text, SymbolCount, out var values, out var position))
            error = position > SymbolCount
                ? $"a License Server ID has {SymbolCount} symbols; this text has more"
                : $"symbol {position} (group {((position - 1) / (DataPerGroup + 1)) + 1}) is not a letter or digit of the alphabet";
        else if (values.Length != SymbolCount)
            error = $"a License Server ID has {SymbolCount} symbols; this text has {values.Length}";
        else if (!CheckedGroups.TryRemoveChecks(values, DataPerGroup, out _, out var group))
            error = $"group {group} has a wrong symbol";
        else
        {
            id = new(Crockford.Write(values, DataPerGroup + 1));
            error = null;
            return true;
        }

        return false;
    }

    /// <summary>What is wrong with one group, fit to be shown while the next one is typed; null when it is right.</summary>
    /// <param name="number">The group's number, 1 to 7.</param>
    /// <param name="text">What was typed.</param>
    public static string? CheckGroup(int number, string text)
    {
        if (text.Length == 0)
            return $"group {number} is missing";
        if (!Crockford.TryRead(text, DataPerGroup + 1, out var values, out var position))
            return position > DataPerGroup + 1 ? $"group {number} has more than {DataPerGroup + 1} symbols" : $"group {number}: symbol {position} is not a letter or digit of the alphabet";
        if (values.Length != DataPerGroup + 1)
            return $"group {number} has {values.Length} symbols; it has {DataPerGroup + 1}";
        if (CheckedGroups.TryRemoveCheck(values, number, out _, out var fits))
            return null;
        return fits is >= 1 and <= Groups ? $"group {number} has a wrong symbol, or is group {fits}" : $"group {number} has a wrong symbol";
    }

    public override string ToString() => Text;
}
