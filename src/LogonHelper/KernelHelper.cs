using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Ostiary.LogonHelper;

/// <summary>
/// Serves <see cref="BackEndSearch"/> on a unix socket. It runs as root so that the gateway need not; only root and the
/// gateway's user are answered, and all that they learn is process and user ids behind sockets that they name.
/// </summary>
internal sealed partial class KernelHelper(string socketPath, uint gatewayUid, string[] xrdpNames, string[] sesmanNames, string[] xServerNames)
{
    /// <summary>Connections at a time; the gateway needs one.</summary>
    private const int ConnectionLimit = 16;

    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(5), Whole = TimeSpan.FromSeconds(5);

    private readonly BackEndSearch _search = new(xrdpNames, xServerNames);
    private readonly LogonSearch _logons = new(sesmanNames);
    private readonly Lock _oneSearch = new();
    private int _connections;
    private volatile bool _stopping;

    /// <summary>Serves until SIGTERM or SIGINT. Returns the exit status.</summary>
    public int Run()
    {
        _ = umask(0x7F); // 0177: the socket is root's alone until it is given away below.
        using var listener = Listen();
        if (listener is null)
            return 1;

        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        Console.Out.WriteLine($"listening on {socketPath}");
        try
        {
            while (true)
                Accept(listener.Accept());
        }
        catch (SocketException) when (_stopping)
        {
            return 0;
        }
        catch (ObjectDisposedException) when (_stopping)
        {
            return 0;
        }
        finally
        {
            File.Delete(socketPath);
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            _stopping = true;
            listener.Dispose();
        }
    }

    private Socket? Listen()
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            var endPoint = new UnixDomainSocketEndPoint(socketPath);
            if (!RemoveLeftOver(endPoint))
            {
                listener.Dispose();
                return null;
            }
            listener.Bind(endPoint);
            // The mode first: of a file that is another's it may not be changed, unless with one more capability (CAP_FOWNER).
            File.SetUnixFileMode(socketPath,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
            if (chown(socketPath, gatewayUid, uint.MaxValue) != 0)
                throw new Win32Exception(Marshal.GetLastPInvokeError());
            listener.Listen(ConnectionLimit);
            return listener;
        }
        catch (Exception e) when (e is SocketException or ArgumentException or Win32Exception or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"cannot listen on {socketPath}: {e.Message}");
            listener.Dispose();
            return null;
        }
    }

    // Only a socket that nobody serves is removed, never another kind of file.
    private bool RemoveLeftOver(UnixDomainSocketEndPoint endPoint)
    {
        if (!File.Exists(socketPath))
            return true;
        try
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            probe.Connect(endPoint);
            Console.Error.WriteLine($"{socketPath} is already served");
            return false;
        }
        catch (SocketException)
        {
            if (IsPlainFile())
            {
                Console.Error.WriteLine($"{socketPath} is a file, not a socket");
                return false;
            }
            File.Delete(socketPath);
            return true;
        }
    }

    // A socket's file cannot be opened (ENXIO).
    private bool IsPlainFile()
    {
        try
        {
            using var file = File.OpenHandle(socketPath);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private void Accept(Socket connection)
    {
        if (PeerUid(connection) is var uid && uid != 0 && uid != gatewayUid)
        {
            Console.Error.WriteLine($"user {uid} is not the gateway: turned away");
            connection.Dispose();
            return;
        }
        if (Interlocked.Increment(ref _connections) > ConnectionLimit)
        {
            Interlocked.Decrement(ref _connections);
            Console.Error.WriteLine($"more than {ConnectionLimit} connections: turned away");
            connection.Dispose();
            return;
        }
        new Thread(() => Serve(connection)) { IsBackground = true }.Start();
    }

    private void Serve(Socket connection)
    {
        try
        {
            while (Messages.Receive(connection, Messages.KernelLimit, Idle, Whole) is { } question)
            {
                var asked = KernelQuestion.Parse(question);
                byte[] answer;
                lock (_oneSearch)
                {
                    // A logon first: its hook waits.
                    var logons = asked.Logons.ConvertAll(pid => new LogonFinding(pid, _logons.PeerOf(pid) is { } peer ? _search.XrdpOf(peer) : null));
                    answer = Finding.ToJson(_search.Find(asked.BackEnds), logons);
                }
                Messages.Send(connection, answer, new Deadline(Whole));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or Win32Exception)
        {
            Console.Error.WriteLine($"a question was not answered: {e.Message}");
            TrySend(connection, Finding.ErrorJson(e is JsonException ? "not JSON" : e.Message));
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            // The gateway left or is too slow: it connects again when it has a question.
        }
        finally
        {
            connection.Dispose();
            Interlocked.Decrement(ref _connections);
        }
    }

    private static void TrySend(Socket connection, byte[] json)
    {
        try
        {
            Messages.Send(connection, json, new Deadline(Whole));
        }
        catch (Exception e) when (e is SocketException or TimeoutException)
        {
            // Whoever asked wrongly does not wait for the answer.
        }
    }

    private static uint PeerUid(Socket connection)
    {
        const int levelSocket = 1, peerCredentials = 17; // struct ucred: pid, uid, gid.
        Span<byte> credentials = stackalloc byte[12];
        connection.GetRawSocketOption(levelSocket, peerCredentials, credentials);
        return MemoryMarshal.Read<uint>(credentials[4..]);
    }

    [LibraryImport("libc")]
    private static partial uint umask(uint mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint user, uint group);
}
