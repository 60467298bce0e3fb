using System.ComponentModel;
using Microsoft.Extensions.Logging;
using Ostiary.Kernel;
using Ostiary.SessionHost.Gateway;

namespace Ostiary.SessionHost.Logon;

/// <summary>The far end of a session's back-end socket, as the kernel numbers it: what the helper is asked about.</summary>
internal static class FarEnd
{
    /// <summary>xrdp accepts late: null until then, and when the session is over.</summary>
    public static BackEndEnd? Of(LiveSession session, ILogger logger)
    {
        if (session.IsTcp)
            return session.TcpEnds() is { } ends ? new BackEndEnd.Tcp(ends.Local, ends.Remote) : null;
        if (session.PeerInode is { } known)
            return new BackEndEnd.Unix(known);
        try
        {
            using var kernel = SockDiag.Open();
            session.PeerInode = SockDiag.InodeOf(session.BackEnd.SafeHandle) is { } own ? kernel.FindUnix(own)?.Peer : null;
            return session.PeerInode is { } peer ? new BackEndEnd.Unix(peer) : null;
        }
        catch (Exception over) when (over is ObjectDisposedException or Win32Exception or InvalidDataException or IOException)
        {
            Log.PeerNotFound(logger, session.Id, over.Message);
            return null;
        }
    }
}
