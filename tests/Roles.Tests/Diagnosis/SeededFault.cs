using Ostiary.Contracts.Diagnosis;
using Xunit;

namespace Ostiary.Roles.Tests.Diagnosis;

/// <summary>One fault in facts that are otherwise well.</summary>
/// <param name="Code">What is to be found.</param>
/// <param name="Find">With the fault.</param>
/// <param name="FindMended">After what the fix says was done.</param>
/// <param name="Follows">What follows from it, and is found with it.</param>
/// <param name="Remains">What the fix brings, or leaves, e.g. that a mended pool is nearly empty.</param>
public sealed record SeededFault(string Code, Func<IReadOnlyList<Finding>> Find, Func<IReadOnlyList<Finding>> FindMended, string[]? Follows = null, string[]? Remains = null)
{
    public override string ToString() => Code;

    public void IsFoundAndMended()
    {
        var found = Find();
        Assert.Equal([Code, .. (Follows ?? []).Order(StringComparer.Ordinal)], found.Select(finding => finding.Code).Order(StringComparer.Ordinal).OrderByDescending(code => code == Code));
        var finding = found.Single(finding => finding.Code == Code);
        var kind = FindingCatalogue.Of(Code);
        Assert.Equal(kind.Severity, finding.Severity);
        Assert.NotEmpty(finding.FixCommands);
        Assert.All([finding.Subject, finding.Evidence, finding.Cause, finding.Fix, .. finding.FixCommands], text =>
        {
            Assert.False(string.IsNullOrWhiteSpace(text));
            Assert.DoesNotContain('{', text);
        });
        Assert.Equal((Remains ?? []).Order(StringComparer.Ordinal), FindMended().Select(left => left.Code).Order(StringComparer.Ordinal));
    }
}
