using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Telephone;

/// <summary>Where a publisher's telephone desk is called from a country.</summary>
/// <param name="Country">Two letters of ISO 3166-1, or <see cref="Elsewhere"/>.</param>
/// <param name="Number">As people read it, e.g. <c>+1 613 555 0100</c>.</param>
public sealed record TelephoneNumber(string Country, string Number)
{
    /// <summary>In the place of a country: all that have no number of their own.</summary>
    public const string Elsewhere = "*";

    /// <summary>Numbers that are kept of one publisher.</summary>
    public const int MostNumbers = 300;

    private const string Label = "Telephone ";
    private const int MostSymbols = 32;

    /// <summary>The country's name in English.</summary>
    public string Name => Country == Elsewhere ? "Elsewhere" : Countries.All.FirstOrDefault(country => country.Code == Country).Name ?? Country;

    /// <summary>For a <c>tel:</c> link (RFC 3966): digits and a plus sign.</summary>
    public string Dial => string.Concat(Number.Where(symbol => char.IsAsciiDigit(symbol) || symbol == '+'));

    /// <summary>By name, elsewhere last.</summary>
    public static IReadOnlyList<TelephoneNumber> Of(IReadOnlyDictionary<string, string> numbers)
        => [.. numbers.Select(pair => new TelephoneNumber(pair.Key, pair.Value)).OrderBy(number => number.Country == Elsewhere).ThenBy(number => number.Name, StringComparer.Ordinal)];

    /// <summary>What is wrong with it; null when it is right.</summary>
    public static string? Check(string country, string number)
    {
        if (country != Elsewhere && !Countries.IsKnown(country))
            return $"{country} is not two capital letters of ISO 3166-1, nor {Elsewhere} for elsewhere";
        return number.Length is > 0 and <= MostSymbols && number.Any(char.IsAsciiDigit) && number.All(symbol => char.IsAsciiDigit(symbol) || symbol is '+' or ' ' or '-' or '(' or ')')
            ? null
            : $"\"{number}\" is not a telephone number of at most {MostSymbols} digits, spaces, hyphens and parentheses";
    }

    /// <summary>Lines that may stand before the certificates in a PEM file (RFC 7468, section 2: text outside the encapsulation boundaries).</summary>
    public static string Write(IEnumerable<TelephoneNumber> numbers) => string.Concat(numbers.Select(number => $"{Label}{number.Country}: {number.Number}\n"));

    /// <summary>The numbers that stand in a PEM file; lines that are none are not looked at.</summary>
    public static IReadOnlyList<TelephoneNumber> Read(string pem)
    {
        var numbers = new List<TelephoneNumber>();
        foreach (var line in pem.Split('\n'))
        {
            if (!line.StartsWith(Label, StringComparison.Ordinal) || line.IndexOf(':', StringComparison.Ordinal) is not (> 0 and var colon) || numbers.Count >= MostNumbers)
                continue;
            var (country, number) = (line[Label.Length..colon].Trim(), line[(colon + 1)..].Trim());
            if (Check(country, number) is null)
                numbers.Add(new(country, number));
        }

        return numbers;
    }

    /// <summary>Those to be called from a country: its own, else elsewhere's; all of them where the country is not known.</summary>
    public static IReadOnlyList<TelephoneNumber> For(IReadOnlyList<TelephoneNumber> numbers, string? country)
        => numbers.Where(number => number.Country == country).ToList() is { Count: > 0 } own ? own
            : country is not null && numbers.Where(number => number.Country == Elsewhere).ToList() is { Count: > 0 } elsewhere ? elsewhere
            : numbers;
}
