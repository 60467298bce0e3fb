using System.Text.RegularExpressions;

namespace Ostiary.Contracts.Symbols;

/// <summary>Product keys in a text: one that was typed, several, or a whole e-mail.</summary>
public static partial class ProductKeyText
{
    /// <summary>Characters that are looked at.</summary>
    public const int MaxLength = 64 * 1024;

    /// <summary>Keys that are taken from one text.</summary>
    public const int MostKeys = 100;

    /// <summary>What can only be meant as one key, and no prose around it.</summary>
    private const int OneKeyLength = 60;

    /// <param name="text">What was typed or pasted.</param>
    /// <returns>
    /// In the order of the text, each key once. Groups with hyphens are meant as a key, right or wrong; groups with spaces only where they are right, since five
    /// words of five letters look the same. A short text without either is read as one key, so that what is wrong with it can be said.
    /// </returns>
    public static IReadOnlyList<FoundProductKey> Find(string? text)
    {
        text ??= "";
        if (text.Length > MaxLength)
            return [new(null, new(ProductKeyFault.WrongLength, null, $"the text has {text.Length} characters; at most {MaxLength} are looked at"))];
        var found = new List<FoundProductKey>();
        foreach (Match match in Hyphens().Matches(text))
            Add(match.Value, mayBeProse: false);
        foreach (Match match in Spaces().Matches(text))
            Add(match.Value, mayBeProse: true);
        foreach (Match match in Bare().Matches(text))
            Add(match.Value, mayBeProse: true);
        if (found.Count == 0 && text.Trim() is { Length: > 0 and <= OneKeyLength } typed)
            Add(typed, mayBeProse: false);
        return found;

        void Add(string candidate, bool mayBeProse)
        {
            var isRight = ProductKey.TryParse(candidate, out var key, out var error);
            if (found.Count < MostKeys && (isRight ? found.All(other => other.Key?.Text != key!.Text) : !mayBeProse))
                found.Add(new(key, error));
        }
    }

    [GeneratedRegex(@"(?<![0-9A-Za-z-])[0-9A-Za-z]{4,6}(?:-[0-9A-Za-z]{4,6}){4}(?![0-9A-Za-z-])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Hyphens();

    [GeneratedRegex(@"(?<![0-9A-Za-z-])[0-9A-Za-z]{5}(?:[ \t]{1,2}[0-9A-Za-z]{5}){4}(?![0-9A-Za-z-])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Spaces();

    [GeneratedRegex(@"(?<![0-9A-Za-z-])[0-9A-Za-z]{25}(?![0-9A-Za-z-])", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Bare();
}

/// <summary>A product key, or what is wrong with what should be one.</summary>
public sealed record FoundProductKey(ProductKey? Key, ProductKeyError? Error)
{
    /// <summary>Says nothing: a product key is a secret.</summary>
    public override string ToString() => nameof(FoundProductKey);
}
