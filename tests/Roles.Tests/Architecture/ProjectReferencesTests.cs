using System.Runtime.CompilerServices;
using System.Xml.Linq;
using Xunit;

namespace Ostiary.Roles.Tests.Architecture;

/// <summary>A project is a trust boundary: who may know whom is written here, and nowhere is it only a convention.</summary>
public sealed class ProjectReferencesTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Protocol"] = [],
        ["Contracts"] = [],
        ["LogonHelper"] = [],
        ["SessionHost"] = ["Protocol", "Contracts"],
        ["Doors"] = ["Contracts"],
        ["LicenseServer"] = ["Contracts", "Doors"],
        ["Clearinghouse"] = ["Contracts", "Doors"],
        ["Manager"] = ["Contracts", "Diagnoser"],
        ["Diagnoser"] = ["Protocol", "Contracts"],
        ["Host"] = ["Protocol", "Contracts", "LogonHelper", "SessionHost", "LicenseServer", "Clearinghouse", "Manager", "Diagnoser"],
    };

    public static TheoryData<string> Projects => [.. Directory.GetFiles(Sources(), "*.csproj", SearchOption.AllDirectories).Select(path => Path.GetFileNameWithoutExtension(path))];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_its_trust_boundary_allows(string project)
    {
        var references = XDocument.Load(Path.Combine(Sources(), project, project + ".csproj"))
            .Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(((string?)reference.Attribute("Include"))!.Replace('\\', '/')));

        Assert.True(Allowed.TryGetValue(project, out var allowed), $"{project} is not in the list of projects; ARCHITECTURE.md and this test say what there is");
        Assert.Empty(references.Except(allowed));
    }

    [Fact]
    public void The_list_is_what_was_found_in_the_source_folder() => Assert.NotEmpty(Projects);

    private static string Sources([CallerFilePath] string here = "")
        => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../src"));
}
