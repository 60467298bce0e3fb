using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Contracts.Http;
using Xunit;

namespace Ostiary.Roles.Tests.Diagnosis;

/// <summary>The catalogue of findings is whole, its page is the catalogue, and its commands are commands that there are.</summary>
public sealed partial class FindingCatalogueTests
{
    /// <summary>Set it to write the page anew: the change is then in the diff of the commit that makes it.</summary>
    private const string WriteVariable = "OSTIARY_WRITE_FINDINGS";

    private static readonly Dictionary<string, string> AnsweredOtherwise = new()
    {
        ["M1"] = "the verdict \"No problems were found.\", exit status 0",
        ["M15"] = "does not exist: User CALs are counted in the license server's own ledger, no directory is written to",
        ["M16"] = "does not exist: local accounts are people like others",
        ["S58"] = "`ostiary diagnose` again: its exit status is 0 when nothing is left",
    };

    [Fact]
    public void Each_code_is_there_once_and_says_everything()
    {
        Assert.Distinct(FindingCatalogue.All.Select(kind => kind.Code));
        Assert.All(FindingCatalogue.All, kind =>
        {
            Assert.Matches("^[a-z]+(-[a-z]+)*$", kind.Code);
            Assert.NotEqual(Finder.None, kind.FoundBy);
            Assert.NotEmpty(kind.FixCommands);
            Assert.All([kind.Meaning, kind.Cause], text => Assert.EndsWith(".", text, StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Every_message_remedy_and_complaint_that_administrators_know_is_answered()
    {
        var answered = FindingCatalogue.All.SelectMany(kind => kind.Answers).Concat(AnsweredOtherwise.Keys).ToHashSet();
        var asked = Enumerable.Range(1, 18).Select(number => $"M{number}").Concat(Enumerable.Range(48, 16).Select(number => $"S{number}"));

        Assert.Empty(asked.Except(answered));
    }

    [Fact]
    public void Every_command_of_ours_is_on_the_page_of_commands()
    {
        var known = Path.Combine(Docs(), "cli.md");
        var commands = OnPage().Matches(File.ReadAllText(known)).Select(match => match.Groups[1].Value).ToHashSet();

        foreach (var line in FindingCatalogue.All.SelectMany(kind => kind.FixCommands).Select(line => line.Replace("{role}", "session-host", StringComparison.Ordinal)).Where(line => line.StartsWith("ostiary ", StringComparison.Ordinal) && line != "ostiary --version"))
        {
            var words = line.Split(' ').Skip(1).TakeWhile(word => Word().IsMatch(word)).ToList();
            Assert.True(commands.Contains(string.Join(' ', words)), $"\"{line}\": no command of {known} is \"{string.Join(' ', words)}\"");
        }
    }

    [Fact]
    public async Task The_page_of_findings_is_the_catalogue()
    {
        var path = Path.Combine(Docs(), "findings.md");
        var page = Page();
        if (Environment.GetEnvironmentVariable(WriteVariable) is { Length: > 0 })
            await File.WriteAllTextAsync(path, page, TestContext.Current.CancellationToken);

        Assert.True(page == await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken), $"{path} is not what the program finds; run this test with {WriteVariable}=1 and look at the difference");
    }

    [Fact]
    public void A_name_from_elsewhere_is_one_word_of_a_command_and_nothing_else()
    {
        var hostile = "a'; rm -rf / #\n$(reboot)";
        var finding = HostFindings.BackEndSocketOpen.Found(hostile, "evidence", ("socket", hostile));

        Assert.Equal(@"chmod o= 'a'\''; rm -rf / #$(reboot)'", Assert.Single(finding.FixCommands));
        Assert.Throws<ArgumentException>(() => HostFindings.BackEndSocketOpen.Found("subject", "evidence"));
        Assert.Equal(255, HostFindings.BackEndSocketOpen.Found(new string('x', 5_000), "evidence", ("socket", "/s")).Subject.Length);
    }

    private static string Page()
    {
        var page = new StringBuilder("""
            # Findings

            What `ostiary diagnose` and `GET /v1/findings` find: each code once, with its cause and its fix. A code never changes its meaning.
            What stands in braces is filled in; a word in capitals in a command is what a person puts in its place.
            This page is made from the catalogue (`src/Contracts/Diagnosis`), and a test compares the two.

            Severity: an error means that somebody is refused or would be, or that something does not hold that must; a warning, that it will not work for ever or for everybody; an information, that nothing has to be done.
            Exit status of `ostiary diagnose`: 0 nothing, 1 warnings, 2 errors, 3 could not look.

            M, S and C are messages, errors with their remedies, and complaints that administrators know of licensing elsewhere; the list is [below](#answered).

            """.ReplaceLineEndings("\n"));
        Section(page, "Session host", HostFindings.All);
        Section(page, "License server", LicenseServerFindings.All);
        Section(page, "From outside", OutsideFindings.All);
        page.Append("\n## Answered\n\n| | known as | here |\n|---|---|---|\n");
        foreach (var group in FindingCatalogue.All.SelectMany(kind => kind.Answers.Select(answer => (answer, kind.Code))).Concat(AnsweredOtherwise.Select(other => (answer: other.Key, Code: "")))
            .GroupBy(pair => pair.answer).OrderBy(group => group.Key[0]).ThenBy(group => int.Parse(group.Key[1..], CultureInfo.InvariantCulture)))
            page.Append(CultureInfo.InvariantCulture, $"| {group.Key} | {FindingCatalogue.Known[group.Key]} | {(AnsweredOtherwise.TryGetValue(group.Key, out var words) ? words : string.Join(", ", group.Select(pair => $"`{pair.Code}`")))} |\n");
        return page.ToString();
    }

    private static void Section(StringBuilder page, string title, IReadOnlyList<FindingKind> kinds)
    {
        page.Append(CultureInfo.InvariantCulture, $"\n## {title}\n");
        foreach (var kind in kinds)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n### {kind.Code}\n\n{kind.Meaning}\n\n- {Names(kind.FoundBy)}: {KebabCase.Of(kind.Severity)}{(kind.Answers.Count == 0 ? "" : $"; answers {string.Join(", ", kind.Answers)}")}\n- Cause: {kind.Cause}\n- Fix: {kind.Fix}\n\n```sh\n");
            foreach (var command in kind.FixCommands)
                page.Append(command).Append('\n');
            page.Append("```\n");
        }
    }

    private static string Names(Finder finders) => string.Join(
        ", ",
        new[] { (Finder.SessionHost, "the session host"), (Finder.LicenseServer, "the license server"), (Finder.LicenseServerForHost, "the license server for the host that asks"), (Finder.Diagnoser, "the Diagnoser") }
            .Where(finder => finders.HasFlag(finder.Item1)).Select(finder => finder.Item2));

    private static string Docs([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs"));

    [GeneratedRegex("`([a-z-]+(?: [a-z-]+)*)[^`]*`")]
    private static partial Regex OnPage();

    [GeneratedRegex("^[a-z][a-z-]*$")]
    private static partial Regex Word();
}
