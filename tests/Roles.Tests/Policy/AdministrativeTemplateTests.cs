using System.Runtime.CompilerServices;
using System.Xml.Linq;
using Ostiary.Contracts.Policy;
using Xunit;

namespace Ostiary.Roles.Tests.Policy;

/// <summary>The templates with which a domain's administrators see our policies: they say what our reader knows, no more and no less.</summary>
public sealed class AdministrativeTemplateTests
{
    private static readonly XNamespace Ns = "http://schemas.microsoft.com/GroupPolicy/2006/07/PolicyDefinitions";
    private static readonly XElement Admx = XDocument.Load(Path.Combine(Folder(), "Ostiary.admx")).Root!;
    private static readonly XElement Adml = XDocument.Load(Path.Combine(Folder(), "en-US", "Ostiary.adml")).Root!;

    private static IEnumerable<XElement> All => Admx.Element(Ns + "policies")!.Elements(Ns + "policy");

    [Fact]
    public void Every_policy_is_one_that_our_reader_knows_and_none_is_missing()
    {
        Assert.Equal(PolicyCatalogue.All.Select(definition => definition.ValueName).Order(StringComparer.Ordinal), All.Select(ValueName).Order(StringComparer.Ordinal));
        Assert.All(All, policy => Assert.Equal((DomainPolicy.Key, "Machine"), ((string?)policy.Attribute("key"), (string?)policy.Attribute("class"))));
        Assert.Equal("Ostiary.Policies", (string?)Admx.Element(Ns + "policyNamespaces")!.Element(Ns + "target")!.Attribute("namespace"));
    }

    [Fact]
    public void Every_string_that_is_named_is_there_and_every_one_that_is_there_is_named()
    {
        var strings = Adml.Descendants(Ns + "string").Select(text => (string)text.Attribute("id")!).ToList();
        var named = Admx.DescendantsAndSelf().Attributes().Select(attribute => attribute.Value)
            .Where(value => value.StartsWith("$(string.", StringComparison.Ordinal)).Select(value => value["$(string.".Length..^1]).Distinct();

        Assert.Equal(strings.Order(StringComparer.Ordinal), named.Order(StringComparer.Ordinal));
        Assert.Equal(strings.Count, strings.Distinct().Count());
    }

    [Fact]
    public void Every_presentation_shows_the_elements_of_its_policy()
    {
        var presentations = Adml.Descendants(Ns + "presentation").ToDictionary(
            presentation => (string)presentation.Attribute("id")!, presentation => presentation.Elements().Select(control => (string)control.Attribute("refId")!).ToList());
        var withElements = All.Where(policy => policy.Element(Ns + "elements") is not null).ToList();

        Assert.Equal(withElements.Count, presentations.Count);
        Assert.All(withElements, policy => Assert.Equal(
            policy.Element(Ns + "elements")!.Elements().Select(element => (string)element.Attribute("id")!),
            presentations[((string)policy.Attribute("presentation")!)["$(presentation.".Length..^1]]));
    }

    [Fact]
    public void The_tree_is_the_familiar_one_and_every_policy_hangs_in_it()
    {
        var parents = Admx.Element(Ns + "categories")!.Elements(Ns + "category").ToDictionary(
            category => (string)category.Attribute("name")!, category => (string?)category.Element(Ns + "parentCategory")?.Attribute("ref"));

        Assert.Equal(("SessionHost", "RemoteDesktopServices", "Ostiary", null), (parents["Licensing"], parents["SessionHost"], parents["RemoteDesktopServices"], parents["Ostiary"]));
        Assert.All(All, policy => Assert.Contains((string)policy.Element(Ns + "parentCategory")!.Attribute("ref")!, parents.Keys));
        Assert.All(All, policy => Assert.Equal("SUPPORTED_Ostiary", (string?)policy.Element(Ns + "supportedOn")!.Attribute("ref")));
    }

    // Each value that an editor would write, and the borders of each number: through a Registry.pol, as a domain would bring it.
    [Fact]
    public void Whatever_an_editor_makes_of_the_templates_is_read_back_without_a_fault()
    {
        foreach (var policy in All)
            foreach (var entry in EntriesOf(policy))
            {
                var (values, faults) = DomainPolicy.Read(RegistryPolicy.Read(RegistryPolicy.Write([entry])), "Registry.pol", windowsToo: false);

                Assert.Empty(faults);
                Assert.NotNull(PolicyCatalogue.All.Single(definition => definition.ValueName == entry.ValueName).Get(values));
            }
    }

    [Fact]
    public void What_hides_notifications_hides_them()
    {
        var hides = uint.Parse((string)All.Single(policy => ValueName(policy) == "Notifications").Element(Ns + "enabledValue")!.Element(Ns + "decimal")!.Attribute("value")!, System.Globalization.CultureInfo.InvariantCulture);

        Assert.False(DomainPolicy.Read([Policies.Number("Notifications", hides)], "f", windowsToo: false).Values.Notifications);
    }

    private static IEnumerable<RegistryEntry> EntriesOf(XElement policy)
    {
        foreach (var value in policy.Elements().Where(element => element.Name.LocalName is "enabledValue" or "disabledValue"))
            yield return Policies.Number((string)policy.Attribute("valueName")!, Decimal(value));
        foreach (var element in policy.Element(Ns + "elements")?.Elements() ?? [])
        {
            var name = (string)element.Attribute("valueName")!;
            switch (element.Name.LocalName)
            {
                case "text":
                    yield return Policies.Text(name, "ls1.example.org, 192.0.2.7:7402");
                    break;
                case "enum":
                    foreach (var item in element.Elements(Ns + "item"))
                        yield return Policies.Number(name, Decimal(item.Element(Ns + "value")!));
                    break;
                case "decimal":
                    foreach (var border in new[] { "minValue", "maxValue" })
                        yield return Policies.Number(name, (uint)element.Attribute(border)!);
                    break;
                default:
                    Assert.Fail($"{element.Name} is no element that this test knows");
                    break;
            }
        }
    }

    private static uint Decimal(XElement holder) => (uint)holder.Element(Ns + "decimal")!.Attribute("value")!;

    private static string ValueName(XElement policy) => (string?)policy.Attribute("valueName") ?? (string)policy.Element(Ns + "elements")!.Elements().Single().Attribute("valueName")!;

    private static string Folder([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "admx"));
}
