using Ostiary.Contracts.Diagnosis;
using Ostiary.Diagnoser;
using Xunit;

namespace Ostiary.Roles.Tests.Diagnosis;

/// <summary>Each code of the catalogue: its fault is seeded, it and what follows from it is found and nothing else, and after what the fix says nothing is.</summary>
public sealed class FindingRulesTests
{
    private static readonly IReadOnlyList<SeededFault> Faults = [.. HostFaults.All, .. ServerFaults.All, .. ServerFaults.ForHost, .. OutsideFaults.All];

    public static TheoryData<int, string> Cases
    {
        get
        {
            var cases = new TheoryData<int, string>();
            for (var index = 0; index < Faults.Count; index++)
                cases.Add(index, Faults[index].Code);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_seeded_fault_is_found_and_gone_when_it_is_mended(int index, string code)
    {
        Assert.Equal(code, Faults[index].Code);
        Faults[index].IsFoundAndMended();
    }

    [Fact]
    public void Every_code_of_the_catalogue_has_a_seeded_fault()
    {
        Assert.Equal(FindingCatalogue.All.Select(kind => kind.Code).Order(StringComparer.Ordinal), Faults.Select(fault => fault.Code).Distinct().Order(StringComparer.Ordinal));
        Assert.True(FindingCatalogue.All.Count >= 60, $"{FindingCatalogue.All.Count} codes");
    }

    [Fact]
    public void What_is_well_has_no_finding()
    {
        Assert.Empty(Ostiary.SessionHost.Diagnosis.FindingRules.Find(HostFaults.Well));
        Assert.Empty(Ostiary.LicenseServer.Diagnosis.FindingRules.Find(ServerFaults.Well));
        Assert.Empty(Ostiary.LicenseServer.Diagnosis.FindingRules.For(ServerFaults.Host, ServerFaults.Pool));
        // A per-user host passes its clients, and shows its own certificate; of a host elsewhere nobody can tell.
        Assert.Empty(OutsideRules.Of(OutsideFaults.Seen(RdpProgress.PassesWithoutAsking), OutsideFaults.Seen(RdpProgress.Secured).Fingerprint));
        Assert.Empty(OutsideRules.Of(OutsideFaults.Seen(RdpProgress.PassesWithoutAsking), null));
    }

    [Fact]
    public void A_license_server_says_to_a_host_nothing_of_other_hosts()
    {
        var words = FindingCatalogue.All.Where(kind => kind.FoundBy.HasFlag(Finder.LicenseServerForHost)).Select(kind => kind.Code).ToHashSet();

        Assert.All(ServerFaults.ForHost, fault => Assert.Contains(fault.Code, words));
        Assert.DoesNotContain(LicenseServerFindings.HostSilent.Code, words);
        Assert.DoesNotContain(LicenseServerFindings.DevicesFlagged.Code, words);
    }
}
