using System.CommandLine;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary clearinghouse</c>: what a publisher does before the clearinghouse runs.</summary>
internal static class ClearinghouseCommand
{
    public static Command Create() => new("clearinghouse", "The publisher's clearinghouse.") { Init() };

    private static Command Init()
    {
        var publisher = new Option<string>("--publisher") { Description = "The publisher's name; it stands in the root's name.", Required = true };
        var root = new Option<string?>("--root") { Description = "Where the root key goes: best a medium that is then taken away (default: STATE/root).", HelpName = "DIR" };
        var command = new Command("init", "Root ceremony: makes the root key (offline, 25 years), the issuing key and the key that guards product keys.") { publisher, root };
        command.SetAction(parse =>
        {
            var state = GlobalOptions.StateDirectory(parse);
            var rootFolder = Path.GetFullPath(parse.GetValue(root) ?? Path.Combine(state, "root"));
            var protocol = RootCeremony.Perform(rootFolder, Path.Combine(state, "signer"), Path.Combine(state, "clearinghouse"), parse.GetRequiredValue(publisher), TimeProvider.System);
            Print(new Screen(parse.InvocationConfiguration.Output), protocol, rootFolder);
            return ExitCode.Done;
        });
        return command;
    }
}
