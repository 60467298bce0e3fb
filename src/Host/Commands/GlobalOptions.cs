using System.CommandLine;

namespace Ostiary.Host.Commands;

/// <summary>Options that every command takes.</summary>
internal static class GlobalOptions
{
    public const string DefaultState = "/var/lib/ostiary";

    public static Option<string> State { get; } = new("--state")
    {
        Description = "The folder that holds the roles' files and sockets (default: $OSTIARY_STATE, else " + DefaultState + ").",
        HelpName = "DIR",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("OSTIARY_STATE") is { Length: > 0 } state ? state : DefaultState,
        Recursive = true,
    };

    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Print JSON, as the APIs speak it.",
        Recursive = true,
    };

    /// <summary>The state folder as an absolute path.</summary>
    public static string StateDirectory(ParseResult parse) => Path.GetFullPath(parse.GetRequiredValue(State));
}
