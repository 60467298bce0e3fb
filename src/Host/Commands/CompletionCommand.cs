using System.CommandLine;

namespace Ostiary.Host.Commands;

/// <summary>
/// <c>ostiary completion bash|zsh|fish</c>: prints a script that completes commands. The script knows no command itself: it asks the program, by the
/// directive <c>[suggest:POSITION]</c> of System.CommandLine, and so is never behind it.
/// </summary>
internal static class CompletionCommand
{
    // What begins with a slash is another spelling of --help.
    private const string Bash = """
        # bash completion of ostiary: source <(ostiary completion bash)
        _ostiary() {
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null | grep -v '^/')" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o bashdefault -o default -F _ostiary ostiary
        """;

    private const string Zsh = """
        #compdef ostiary
        # zsh completion of ostiary: source <(ostiary completion zsh)
        _ostiary() {
          local line="${(j: :)words[1,CURRENT]}"
          local -a found
          found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null | grep -v '^/')}")
          compadd -- ${found:#} || _files
        }
        compdef _ostiary ostiary
        """;

    private const string Fish = """
        # fish completion of ostiary: ostiary completion fish | source
        function __ostiary
          set -l line (commandline -cp)
          ostiary "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null | string match -v -- '/*'
        end
        complete -c ostiary -f -a '(__ostiary)'
        """;

    public static Command Create() => new("completion", "Prints a script that lets a shell complete commands.")
    {
        Shell("bash", "source <(ostiary completion bash), or into /etc/bash_completion.d.", Bash),
        Shell("zsh", "source <(ostiary completion zsh), or as _ostiary into a folder of fpath.", Zsh),
        Shell("fish", "ostiary completion fish | source, or into ~/.config/fish/completions.", Fish),
    };

    private static Command Shell(string name, string description, string script)
    {
        var command = new Command(name, description);
        command.SetAction(parse => parse.InvocationConfiguration.Output.WriteLine(script));
        return command;
    }
}
