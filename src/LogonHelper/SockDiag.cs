using System.Buffers.Binary;
using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Ostiary.Kernel;

/// <summary>A unix socket as the kernel describes it.</summary>
/// <param name="Inode">Its own inode.</param>
/// <param name="Peer">Inode of the other end, or null: not connected, or not accepted yet.</param>
/// <param name="Name">The path that it was bound to (a socket accepted by a listener carries the listener's), or null.</param>
/// <param name="Uid">The user that made or accepted it, or null where the kernel does not say (before Linux 5.5).</param>
internal sealed record UnixSocket(uint Inode, uint? Peer, string? Name, uint? Uid);

/// <summary>
/// Asks the kernel about single sockets of one network namespace, by sock_diag(7). Needs no privilege in the caller's
/// own namespace. An accepted unix socket belongs to the namespace of the side that connected.
/// Exact questions only: the cost does not grow with the number of sockets on the machine.
/// This file depends on nothing else of the project.
/// </summary>
/// <remarks>Not thread-safe: one question at a time.</remarks>
internal sealed class SockDiag : IDisposable
{
    // linux/netlink.h, linux/sock_diag.h, linux/unix_diag.h, linux/inet_diag.h; numbers are in the machine's byte order.
    private const int HeaderLength = 16;
    private const ushort ErrorMessage = 2, SockDiagByFamily = 20, RequestFlag = 1;
    private const int UnixRequestLength = 24, UnixMessageLength = 16;
    private const int InetRequestLength = 56, InetMessageLength = 72;
    private const uint ShowName = 1, ShowPeer = 4, ShowUid = 0x40, AnyState = uint.MaxValue, NoCookie = uint.MaxValue;
    private const ushort NameAttribute = 0, PeerAttribute = 2, UidAttribute = 7, AttributeTypeMask = 0x3FFF;
    private const byte FamilyUnix = 1, FamilyInet = 2, FamilyInet6 = 10, ProtocolTcp = 6, StateListen = 10;
    private const int NoEntry = 2, Interrupted = 4;

    private readonly SafeFileHandle _netlink;
    private readonly byte[] _buffer = new byte[8192];
    private uint _sequence;

    private SockDiag(SafeFileHandle netlink) => _netlink = netlink;

    /// <summary>For the network namespace of the calling thread.</summary>
    /// <exception cref="Win32Exception">The kernel refused; the message says what was asked.</exception>
    public static SockDiag Open()
    {
        const int familyNetlink = 16, typeRaw = 3, closeOnExec = 0x80000, protocolSockDiag = 4;
        const int levelSocket = 1, receiveTimeout = 20;

        var handle = new SafeFileHandle(socket(familyNetlink, typeRaw | closeOnExec, protocolSockDiag), ownsHandle: true);
        if (handle.IsInvalid)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "no sock_diag socket");

        // The kernel answers within the call; the timeout only keeps a surprise from becoming a hang.
        nint[] oneSecond = [1, 0];
        if (setsockopt(handle, levelSocket, receiveTimeout, oneSecond, 2 * nint.Size) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "no timeout on the sock_diag socket");
        return new SockDiag(handle);
    }

    /// <summary>For a network namespace, given as an open /proc/PID/ns/net. One that is not the helper's own needs CAP_SYS_ADMIN.</summary>
    /// <exception cref="Win32Exception">The kernel refused; the message says what was asked.</exception>
    public static SockDiag OpenIn(SafeFileHandle netNamespace)
    {
        const int cloneNewNet = 0x40000000;

        // xrdp on the machine itself, which is the rule: the helper runs with less.
        if (Link($"/proc/self/fd/{netNamespace.DangerousGetHandle()}") is { } name && name == Link("/proc/self/ns/net"))
            return Open();

        SockDiag? opened = null;
        Exception? error = null;
        // setns changes the calling thread for good, so it is done on one that ends; the socket stays in its namespace.
        var thread = new Thread(() =>
        {
            try
            {
                if (setns(netNamespace, cloneNewNet) != 0)
                    throw new Win32Exception(Marshal.GetLastPInvokeError(), "cannot enter the network namespace");
                opened = Open();
            }
            catch (Win32Exception e)
            {
                error = e;
            }
        });
        thread.Start();
        thread.Join();
        return opened ?? throw error!;
    }

    private static string? Link(string path) => new FileInfo(path).LinkTarget;

    /// <summary>The inode of a socket of this process, or null if the handle is none.</summary>
    public static uint? InodeOf(SafeHandle socketHandle)
    {
        var counted = false;
        try
        {
            socketHandle.DangerousAddRef(ref counted);
            var target = new FileInfo($"/proc/self/fd/{socketHandle.DangerousGetHandle()}").LinkTarget;
            return ParseSocketLink(target);
        }
        finally
        {
            if (counted)
                socketHandle.DangerousRelease();
        }
    }

    /// <summary>Reads <c>socket:[INODE]</c>, the target of a descriptor's link under /proc.</summary>
    public static uint? ParseSocketLink(ReadOnlySpan<char> target) =>
        target.StartsWith("socket:[") && target.EndsWith("]") && uint.TryParse(target[8..^1], out var inode) ? inode : null;

    /// <summary>The unix socket with this inode, or null if this namespace has none.</summary>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    /// <exception cref="InvalidDataException">The answer is not what the headers promise.</exception>
    public UnixSocket? FindUnix(uint inode)
    {
        if (inode == 0)
            return null;

        var request = new byte[HeaderLength + UnixRequestLength];
        request[HeaderLength] = FamilyUnix;
        var fields = request.AsSpan(HeaderLength);
        Put(fields[4..], AnyState);
        Put(fields[8..], inode);
        Put(fields[12..], ShowName | ShowPeer | ShowUid);
        Put(fields[16..], NoCookie);
        Put(fields[20..], NoCookie);

        var answer = Ask(request, UnixMessageLength);
        if (answer.IsEmpty || Get(answer[4..]) != inode)
            return null;

        uint? peer = null, uid = null;
        string? name = null;
        var rest = answer[UnixMessageLength..];
        while (rest.Length >= 4)
        {
            int length = MemoryMarshal.Read<ushort>(rest);
            var type = MemoryMarshal.Read<ushort>(rest[2..]) & AttributeTypeMask;
            if (length < 4 || length > rest.Length)
                throw new InvalidDataException("sock_diag: an attribute is longer than its message");
            var value = rest[4..length];
            switch (type)
            {
                case PeerAttribute when value.Length == 4 && Get(value) != 0:
                    peer = Get(value);
                    break;
                case UidAttribute when value.Length == 4:
                    uid = Get(value);
                    break;
                case NameAttribute when value.Length > 0 && value[0] != 0: // A leading NUL: an abstract name, of no use here.
                    var end = value.IndexOf((byte)0);
                    name = Encoding.UTF8.GetString(end < 0 ? value : value[..end]);
                    break;
            }
            rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
        }
        return new UnixSocket(inode, peer, name, uid);
    }

    /// <summary>The inode of the connected TCP socket with these two ends, or null if this namespace has none.</summary>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    /// <exception cref="InvalidDataException">The answer is not what the headers promise.</exception>
    public uint? FindTcp(IPEndPoint local, IPEndPoint remote)
    {
        var localAddress = Plain(local.Address);
        var remoteAddress = Plain(remote.Address);
        if (localAddress.AddressFamily != remoteAddress.AddressFamily)
            return null;

        var request = new byte[HeaderLength + InetRequestLength];
        var fields = request.AsSpan(HeaderLength);
        fields[0] = localAddress.AddressFamily == AddressFamily.InterNetwork ? FamilyInet : FamilyInet6;
        fields[1] = ProtocolTcp;
        Put(fields[4..], AnyState);
        var identity = fields[8..];
        BinaryPrimitives.WriteUInt16BigEndian(identity, (ushort)local.Port);
        BinaryPrimitives.WriteUInt16BigEndian(identity[2..], (ushort)remote.Port);
        localAddress.GetAddressBytes().CopyTo(identity[4..]);
        remoteAddress.GetAddressBytes().CopyTo(identity[20..]);
        if (localAddress.AddressFamily == AddressFamily.InterNetworkV6)
            Put(identity[36..], (uint)localAddress.ScopeId);
        Put(identity[40..], NoCookie);
        Put(identity[44..], NoCookie);

        var answer = Ask(request, InetMessageLength);
        // Where no connection fits, the kernel answers with the listener.
        if (answer.IsEmpty || answer[1] == StateListen || !answer.Slice(4, 4).SequenceEqual(identity[..4]))
            return null;
        var inode = Get(answer[68..]);
        return inode == 0 ? null : inode;
    }

    public void Dispose() => _netlink.Dispose();

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    // One request, one answer: its payload, or empty if there is no such socket.
    private ReadOnlySpan<byte> Ask(byte[] request, int leastLength)
    {
        Put(request, (uint)request.Length);
        MemoryMarshal.Write(request.AsSpan(4), SockDiagByFamily);
        MemoryMarshal.Write(request.AsSpan(6), RequestFlag);
        Put(request.AsSpan(8), ++_sequence);
        if (send(_netlink, request, request.Length, 0) != request.Length)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "sock_diag: the question was not taken");

        while (true)
        {
            var received = (int)recv(_netlink, _buffer, _buffer.Length, 0);
            if (received < 0 && Marshal.GetLastPInvokeError() == Interrupted)
                continue;
            if (received < 0)
                throw new Win32Exception(Marshal.GetLastPInvokeError(), "sock_diag: no answer");
            var message = _buffer.AsSpan(0, received);
            if (message.Length < HeaderLength || Get(message) is var length && (length < HeaderLength || length > message.Length))
                throw new InvalidDataException("sock_diag: the answer's length is wrong");
            if (Get(message[8..]) != _sequence)
                continue; // The late answer to a question that was given up.

            message = message[HeaderLength..(int)Get(message)];
            var type = MemoryMarshal.Read<ushort>(_buffer.AsSpan(4));
            if (type == ErrorMessage)
            {
                var code = message.Length >= 4 ? -MemoryMarshal.Read<int>(message) : 0;
                return code == NoEntry ? default : throw new Win32Exception(code, "sock_diag: the question was refused");
            }
            if (type != SockDiagByFamily || message.Length < leastLength)
                throw new InvalidDataException("sock_diag: the answer is of another kind");
            return message;
        }
    }

    private static void Put(Span<byte> at, uint value) => MemoryMarshal.Write(at, value);

    private static uint Get(ReadOnlySpan<byte> at) => MemoryMarshal.Read<uint>(at);

    [DllImport("libc", SetLastError = true)]
    private static extern int socket(int family, int type, int protocol);

    [DllImport("libc", SetLastError = true)]
    private static extern int setsockopt(SafeFileHandle socket, int level, int option, nint[] value, int length);

    [DllImport("libc", SetLastError = true)]
    private static extern int setns(SafeFileHandle descriptor, int kind);

    [DllImport("libc", SetLastError = true)]
    private static extern nint send(SafeFileHandle socket, byte[] buffer, nint length, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern nint recv(SafeFileHandle socket, byte[] buffer, nint length, int flags);
}
