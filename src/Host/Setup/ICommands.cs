using System.ComponentModel;
using System.Diagnostics;

namespace Ostiary.Host.Setup;

/// <summary>What setting up runs of the machine's own programs: <c>systemctl</c>, <c>useradd</c>, <c>userdel</c>, <c>chown</c>, <c>getent</c>.</summary>
internal interface ICommands
{
    /// <summary>Runs one and waits for its end.</summary>
    CommandResult Run(string program, params string[] arguments);
}

/// <param name="Exit">127 where there is no such program.</param>
/// <param name="Output">Both streams.</param>
internal sealed record CommandResult(int Exit, string Output);

internal sealed class SystemCommands : ICommands
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    public CommandResult Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
            process.StandardInput.Close();
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            if (!process.WaitForExit(Longest))
            {
                process.Kill(entireProcessTree: true);
                throw new SetupException($"{program} {string.Join(' ', arguments)} did not end within {Longest.TotalSeconds:0} s");
            }

            return new(process.ExitCode, (output.Result + error.Result).Trim());
        }
        catch (Win32Exception)
        {
            return new(127, $"{program} is not there");
        }
    }
}

/// <summary>Setting up cannot go on; the message says why.</summary>
#pragma warning disable CA1032 // Invariant: always with its reason.
internal sealed class SetupException(string message) : Exception(message);
#pragma warning restore CA1032
