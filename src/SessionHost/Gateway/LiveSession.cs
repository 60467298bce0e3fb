using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Ostiary.Contracts.Certificates;
using Ostiary.Protocol.Pdus;

namespace Ostiary.SessionHost.Gateway;

/// <summary>A connection past licensing, while it runs.</summary>
/// <param name="Id">Its number.</param>
/// <param name="BackEnd">The socket to the back end: by it the kernel says who logged on.</param>
/// <param name="Serial">The CAL; null where the row needs none.</param>
/// <param name="Temporary">Whether the CAL is a temporary one.</param>
/// <param name="LicenseServer">Who issued the CAL.</param>
/// <param name="LogonDecided">Called once when the kernel and the hook agree who logged on.</param>
internal sealed record LiveSession(long Id, Socket BackEnd, string? Serial, bool Temporary, KeyFingerprint? LicenseServer, Action LogonDecided)
{
    /// <summary>The client asked for an administrative session.</summary>
    public bool AdministrativeAsked { get; init; }

    /// <summary>The client's address.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>The client's name, as it says.</summary>
    public string? Device { get; init; }

    /// <summary>Ends the connection between two messages of the back end, with a code that the client shows the text of, or with none. Returns at once.</summary>
    public required Action<SessionEndReason, ErrorInfoCode?> End { get; init; }

    private int _tied;

    /// <summary>The account is known.</summary>
    public bool IsTied => Volatile.Read(ref _tied) != 0;

    /// <summary>The far end's inode on this machine; null until it is known, or for TCP.</summary>
    public uint? PeerInode { get; set; }

    public bool IsTcp => BackEnd.AddressFamily != AddressFamily.Unix;

    /// <summary>True the first time.</summary>
    public bool TryTie() => Interlocked.Exchange(ref _tied, 1) == 0;

    /// <summary>Both ends of a TCP back-end connection; null when it is over.</summary>
    public (IPEndPoint Local, IPEndPoint Remote)? TcpEnds()
    {
        try
        {
            return BackEnd is { LocalEndPoint: IPEndPoint local, RemoteEndPoint: IPEndPoint remote } ? (local, remote) : null;
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Says the number only.</summary>
    public override string ToString() => $"session {Id}";
}

/// <summary>The sessions that run.</summary>
internal sealed class LiveSessions
{
    private readonly ConcurrentDictionary<long, LiveSession> _sessions = new();

    public void Add(LiveSession session) => _sessions[session.Id] = session;

    public void Remove(LiveSession session) => _sessions.TryRemove(session.Id, out _);

    public IReadOnlyList<LiveSession> Untied() => [.. _sessions.Values.Where(session => !session.IsTied).OrderByDescending(session => session.Id)];
}
