using System.Text.RegularExpressions;
using Ostiary.Contracts.Diagnosis;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Diagnosis;

/// <summary>What findings tell people to type is what the program takes.</summary>
public sealed partial class PrintedCommandsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_command_of_the_catalogue_is_one_of_the_program_with_the_options_that_it_has()
    {
        var commands = FindingCatalogue.All.SelectMany(kind => kind.FixCommands)
            .Select(line => line.Replace("{role}", "session-host", StringComparison.Ordinal).Replace("sudo ", "", StringComparison.Ordinal))
            .Where(line => line.StartsWith("ostiary ", StringComparison.Ordinal) && line != "ostiary --version")
            .GroupBy(line => string.Join(' ', line.Split(' ').Skip(1).TakeWhile(word => Word().IsMatch(word)))).ToList();
        Assert.InRange(commands.Count, 20, 100);

        foreach (var command in commands)
        {
            var help = await PeerProcess.RunAsync(Built.Ostiary, [.. command.Key.Split(' '), "--help"], Patience, Cancellation);
            Assert.True(help.ExitCode == 0, $"{command.Key}: {help.Output}");
            foreach (var option in command.SelectMany(line => Option().Matches(line).Select(match => match.Value)).Distinct())
                Assert.Contains(option, help.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Under_the_name_lsdiag_the_program_diagnoses()
    {
        using var folder = new ScratchFolder();
        var link = folder["lsdiag"];
        File.CreateSymbolicLink(link, Built.Ostiary);

        var result = await PeerProcess.RunAsync(link, ["--state", folder["nothing"]], Patience, Cancellation);

        Assert.Equal(3, result.ExitCode);
        Assert.Contains("No role has been set up in", result.Output, StringComparison.Ordinal);
    }

    [GeneratedRegex("^[a-z][a-z-]*$")]
    private static partial Regex Word();

    [GeneratedRegex("--[a-z][a-z-]*")]
    private static partial Regex Option();
}
