using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("linux")]

namespace Ostiary.LogonHelper;

/// <summary>The two root programs of a session host: the PAM account hook and the helper that reads the kernel.</summary>
internal static class Program
{
    private const string Usage =
        """
        usage: ostiary-logon pam SOCKET [--administrators GROUP,...]
                 run by pam_exec in the account phase: asks the session host's logon socket, exit 0 admits
                 --administrators  groups that are admitted while the role is down (sudo,wheel)
               ostiary-logon kernel SOCKET [--uid UID | --user NAME] [--xrdp NAME,...] [--sesman NAME,...] [--x-server NAME,...]
                 listens on SOCKET and tells root or UID which X server a back-end socket leads to
                 --uid       the gateway's user id (0)
                 --user      the gateway's user, by name
                 --xrdp      names of xrdp's executable (xrdp)
                 --sesman    names of the executable that starts the hook (xrdp-sesman)
                 --x-server  names of X servers' executables (Xorg,Xvnc,Xtigervnc)
        """;

    private const int UsageExit = 2;

    public static int Main(string[] arguments)
    {
        if (arguments is not [var mode, var socket, .. var rest] || !TryReadOptions(rest, out var options))
            return Fail(Usage);

        switch (mode)
        {
            case "pam" when options.Keys.All(key => key is "--administrators"):
                return PamHook.Run(socket, Names(options, "--administrators", "sudo,wheel"));

            case "kernel" when options.Keys.All(key => key is "--uid" or "--user" or "--xrdp" or "--sesman" or "--x-server"):
                if (!uint.TryParse(options.GetValueOrDefault("--uid", "0"), out var uid) || uid == uint.MaxValue)
                    return Fail("--uid is a user id");
                if (options.TryGetValue("--user", out var name))
                {
                    if (options.ContainsKey("--uid"))
                        return Fail("--uid and --user do not go together");
                    if (Ostiary.Kernel.Account.Find(name) is not { } gateway)
                        return Fail($"--user: there is no user {name}");
                    uid = gateway.Uid;
                }

                return new KernelHelper(
                    socket, uid,
                    Names(options, "--xrdp", "xrdp"), Names(options, "--sesman", "xrdp-sesman"), Names(options, "--x-server", "Xorg,Xvnc,Xtigervnc")).Run();

            default:
                return Fail(Usage);
        }
    }

    private static bool TryReadOptions(string[] arguments, out Dictionary<string, string> options)
    {
        options = [];
        for (var i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 == arguments.Length || !options.TryAdd(arguments[i], arguments[i + 1]))
                return false;
        }
        return true;
    }

    private static string[] Names(Dictionary<string, string> options, string key, string otherwise) =>
        options.GetValueOrDefault(key, otherwise).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static int Fail(string text)
    {
        Console.Error.WriteLine(text);
        return UsageExit;
    }
}
