namespace Ostiary.Contracts.Policy;

/// <summary>One effective value and one winner for each value of policy. Pure.</summary>
public sealed class EffectivePolicy
{
    private EffectivePolicy(IReadOnlyList<EffectiveValue> values, PolicyValues winners) => (Values, Winners) = (values, winners);

    /// <summary>Each value that somebody says something about, in the catalogue's order.</summary>
    public IReadOnlyList<EffectiveValue> Values { get; }

    /// <summary>The same as values.</summary>
    public PolicyValues Winners { get; }

    /// <summary>Merges. Of two sources of the same kind the one that stands first wins.</summary>
    /// <param name="sources">In any order of kinds.</param>
    public static EffectivePolicy Of(IEnumerable<PolicySourceValues> sources)
    {
        var ordered = sources.OrderBy(source => source.Source).ToList();
        var values = new List<EffectiveValue>();
        var winners = PolicyValues.None;
        foreach (var definition in PolicyCatalogue.All)
        {
            var said = ordered.Where(source => definition.Get(source.Values) is not null).ToList();
            if (said.Count == 0)
                continue;
            values.Add(new(definition.Name, Text(said[0]), said[0].Source, said[0].Origin, [.. said.Skip(1).Select(source => new OverriddenValue(Text(source), source.Source, source.Origin))]));
            winners = definition.Name == "licenseServers"
                ? winners with { LicenseServers = said[0].Values.LicenseServers }
                : definition.Read(winners, Text(said[0])) ?? throw new ArgumentException($"{said[0].Origin}: {definition.Name} is {definition.Limits}, not {Text(said[0])}", nameof(sources));

            string Text(PolicySourceValues source) => PolicyDefinition.Format(definition.Get(source.Values)!);
        }

        return new(values, winners);
    }

    /// <summary>The value of this name, e.g. for who shows it; null when nobody says anything about it.</summary>
    public EffectiveValue? Find(string name) => Values.FirstOrDefault(value => value.Name == name);
}

/// <summary>A value, who said it, and whom that overrode.</summary>
/// <param name="Name">The value's name.</param>
/// <param name="Value">It, as text.</param>
/// <param name="Source">The winner.</param>
/// <param name="Origin">Its file, group or setting.</param>
/// <param name="Overrode">What the others say, in order.</param>
public sealed record EffectiveValue(string Name, string Value, PolicySource Source, string Origin, IReadOnlyList<OverriddenValue> Overrode);

/// <summary>What a source said that did not win.</summary>
public sealed record OverriddenValue(string Value, PolicySource Source, string Origin);
