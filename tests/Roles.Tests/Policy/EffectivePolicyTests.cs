using CsCheck;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Policy;
using Xunit;

namespace Ostiary.Roles.Tests.Policy;

/// <summary>One effective value, one winner.</summary>
public sealed class EffectivePolicyTests
{
    private static readonly PolicySourceValues Domain = new(PolicySource.Domain, "Registry.pol", new(LicensingMode: LicensingMode.PerUser));
    private static readonly PolicySourceValues Group = new(PolicySource.LicenseServer, "group kiosks", new(["ls1"], LicensingMode.PerDevice, Observe: true));
    private static readonly PolicySourceValues Local = new(PolicySource.LocalFile, "policy.json", new(["ls2"], Observe: false));
    private static readonly PolicySourceValues Default = new(PolicySource.Default, "default", PolicyCatalogue.Defaults);

    [Fact]
    public void The_first_source_wins_and_says_whom_it_overrode()
    {
        var policy = EffectivePolicy.Of([Default, Local, Domain, Group]);

        var mode = policy.Find("licensingMode")!;
        Assert.Equal(("per-user", PolicySource.Domain, "Registry.pol"), (mode.Value, mode.Source, mode.Origin));
        Assert.Equal([("per-device", PolicySource.LicenseServer), ("per-device", PolicySource.Default)], mode.Overrode.Select(other => (other.Value, other.Source)));
        Assert.Equal(("ls1", "group kiosks"), (policy.Find("licenseServers")!.Value, policy.Find("licenseServers")!.Origin));
        Assert.Equal(("true", PolicySource.LicenseServer), (policy.Find("observe")!.Value, policy.Find("observe")!.Source));
        Assert.Equal((LicensingMode.PerUser, true), (policy.Winners.LicensingMode!.Value, policy.Winners.Observe!.Value));
    }

    [Fact]
    public void What_nobody_says_anything_about_is_not_there()
    {
        Assert.Null(EffectivePolicy.Of([Domain]).Find("observe"));
        Assert.Empty(EffectivePolicy.Of([]).Values);
    }

    // For any sources, in any order: the value is that of the first kind that says something, and everybody else who says something is named once.
    [Fact]
    public void Whatever_the_sources_the_winner_is_the_first_that_says_something()
    {
        var values = Gen.Select(
            Gen.Int[0, 2].Select(n => n == 0 ? (bool?)null : n == 1), Gen.Int[0, 2].Select(n => n == 0 ? (LicensingMode?)null : (LicensingMode)(n - 1)), Gen.Int[0, 120],
            (observe, mode, days) => new PolicyValues(LicensingMode: mode, Observe: observe, GraceWarningDays: days > 60 ? null : days));
        Gen.Select(Gen.Enum<PolicySource>(), values, (source, said) => new PolicySourceValues(source, $"{source}", said)).List[0, 6].Sample(sources =>
        {
            var policy = EffectivePolicy.Of(sources);
            return PolicyCatalogue.All.All(definition =>
            {
                var saying = sources.Where(source => definition.Get(source.Values) is not null).ToList();
                var value = policy.Find(definition.Name);
                return saying.Count == 0
                    ? value is null && definition.Get(policy.Winners) is null
                    : value!.Source == saying.Min(source => source.Source) && value.Overrode.Count == saying.Count - 1
                        && value.Value == PolicyDefinition.Format(definition.Get(policy.Winners)!)
                        && value.Overrode.Zip(value.Overrode.Skip(1)).All(pair => pair.First.Source <= pair.Second.Source);
            });
        });
    }

    [Fact]
    public void A_policy_file_is_written_and_read_back()
    {
        PolicyValues values = new(["ls1:7402", "https://ls2.example.org"], LicensingMode.PerUser, true, false, 7, true, true, Ostiary.Contracts.Administration.UserOverUse.Track);

        var (read, faults) = PolicyFile.Read(PolicyFile.Write(values), "f");

        Assert.Equal(values with { LicenseServers = null }, read! with { LicenseServers = null });
        Assert.Equal(values.LicenseServers, read!.LicenseServers);
        Assert.Empty(faults);
    }

    [Theory]
    [InlineData("""{"observe":"yes","graceWarningDays":5}""", "observe")]
    [InlineData("""{"graceWarningDays":121.5,"observe":true}""", "graceWarningDays")]
    [InlineData("""{"licenseServers":["ls1",7],"observe":true}""", "licenseServers")]
    [InlineData("""{"licenseServers":["ls1,ls2"],"observe":true}""", "licenseServers")]
    [InlineData("""{"obsserve":true,"observe":true}""", "obsserve")]
    [InlineData("""{"licensingMode":"6","observe":true}""", "licensingMode")]
    public void In_a_policy_file_what_is_wrong_is_named_and_the_rest_counts(string file, string field)
    {
        var (values, faults) = PolicyFile.Read(System.Text.Encoding.UTF8.GetBytes(file), "/etc/ostiary/policy.json");

        Assert.Equal(("/etc/ostiary/policy.json", field), (Assert.Single(faults).Origin, faults[0].Field));
        Assert.False(values!.IsEmpty);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("\0")]
    public void A_policy_file_that_is_none_says_nothing_and_is_said_to_be_none(string file)
    {
        var (values, faults) = PolicyFile.Read(System.Text.Encoding.UTF8.GetBytes(file), "f");

        Assert.Null(values);
        Assert.Equal("", Assert.Single(faults).Field);
    }

    [Theory]
    [InlineData("ls1.example.org", "https://ls1.example.org:7402/", true)]
    [InlineData("LS1.example.org:7402", "https://ls1.example.org:7402/", true)]
    [InlineData("ls1.example.org:7403", "https://ls1.example.org:7402/", false)]
    [InlineData("https://192.0.2.7:7402/", "https://192.0.2.7:7402/", true)]
    [InlineData("2001:db8::7", "https://[2001:db8::7]:7402/", true)]
    [InlineData("[2001:db8::7]:7402", "https://[2001:db8::7]:7402/", true)]
    [InlineData("ls1", "https://ls1.example.org:7402/", false)]
    public void A_license_server_is_named_by_name_or_address_with_or_without_a_port(string name, string address, bool same)
    {
        Assert.True(LicenseServerName.IsRight(name));
        Assert.Equal(same, LicenseServerName.Names(name, new(address)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("http://ls1")]
    [InlineData("ls1:0")]
    [InlineData("ls1:65536")]
    [InlineData("ls1/path")]
    [InlineData("[2001:db8::7")]
    [InlineData("user@ls1")]
    public void What_names_no_host_is_no_license_server(string name) => Assert.False(LicenseServerName.IsRight(name));
}
