using System.CommandLine;
using System.Globalization;
using System.Text;

namespace Ostiary.Host.Commands;

/// <summary>
/// <c>ostiary man-pages DIR</c>, hidden: writes the manual pages from the descriptions of the commands themselves, for whoever makes a package; a page is never
/// behind its command.
/// </summary>
internal static class ManPagesCommand
{
    private const string Name = "man-pages";

    private const string Files =
        """
        .SH FILES
        .TP
        .I /etc/ostiary/ostiary.json
        Settings of the roles, a section a role.
        .TP
        .I /etc/ostiary/roles.d
        What \fBostiary roles install\fR has decided; \fIostiary.json\fR goes over it.
        .TP
        .I /etc/ostiary/policy.json
        Policy of this machine.
        .TP
        .I /var/lib/ostiary
        The state of the roles.
        .SH EXIT STATUS
        0 done; 1 the answer is no; 2 the command line or a setting is wrong; 3 the role could not be reached; 4 nobody is signed in, or the role is not enough.

        """;

    public static Command Create()
    {
        var folder = new Argument<DirectoryInfo>("dir") { Description = "Where the pages go." };
        var command = new Command(Name, "Writes manual pages.") { folder };
        command.Hidden = true;
        command.SetAction(parse =>
        {
            var target = parse.GetRequiredValue(folder);
            target.Create();
            foreach (var (name, text) in Pages((RootCommand)parse.RootCommandResult.Command))
                File.WriteAllText(Path.Combine(target.FullName, name + ".1"), text);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Every page by its name.</summary>
    public static IEnumerable<(string Name, string Text)> Pages(RootCommand root)
    {
        var commands = root.Subcommands.Where(command => !command.Hidden).OrderBy(command => command.Name, StringComparer.Ordinal).ToList();
        yield return ("ostiary", Page("ostiary", "client access licensing for remote desktops", page =>
        {
            page.Append(".SH SYNOPSIS\n.B ostiary\n.I COMMAND\n[\\fIOPTION\\fR]...\n.SH DESCRIPTION\n").Append(Text(root.Description)).Append('\n');
            page.Append(".SH COMMANDS\n");
            foreach (var command in commands)
                page.Append(".TP\n.BR ostiary\\-").Append(Escape(command.Name)).Append("\\ (1)\n").Append(Text(command.Description)).Append('\n');
            Options(page, root.Options);
            page.Append(Files);
        }));
        foreach (var command in commands)
            yield return ($"ostiary-{command.Name}", Page($"ostiary-{command.Name}", Short(command.Description), page =>
            {
                page.Append(".SH SYNOPSIS\n");
                foreach (var (words, leaf) in Leaves($"ostiary {command.Name}", command))
                    page.Append(".PP\n.B ").Append(Escape(words)).Append('\n').Append(Escape(Usage(leaf))).Append('\n');
                page.Append(".SH DESCRIPTION\n").Append(Text(command.Description)).Append('\n');
                foreach (var (words, leaf) in Leaves($"ostiary {command.Name}", command))
                {
                    if (leaf != command)
                        page.Append(".SS ").Append(Escape(words)).Append('\n').Append(Text(leaf.Description)).Append('\n');
                    foreach (var argument in leaf.Arguments.Where(argument => !argument.Hidden))
                        page.Append(".TP\n.I ").Append(Escape(argument.Name.ToUpperInvariant())).Append('\n').Append(Text(argument.Description)).Append('\n');
                    foreach (var option in leaf.Options.Where(option => !option.Hidden))
                        Option(page, option);
                }

                page.Append(".SH SEE ALSO\n.BR ostiary (1)\n");
            }));
        yield return (ManagerCommand.Alias, Page(ManagerCommand.Alias, "open the Licensing Manager", page => page.Append(
            ".SH SYNOPSIS\n.B licmgr\n[\\fIOPTION\\fR]...\n.SH DESCRIPTION\nThe same as \\fBostiary manager open\\fR.\n.SH SEE ALSO\n.BR ostiary\\-manager (1)\n")));
        if (commands.Exists(command => command.Name == "diagnose"))
            yield return ("lsdiag", Page("lsdiag", "find out what is wrong with licensing", page => page.Append(
                ".SH SYNOPSIS\n.B lsdiag\n[\\fIOPTION\\fR]...\n.SH DESCRIPTION\nThe same as \\fBostiary diagnose\\fR.\n.SH SEE ALSO\n.BR ostiary\\-diagnose (1)\n")));
    }

    private static string Page(string name, string what, Action<StringBuilder> body)
    {
        var version = typeof(ManPagesCommand).Assembly.GetName().Version?.ToString(3) ?? "";
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $".TH {Escape(name).ToUpperInvariant()} 1 \"\" \"Ostiary {version}\" \"User Commands\"\n.SH NAME\n{Escape(name)} \\- {Escape(what)}\n");
        body(page);
        return page.ToString();
    }

    private static IEnumerable<(string Words, Command Leaf)> Leaves(string words, Command command)
        => command.Subcommands.Any(below => !below.Hidden)
            ? command.Subcommands.Where(below => !below.Hidden).SelectMany(below => Leaves($"{words} {below.Name}", below))
            : [(words, command)];

    private static string Usage(Command command) => string.Join(' ', command.Arguments.Where(argument => !argument.Hidden)
        .Select(argument => argument.Arity.MinimumNumberOfValues == 0 ? $"[{Many(argument)}]" : Many(argument))
        .Append(command.Options.Any(option => !option.Hidden) ? "[OPTION]..." : "").Where(word => word.Length > 0)) is { Length: > 0 } usage ? usage : "\\&";

    private static string Many(Argument argument) => argument.Name.ToUpperInvariant() + (argument.Arity.MaximumNumberOfValues > 1 ? "..." : "");

    private static void Options(StringBuilder page, IEnumerable<Option> options)
    {
        page.Append(".SH OPTIONS\n");
        foreach (var option in options.Where(option => !option.Hidden))
            Option(page, option);
    }

    private static void Option(StringBuilder page, Option option)
    {
        page.Append(".TP\n.B ").Append(Escape(string.Join(", ", option.Aliases.Append(option.Name).Where(name => name.StartsWith('-')).OrderBy(name => name.Length))));
        if (option.ValueType != typeof(bool) && option.Arity.MaximumNumberOfValues > 0)
            page.Append(" \\fI").Append(Escape(option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant())).Append("\\fR");
        page.Append('\n').Append(Text(option.Description)).Append(option.Required ? " Required.\n" : "\n");
    }

    private static string Short(string? description) => (description ?? "").Split(". ")[0].TrimEnd('.') is var first && first.Length > 0 ? char.ToLowerInvariant(first[0]) + first[1..] : "a command of ostiary";

    // A line that begins with a dot or an apostrophe would be a request of the formatter.
    private static string Text(string? text) => "\\&" + Escape((text ?? "").ReplaceLineEndings(" "));

    private static string Escape(string text) => text == "\\&" ? text : text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal).Replace("…", "...", StringComparison.Ordinal).Replace("›", ">", StringComparison.Ordinal);
}
