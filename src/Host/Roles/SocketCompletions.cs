namespace Ostiary.Host.Roles;

/// <summary>Where .NET goes on when a socket has something; see docs/decisions/0006-inline-completions.md.</summary>
internal static class SocketCompletions
{
    // .NET has no other switch for it. It is read once, when the first socket is waited for.
    private const string Setting = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>From here on in the thread that was woken, without the way through the thread pool; unless the environment says otherwise.</summary>
    public static void Inline()
    {
        if (Environment.GetEnvironmentVariable(Setting) is null)
            Environment.SetEnvironmentVariable(Setting, "1");
    }
}
