using System.Globalization;
using System.Net;
using Ostiary.Kernel;

namespace Ostiary.LogonHelper;

/// <summary>
/// From a hook to the connection whose logon it was started for: its parent is sesman, and sesman (0.9) serves one connection at a time, so
/// the only connected TCP socket that it holds is that one; connections that wait are not accepted yet, and belong to nobody.
/// Invariant: where two answers are possible there is none.
/// </summary>
internal sealed class LogonSearch(string[] sesmanNames)
{
    private const int SesmanDescriptors = 256;

    /// <summary>The inode at the other end of the connection that sesman serves, or null.</summary>
    public uint? PeerOf(int hook)
    {
        using var process = ProcFs.Open(hook);
        if (process?.Status() is not var (parent, uid) || uid != 0)
            return null;
        using var sesman = ProcFs.Open(parent);
        // Asked again: a parent that ended in between would have left the hook to another one.
        if (sesman?.Executable is not { } name || !sesmanNames.Contains(name) || sesman.Status() is not (_, 0) || process.Status()?.Parent != parent
            || sesman.OpenNetNamespace() is not { } netNamespace)
            return null;
        using (netNamespace)
        {
            var held = sesman.Sockets(SesmanDescriptors).ToHashSet();
            var connected = sesman.TcpSockets().Where(socket => held.Contains(socket.Inode) && !socket.Listens).Take(2).ToArray();
            if (connected is not [{ Unread: 0 } served])
                return null;
            using var diag = SockDiag.OpenIn(netNamespace);
            return diag.FindTcp(served.Remote, served.Local);
        }
    }
}

/// <summary>A TCP socket as /proc/PID/net/tcp and tcp6 list it.</summary>
/// <param name="Local">Its own end.</param>
/// <param name="Remote">The other end.</param>
/// <param name="Listens">It accepts connections.</param>
/// <param name="Unread">Bytes that the process has not read yet; of a listener the connections that wait.</param>
/// <param name="Inode">Zero: no process has accepted it yet.</param>
internal sealed record TcpSocket(IPEndPoint Local, IPEndPoint Remote, bool Listens, uint Unread, uint Inode)
{
    /// <summary>Reads a line: <c>N: ADDRESS:PORT ADDRESS:PORT STATE SENT:UNREAD TIMER:WHEN RETRIES UID TIMEOUT INODE …</c>, all hexadecimal but the last three.</summary>
    public static TcpSocket? Parse(string line)
    {
        const string listen = "0A";
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 9 && EndPoint(fields[1]) is { } local && EndPoint(fields[2]) is { } remote
            && fields[4].Split(':') is [_, var unread] && uint.TryParse(unread, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var bytes)
            && uint.TryParse(fields[9], NumberStyles.None, CultureInfo.InvariantCulture, out var inode)
            ? new TcpSocket(local, remote, fields[3] == listen, bytes, inode)
            : null;
    }

    // The address is printed as 32-bit words of the machine's byte order.
    private static IPEndPoint? EndPoint(string text)
    {
        if (text.Split(':') is not [{ Length: 8 or 32 } address, var port]
            || !int.TryParse(port, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number))
            return null;
        var bytes = new byte[address.Length / 2];
        for (var word = 0; word < bytes.Length; word += 4)
        {
            if (!uint.TryParse(address.AsSpan(word * 2, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value))
                return null;
            BitConverter.TryWriteBytes(bytes.AsSpan(word), value);
        }
        return new IPEndPoint(new IPAddress(bytes), number);
    }
}
