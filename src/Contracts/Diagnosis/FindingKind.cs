using System.Text;

namespace Ostiary.Contracts.Diagnosis;

/// <summary>Who looks for a finding.</summary>
[Flags]
public enum Finder
{
    None = 0,
    SessionHost = 1,
    LicenseServer = 2,

    /// <summary>The license server for the host that asks, at the hosts' door.</summary>
    LicenseServerForHost = 4,

    /// <summary>What only an outsider sees.</summary>
    Diagnoser = 8,
}

/// <summary>A code of the catalogue: what it means whenever it is found.</summary>
/// <param name="Code">Stable, kebab-case.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="FoundBy">Who looks for it.</param>
/// <param name="Meaning">One sentence for the catalogue's page.</param>
/// <param name="Cause">Why it is so; <c>{name}</c> stands for a value.</param>
/// <param name="Fix">What to do; <c>{name}</c> stands for a value.</param>
/// <param name="FixCommands">Exact commands; <c>{name}</c> stands for a value, which is quoted for a shell where that is needed.</param>
/// <param name="Answers">What it answers of the messages and remedies that administrators know (M, S) and of their complaints (C).</param>
public sealed record FindingKind(
    string Code, Severity Severity, Finder FoundBy, string Meaning, string Cause, string Fix, IReadOnlyList<string> FixCommands, params IReadOnlyList<string> Answers)
{
    private const int MaxSubject = 255;
    private const int MaxEvidence = 1000;
    private const string NeedNoQuotes = "-_./:@%+=,";

    /// <summary>The finding, with the values that its texts need.</summary>
    /// <exception cref="ArgumentException">A value is missing.</exception>
    public Finding Found(string subject, string evidence, params ReadOnlySpan<(string Name, string Value)> values)
    {
        var cause = Fill(Cause, values, value => value);
        var fix = Fill(Fix, values, value => value);
        var commands = new string[FixCommands.Count];
        for (var index = 0; index < commands.Length; index++)
            commands[index] = Fill(FixCommands[index], values, Quoted);
        return new(Code, Severity, Shortened(subject, MaxSubject), Shortened(evidence, MaxEvidence), cause, fix, commands);
    }

    // Names come from elsewhere: pasted into a shell, they are one word and nothing else.
    private static string Quoted(string value)
        => value.Length > 0 && value[0] != '-' && value.All(character => char.IsAsciiLetterOrDigit(character) || NeedNoQuotes.Contains(character, StringComparison.Ordinal))
            ? value
            : $"'{new string([.. value.Where(character => !char.IsControl(character))]).Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static string Fill(string template, ReadOnlySpan<(string Name, string Value)> values, Func<string, string> form)
    {
        var text = new StringBuilder(template.Length);
        var rest = template.AsSpan();
        for (var open = rest.IndexOf('{'); open >= 0; open = rest.IndexOf('{'))
        {
            var close = rest.IndexOf('}');
            var name = rest[(open + 1)..close];
            text.Append(rest[..open]).Append(form(ValueOf(name, values)));
            rest = rest[(close + 1)..];
        }

        return text.Append(rest).ToString();
    }

    private static string ValueOf(ReadOnlySpan<char> name, ReadOnlySpan<(string Name, string Value)> values)
    {
        foreach (var (known, value) in values)
            if (name.SequenceEqual(known))
                return value;
        throw new ArgumentException($"the text needs a value for {name}", nameof(values));
    }

    private static string Shortened(string text, int most) => text.Length <= most ? text : string.Concat(text.AsSpan(0, most - 1), "…");
}
