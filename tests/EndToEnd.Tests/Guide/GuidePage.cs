using System.Text.RegularExpressions;

namespace Ostiary.EndToEnd.Tests.Guide;

/// <summary>What a reader of the guide does, in the order of its text.</summary>
internal abstract record GuideStep(string File, int Line)
{
    public sealed record Open(string File, int Line) : GuideStep(File, Line);

    public sealed record Click(string File, int Line, string Name) : GuideStep(File, Line);

    public sealed record Type(string File, int Line, string Text, string Field) : GuideStep(File, Line);

    public sealed record Choose(string File, int Line, string Option, string Field) : GuideStep(File, Line);

    public sealed record See(string File, int Line, string Text) : GuideStep(File, Line);

    public sealed record Picture(string File, int Line, string Path) : GuideStep(File, Line);

    /// <param name="Command">A command line that starts with <c>ostiary</c>.</param>
    /// <param name="Shows">What the block below it says that it prints.</param>
    public sealed record Run(string File, int Line, string Command, IReadOnlyList<string> Shows) : GuideStep(File, Line);

    /// <param name="Admitted">Whether the person gets in.</param>
    public sealed record Connect(string File, int Line, string Person, bool Admitted) : GuideStep(File, Line);
}

/// <summary>Reads pages of the guide. A sentence that begins as a step does and is none is an error: it would not be tried.</summary>
internal static partial class GuidePage
{
    public static IEnumerable<GuideStep> Read(string path)
    {
        var file = Path.GetFileName(path);
        var lines = File.ReadAllLines(path);
        for (var index = 0; index < lines.Length; index++)
        {
            if (lines[index].TrimStart().StartsWith("```", StringComparison.Ordinal))
            {
                var (language, begin) = (lines[index].Trim()[3..], index + 1);
                index = Array.FindIndex(lines, begin, line => line.Trim() == "```");
                Assert.True(index > 0, $"{file}:{begin} opens a block that is not closed");
                if (language == "sh")
                    foreach (var (command, place) in lines[begin..index].Select((line, place) => (line.Trim(), begin + place + 1)))
                        yield return new GuideStep.Run(file, place, command, place == index ? ShownBelow(lines, index + 1) : []);
                continue;
            }

            foreach (var step in Sentences(file, index + 1, lines[index]))
                yield return step;
        }
    }

    private static string[] ShownBelow(string[] lines, int from)
    {
        var begin = Array.FindIndex(lines, from, line => line.Length > 0);
        return begin < 0 || lines[begin] != "```text" ? [] : [.. lines[(begin + 1)..].TakeWhile(line => line != "```")];
    }

    private static IEnumerable<GuideStep> Sentences(string file, int number, string line)
    {
        if (PictureForm().Match(line) is { Success: true } picture)
            yield return new GuideStep.Picture(file, number, picture.Groups[1].Value);
        foreach (Match found in StepForm().Matches(line))
        {
            if (found.Groups["open"].Success)
                yield return new GuideStep.Open(file, number);
            else if (found.Groups["click"].Success)
                yield return new GuideStep.Click(file, number, found.Groups["click"].Value);
            else if (found.Groups["text"].Success)
                yield return new GuideStep.Type(file, number, found.Groups["text"].Value, found.Groups["into"].Value);
            else if (found.Groups["option"].Success)
                yield return new GuideStep.Choose(file, number, found.Groups["option"].Value, found.Groups["for"].Value);
            else if (found.Groups["see"].Success)
                yield return new GuideStep.See(file, number, found.Groups["see"].Value);
            else
                yield return new GuideStep.Connect(file, number, found.Groups["person"].Value, found.Groups["how"].Value == "Connect");
        }

        var begun = BeginningForm().Count(line);
        var taken = StepForm().Count(line);
        Assert.True(begun == taken, $"{file}:{number} begins {begun} steps, of which {taken} can be carried out: {line}");
    }

    [GeneratedRegex(@"!\[[^\]]+\]\(\.\./images/guide/([^)]+)\)")]
    private static partial Regex PictureForm();

    [GeneratedRegex(@"(?<open>Open the Licensing Manager\.)|Click \*\*(?<click>[^*]+)\*\*|Type `(?<text>[^`]+)` into \*\*(?<into>[^*]+)\*\*|Choose \*\*(?<option>[^*]+)\*\* for \*\*(?<for>[^*]+)\*\*|You see \*\*(?<see>[^*]+)\*\*|(?<how>Connect|Be refused) as `(?<person>[^`]+)`")]
    private static partial Regex StepForm();

    [GeneratedRegex(@"Open the Licensing Manager\.|\bClick \*\*|\bType `|\bChoose \*\*|\bYou see \*\*|\b(Connect|Be refused) as ")]
    private static partial Regex BeginningForm();
}
