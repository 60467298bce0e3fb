using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ostiary.Contracts.Catalogue;

/// <summary>
/// A rung of the version ladder. A CAL serves hosts of its own or an older version.
/// The ladder is catalogue data: a new rung is a new line in <see cref="All"/>.
/// </summary>
/// <param name="Year">The name of the version, e.g. 2022. It is also what documents carry.</param>
[JsonConverter(typeof(CalVersionJsonConverter))]
public readonly record struct CalVersion(int Year) : IComparable<CalVersion>
{
    /// <summary>Oldest first. The position, counted from 1, is the version's code in a product key (6 bits).</summary>
    public static IReadOnlyList<CalVersion> All { get; } = [new(2016), new(2019), new(2022), new(2025)];

    public static CalVersion Newest => All[^1];

    /// <summary>The 6-bit code of a product key: 1 for the oldest version, 0 for a version that the ladder does not hold.</summary>
    public int Code => IndexOf(this) + 1;

    /// <summary>True when the ladder holds this version; a version that it does not hold is a finding, never a match.</summary>
    public bool IsKnown => IndexOf(this) >= 0;

    public static bool TryFromCode(int code, out CalVersion version)
    {
        version = code >= 1 && code <= All.Count ? All[code - 1] : default;
        return version != default;
    }

    public static bool TryParse(string? text, out CalVersion version)
    {
        version = int.TryParse(text, out var year) ? new(year) : default;
        return version.IsKnown;
    }

    /// <summary>Whether a CAL of this version serves a host of <paramref name="host"/>. Unknown versions serve nothing.</summary>
    public bool Serves(CalVersion host) => IsKnown && host.IsKnown && Year >= host.Year;

    public int CompareTo(CalVersion other) => Year.CompareTo(other.Year);

    public static bool operator <(CalVersion left, CalVersion right) => left.CompareTo(right) < 0;

    public static bool operator >(CalVersion left, CalVersion right) => left.CompareTo(right) > 0;

    public static bool operator <=(CalVersion left, CalVersion right) => left.CompareTo(right) <= 0;

    public static bool operator >=(CalVersion left, CalVersion right) => left.CompareTo(right) >= 0;

    public override string ToString() => Year.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static int IndexOf(CalVersion version)
    {
        for (var index = 0; index < All.Count; index++)
            if (All[index].Year == version.Year)
                return index;
        return -1;
    }
}

/// <summary>Writes a version as its year.</summary>
internal sealed class CalVersionJsonConverter : JsonConverter<CalVersion>
{
    public override CalVersion Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        => new(reader.GetInt32());

    public override void Write(Utf8JsonWriter writer, CalVersion value, JsonSerializerOptions options)
        => writer.WriteNumberValue(value.Year);
}
