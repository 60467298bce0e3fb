namespace Ostiary.Contracts.Diagnosis;

/// <summary>Every finding that there is, each code once. <c>docs/findings.md</c> is this list as a page.</summary>
public static class FindingCatalogue
{
    /// <summary>In the page's order.</summary>
    public static IReadOnlyList<FindingKind> All { get; } = [.. HostFindings.All, .. LicenseServerFindings.All, .. OutsideFindings.All];

    /// <exception cref="KeyNotFoundException">There is no such code.</exception>
    public static FindingKind Of(string code) => All.FirstOrDefault(kind => kind.Code == code) ?? throw new KeyNotFoundException($"{code} is not in the catalogue");
}
