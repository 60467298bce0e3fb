using Microsoft.AspNetCore.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Telephone;

namespace Ostiary.Clearinghouse.Pages.Operators;

/// <summary>Groups that an operator types into numbered fields: the request of an activation, a License Server ID, a product key.</summary>
/// <param name="Kind">What the page and its script call it.</param>
/// <param name="Prefix">Of the fields' names; the group's number follows.</param>
/// <param name="Count">How many groups there are.</param>
internal sealed record DeskGroups(string Kind, string Prefix, int Count)
{
    /// <summary>Characters of one field that are looked at.</summary>
    private const int MaxTyped = 400;

    public static DeskGroups Activation { get; } = new("activation", "g", SpokenForm.ActivationRequest.Groups);

    public static DeskGroups Server { get; } = new("server", "s", LicenseServerId.Groups);

    public static DeskGroups Key { get; } = new("key", "k", ProductKey.Groups);

    public IReadOnlyList<string> Empty { get; } = [.. Enumerable.Repeat("", Count)];

    /// <exception cref="ProblemException">There is none of this kind.</exception>
    public static DeskGroups Of(string kind)
        => new[] { Activation, Server, Key }.FirstOrDefault(groups => groups.Kind == kind)
            ?? throw new ProblemException(LicensingProblem.InvalidField, "kind is activation, server or key", "kind");

    /// <summary>What was typed, by the groups' numbers.</summary>
    public IReadOnlyList<string> Read(IFormCollection form)
        => [.. Enumerable.Range(1, Count).Select(number => form[$"{Prefix}{number}"].ToString().Trim()).Select(text => text.Length > MaxTyped ? text[..MaxTyped] : text)];

    /// <summary>What is wrong, by field; a group that was not typed yet is none where <paramref name="all"/> is false.</summary>
    public Dictionary<string, string> Check(IReadOnlyList<string> groups, bool all)
    {
        var errors = new Dictionary<string, string>();
        for (var number = 1; number <= Count; number++)
            if ((all || groups[number - 1].Length > 0) && CheckOne(number, groups[number - 1]) is { } error)
                errors[$"{Prefix}{number}"] = error;
        // A product key's check symbols cover all of it.
        if (this == Key && errors.Count == 0 && groups.All(group => group.Length > 0) && !ProductKey.TryParse(string.Concat(groups), out _, out var wrong))
            errors[$"{Prefix}{(wrong.Position is { } position ? ((position - 1) / ProductKey.GroupLength) + 1 : 1)}"] = wrong.Message;
        return errors;
    }

    private string? CheckOne(int number, string group) => Kind switch
    {
        "activation" => SpokenForm.ActivationRequest.Check(number, group),
        "server" => LicenseServerId.CheckGroup(number, group),
        _ => ProductKey.CheckGroup(number, group),
    };
}
