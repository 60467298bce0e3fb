using System.Diagnostics.CodeAnalysis;

namespace Ostiary.Contracts.Catalogue;

/// <summary>A license program: how CALs are bought, and what the buyer has in hand.</summary>
/// <param name="Name">As it stands in key packs and on the command line, e.g. <c>open-license</c>.</param>
/// <param name="Code">Its number on the telephone, 1 to 255; never given to another.</param>
/// <param name="Title">As people read it.</param>
/// <param name="Fields">What is typed beside type, version and quantity; empty where a product key says it all.</param>
public sealed record LicenseProgram(string Name, byte Code, string Title, IReadOnlyList<ProgramField> Fields)
{
    public static LicenseProgram Retail { get; } = new("retail", 1, "License Pack (Retail Purchase)", []);

    public static LicenseProgram Evaluation { get; } = new("evaluation", 2, "Evaluation", []);

    /// <summary>All of them, in the order in which they are offered.</summary>
    public static IReadOnlyList<LicenseProgram> All { get; } =
    [
        Retail,
        new("open-license", 3, "Open License", [new("Authorization number", 15, LettersToo: true), new("License number", 8)]),
        new("select", 4, "Select License", [ProgramField.Enrollment]),
        new("enterprise", 5, "Enterprise Agreement", [ProgramField.Enrollment]),
        new("campus", 6, "Campus Agreement", [ProgramField.Enrollment]),
        new("school", 7, "School Agreement", [ProgramField.Enrollment]),
        new("service-provider", 8, "Service Provider License Agreement", [ProgramField.Enrollment]),
        new("other", 9, "Other agreement", [new("Agreement number", 7)]),
        Evaluation,
    ];

    /// <summary>The program of this name, or null.</summary>
    public static LicenseProgram? Find(string? name) => All.FirstOrDefault(program => program.Name == name);

    /// <summary>The program of this number.</summary>
    public static bool TryFind(byte code, [NotNullWhen(true)] out LicenseProgram? program)
    {
        program = All.FirstOrDefault(other => other.Code == code);
        return program is not null;
    }

    /// <summary>Whether CALs of it are drawn from an agreement with numbers.</summary>
    public bool HasAgreements => Fields.Count > 0;

    /// <summary>Whether whoever knows an agreement's numbers has its papers: they are too long to be guessed.</summary>
    public bool NumbersAreSecret => Fields.Any(number => number is { LettersToo: true, Length: >= 15 });

    /// <summary>Reads numbers as people type them: spaces, hyphens and case do not matter.</summary>
    /// <param name="typed">One text a field.</param>
    /// <param name="numbers">In their one spelling.</param>
    /// <returns>What is wrong, naming the field; null when all is right.</returns>
    public string? Read(IReadOnlyList<string?> typed, out IReadOnlyList<string> numbers)
    {
        numbers = [];
        if (typed.Count != Fields.Count)
            return Fields.Count == 0 ? $"{Title} has no numbers" : $"{Title} has {string.Join(" and ", Fields.Select(field => field.Title))}; {typed.Count} numbers were given";
        var read = typed.Select(text => (text ?? "").Length > MaxTyped ? "" : string.Concat((text ?? "").Where(symbol => symbol is not (' ' or '-'))).ToUpperInvariant()).ToList();
        var wrong = Fields.Zip(read, (field, text) => field.Check(text)).FirstOrDefault(error => error is not null);
        if (wrong is null)
            numbers = read;
        return wrong;
    }

    private const int MaxTyped = 64;

    public override string ToString() => Name;
}

/// <summary>A number on a program's papers.</summary>
/// <param name="Title">As people read it.</param>
/// <param name="Length">Exactly so many symbols.</param>
/// <param name="LettersToo">Letters and digits; else digits only.</param>
public sealed record ProgramField(string Title, int Length, bool LettersToo = false)
{
    public static ProgramField Enrollment { get; } = new("Enrollment number", 7);

    /// <summary>What is wrong with what was typed; null when it is right. Spaces and hyphens are taken away before.</summary>
    public string? Check(string typed)
        => typed.Length == Length && typed.All(symbol => char.IsAsciiDigit(symbol) || (LettersToo && char.IsAsciiLetterUpper(symbol)))
            ? null
            : $"{Title} has {Length} {(LettersToo ? "letters and digits" : "digits")}";
}
