namespace Ostiary.SessionHost.Diagnosis;

/// <summary>sesman's PAM settings: whether its account phase asks the logon gate, and takes its answer.</summary>
internal static class LogonSettings
{
    private const int MaxLines = 10_000;

    /// <param name="settings">The text of the PAM service.</param>
    /// <param name="socket">The name of the gate's socket.</param>
    public static bool AskTheGate(TextReader settings, string socket)
    {
        for (var number = 0; number < MaxLines && settings.ReadLine() is { } line; number++)
        {
            var words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            // What is optional or only sufficient refuses nobody.
            if (words is ["account" or "-account", "required" or "requisite", var module, .. var arguments] && Path.GetFileName(module) == "pam_exec.so"
                && arguments.Any(argument => Path.GetFileName(argument) == socket))
                return true;
        }

        return false;
    }
}
