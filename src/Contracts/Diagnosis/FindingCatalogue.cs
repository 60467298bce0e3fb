namespace Ostiary.Contracts.Diagnosis;

/// <summary>Every finding that there is, each code once. <c>docs/findings.md</c> is this list as a page.</summary>
public static class FindingCatalogue
{
    /// <summary>In the page's order.</summary>
    public static IReadOnlyList<FindingKind> All { get; } = [.. HostFindings.All, .. LicenseServerFindings.All, .. OutsideFindings.All];

    /// <summary>What the labels of <see cref="FindingKind.Answers"/> stand for: messages (M), errors and remedies (S) and complaints (C) that administrators know of licensing elsewhere.</summary>
    public static IReadOnlyDictionary<string, string> Known { get; } = new Dictionary<string, string>
    {
        ["M1"] = "no problems",
        ["M2"] = "licenses are not available for this host",
        ["M3"] = "the licensing mode is not configured",
        ["M4"] = "grace is over and no license server is configured",
        ["M5"] = "grace is running and no license server is configured",
        ["M6"] = "a license server is not available",
        ["M7"] = "credentials for a license server are needed",
        ["M8"] = "the license server has no licenses of the host's type and version",
        ["M9"] = "the license server has no licenses left",
        ["M10"] = "the license server is not activated",
        ["M11"] = "the license server refuses this host",
        ["M12"] = "the license server is older than the host",
        ["M13"] = "the versions do not fit",
        ["M14"] = "the license server answers, and may not be valid",
        ["M15"] = "the license server may not write to the directory",
        ["M16"] = "per-user mode outside a domain",
        ["M17"] = "a certificate is the problem",
        ["M18"] = "several license servers that differ",
        ["S20"] = "the licensing mode must match the CALs",
        ["S45"] = "how many licenses are available",
        ["S47"] = "as many CALs as there are devices or people",
        ["S48"] = "the license server cannot be activated: connection error",
        ["S49"] = "remedy: test the way to the network",
        ["S50"] = "remedy: open the port to the clearinghouse",
        ["S51"] = "remedy: activate by web browser",
        ["S52"] = "remedy: activate by telephone",
        ["S53"] = "the grace period of 120 days",
        ["S54"] = "the grace period has expired and people cannot connect",
        ["S55"] = "remedy: buy and install CALs",
        ["S56"] = "the grace period cannot be extended or reset",
        ["S57"] = "remedy: name the license server to the host",
        ["S58"] = "remedy: diagnose again afterwards",
        ["S59"] = "remedy: restart the desktop services",
        ["S60"] = "no license server is available",
        ["S61"] = "remedy: see whether the role is installed",
        ["S62"] = "remedy: check license servers and mode",
        ["S63"] = "remedy: restart the licensing service",
        ["C1"] = "grace is said to be over though everything is right",
        ["C2"] = "one device takes several CALs",
        ["C4"] = "the mode is not configured though it was set",
        ["C5"] = "broken certificates and client stores",
        ["C6"] = "licenses are lost in a move, a rebuild or a restore",
        ["C7"] = "versions that do not fit one another",
        ["C8"] = "activation and installation fail",
        ["C9"] = "no second license server, or an empty one",
        ["C11"] = "licenses of those who left cannot be taken back",
        ["C12"] = "ports, discovery, servers that are gone",
        ["C13"] = "one mode a host, and mixed estates",
        ["C15"] = "diagnosis needs an administrator and stays vague",
    };

    /// <exception cref="KeyNotFoundException">There is no such code.</exception>
    public static FindingKind Of(string code) => All.FirstOrDefault(kind => kind.Code == code) ?? throw new KeyNotFoundException($"{code} is not in the catalogue");
}
