using System.Net.Sockets;

namespace Ostiary.SessionHost.Logon;

/// <summary>Listens on unix sockets that nobody can open before their mode is set.</summary>
internal static class UnixListener
{
    private const int Backlog = 64;

    public static Socket Listen(string path, UnixFileMode mode)
    {
        var socket = Bind(path, mode);
        socket.Listen(Backlog);
        return socket;
    }

    /// <summary>Bound with its mode; nobody can connect until somebody listens.</summary>
    /// <exception cref="IOException">Another process serves it, or something else than a socket is there.</exception>
    public static Socket Bind(string path, UnixFileMode mode)
    {
        RemoveLeftOver(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, mode);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // What a crash left behind is removed; a socket that is served, or a file of another kind, is not.
    private static void RemoveLeftOver(string path)
    {
        if (!File.Exists(path))
            return;
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException nobody) when (nobody.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }

        throw new IOException($"{path} is served by another process");
    }
}
