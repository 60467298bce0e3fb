using Ostiary.Contracts.Http;
using Ostiary.Contracts.Policy;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary>Values of policy for a person: what is in force, who said it, whom that overrode, and what does not count.</summary>
internal static class PolicyTable
{
    public static void Print(Screen screen, IReadOnlyList<EffectiveValue> values, IReadOnlyList<PolicyFault> faults)
    {
        screen.Table(
            values,
            "Nothing is said.",
            ("Policy", value => value.Name),
            ("Value", value => value.Value),
            ("Source", value => Source(value.Source, value.Origin)),
            ("Overrode", value => string.Join("; ", value.Overrode.Select(other => $"{other.Value} ({Source(other.Source, other.Origin)})"))));
        foreach (var fault in faults)
            screen.Line($"! {Screen.Harmless(fault.Origin)}{(fault.Field.Length == 0 ? "" : $", {Screen.Harmless(fault.Field)}")}: {Screen.Harmless(fault.Detail)}");
    }

    private static string Source(PolicySource source, string origin) => source == PolicySource.Default ? "default" : $"{KebabCase.Of(source)}: {origin}";
}
