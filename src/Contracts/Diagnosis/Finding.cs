namespace Ostiary.Contracts.Diagnosis;

/// <summary>How much a finding matters.</summary>
public enum Severity
{
    /// <summary>Nothing has to be done.</summary>
    Information,

    /// <summary>It works now, and will not for ever, or not for everybody.</summary>
    Warning,

    /// <summary>Somebody is refused, or would be, or something that must hold does not.</summary>
    Error,
}

/// <summary>One diagnosis: what is wrong, how one sees it, why it is so, and how to mend it. Made by <see cref="FindingKind.Found"/>.</summary>
/// <param name="Code">Stable code, e.g. <c>revocation-list-stale</c>; <see cref="FindingCatalogue"/> has each once.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Subject">What it is about: a role, an address, a file, a host.</param>
/// <param name="Evidence">One sentence with the values that show it.</param>
/// <param name="Cause">Why it is so.</param>
/// <param name="Fix">What to do.</param>
/// <param name="FixCommands">The exact commands, in their order. A word in capitals is what a person puts in its place. Empty where no command does it.</param>
public sealed record Finding(
    string Code, Severity Severity, string Subject, string Evidence, string Cause, string Fix, IReadOnlyList<string> FixCommands);
