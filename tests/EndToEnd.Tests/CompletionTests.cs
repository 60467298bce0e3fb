using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests;

/// <summary>A real bash completes what is typed, by the script that the program prints.</summary>
public sealed class CompletionTests
{
    [Theory]
    [InlineData("ostiary pa", "packs")]
    [InlineData("ostiary packs ins", "install")]
    [InlineData("ostiary accounts ", "add", "list", "password", "remove", "role", "--help", "--json", "--state", "-?", "-h")]
    [InlineData("ostiary accounts add bob --role adm", "administrator")]
    [InlineData("ostiary accounts role bob op", "operator")]
    [InlineData("ostiary tokens list --ser", "--server")]
    [InlineData("ostiary completion z", "zsh")]
    [InlineData("ostiary nonsense zz")]
    public async Task Bash_completes_what_was_typed(string typed, params string[] expected)
    {
        const string script = """
            source <("$OSTIARY" completion bash)
            complete -p ostiary >/dev/null || exit 9
            ostiary() { "$OSTIARY" "$@"; }
            COMP_LINE=$TYPED COMP_POINT=${#TYPED}
            read -ra COMP_WORDS <<<"$TYPED"
            [[ $TYPED != *' ' ]] || COMP_WORDS+=('')
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _ostiary
            printf '%s\n' "${COMPREPLY[@]}"
            """;

        var result = await PeerProcess.RunAsync(
            "bash", ["--norc", "-c", script], TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken,
            environment: new Dictionary<string, string?> { ["OSTIARY"] = Built.Ostiary, ["TYPED"] = typed });

        Assert.Equal(0, result.ExitCode);
        Assert.Equal(expected.Order(), result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Theory]
    [InlineData("bash", "complete ")]
    [InlineData("zsh", "compdef ")]
    [InlineData("fish", "complete ")]
    public async Task Each_shell_has_its_script(string shell, string registers)
    {
        var result = await PeerProcess.RunAsync(Built.Ostiary, ["completion", shell], TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains(registers, result.Output, StringComparison.Ordinal);
        Assert.Contains("[suggest:", result.Output, StringComparison.Ordinal);
    }
}
