using System.Globalization;
using System.Net;
using Ostiary.Kernel;

namespace Ostiary.LogonHelper;

/// <summary>
/// From the far end of a back-end socket to the person: the xrdp process that holds it, that process's connection to an
/// X server, the process that holds the other end of that, and its user. Every step is the kernel's word.
/// Invariant: where two answers are possible there is none.
/// </summary>
internal sealed class BackEndSearch(string[] xrdpNames, string[] xServerNames)
{
    /// <summary>Descriptors that are looked at in one process. xrdp holds some 20, an X server one for each program.</summary>
    private const int XrdpDescriptors = 256, XServerDescriptors = 4096;

    /// <summary>X servers of one user that are looked at.</summary>
    private const int XServersOfOneUser = 256;

    private const int NetNamespaces = 64;

    private static readonly TimeSpan XrdpTime = TimeSpan.FromSeconds(1), XServerTime = TimeSpan.FromSeconds(1);

    private sealed record Candidate(int Pid, int Parent, uint Uid, string Executable, string NetNamespace);

    /// <summary>One finding for each entry, in their order.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">The kernel does not answer at all.</exception>
    public List<Finding> Find(List<BackEnd> entries)
    {
        var (xrdps, xServers) = Candidates();
        using var namespaces = new Namespaces();

        var inodes = entries.ConvertAll(entry => entry.Socket ?? FarEnd(entry.Local!, entry.Remote!, xrdps, namespaces));
        var holders = Holders(xrdps, [.. inodes.OfType<uint>()], XrdpDescriptors, new Deadline(XrdpTime));

        var deadline = new Deadline(XServerTime);
        var findings = new List<Finding>(entries.Count);
        for (var i = 0; i < entries.Count; i++)
        {
            var xrdp = inodes[i] is { } inode && holders.TryGetValue(inode, out var found) ? Youngest(found) : null;
            var x = xrdp is null || deadline.Passed ? null : XServerOf(xrdp, inodes[i]!.Value, xServers, namespaces, deadline);
            findings.Add(new Finding(entries[i], xrdp?.Pid, x));
        }
        return findings;
    }

    /// <summary>The xrdp process that holds a socket; null where none or more than one might.</summary>
    public int? XrdpOf(uint inode)
        => Holders(Candidates().Xrdps, [inode], XrdpDescriptors, new Deadline(XrdpTime)).TryGetValue(inode, out var found) ? Youngest(found)?.Pid : null;

    // Root's first, then system accounts, then persons: whoever starts many programs named xrdp is looked at last.
    private (List<Candidate> Xrdps, ILookup<uint, Candidate> XServers) Candidates()
    {
        var all = new List<Candidate>();
        foreach (var pid in ProcFs.Pids())
        {
            using var process = ProcFs.Open(pid);
            if (process?.Executable is { } executable
                && (xrdpNames.Contains(executable) || xServerNames.Contains(executable))
                && process.Status() is var (parent, uid)
                && process.NetNamespace is { } netNamespace)
                all.Add(new Candidate(pid, parent, uid, executable, netNamespace));
        }
        return (
            [.. all.Where(candidate => xrdpNames.Contains(candidate.Executable)).OrderBy(candidate => candidate.Uid)],
            all.Where(candidate => xServerNames.Contains(candidate.Executable)).ToLookup(candidate => candidate.Uid));
    }

    // What is local to the gateway is remote to xrdp.
    private static uint? FarEnd(IPEndPoint local, IPEndPoint remote, List<Candidate> xrdps, Namespaces namespaces)
    {
        var found = xrdps
            .DistinctBy(xrdp => xrdp.NetNamespace).Take(NetNamespaces)
            .Select(xrdp => namespaces.Of(xrdp.Pid, xrdp.NetNamespace)?.FindTcp(remote, local))
            .OfType<uint>().Take(2).ToArray();
        return found is [var inode] ? inode : null;
    }

    private static Dictionary<uint, List<Candidate>> Holders(
        IEnumerable<Candidate> candidates, HashSet<uint> wanted, int descriptors, Deadline deadline)
    {
        var holders = new Dictionary<uint, List<Candidate>>();
        foreach (var candidate in candidates)
        {
            if (wanted.Count == 0 || deadline.Passed)
                break;
            using var process = ProcFs.Open(candidate.Pid);
            if (process?.Executable != candidate.Executable)
                continue;
            foreach (var inode in process.Sockets(descriptors).Distinct().Where(wanted.Contains))
            {
                if (holders.TryGetValue(inode, out var others))
                    others.Add(candidate);
                else
                    holders.Add(inode, [candidate]);
            }
        }
        return holders;
    }

    // xrdp forks for each connection, and parent and child hold it both for a moment.
    private static Candidate? Youngest(List<Candidate> holders) => holders switch
    {
        [var only] => only,
        [var a, var b] when a.Parent == b.Pid => a,
        [var a, var b] when b.Parent == a.Pid => b,
        _ => null,
    };

    private static XServer? XServerOf(
        Candidate xrdp, uint backEnd, ILookup<uint, Candidate> xServers, Namespaces namespaces, Deadline deadline)
    {
        using var process = ProcFs.Open(xrdp.Pid);
        if (process?.Executable != xrdp.Executable || namespaces.Of(xrdp.Pid, xrdp.NetNamespace) is not { } diag)
            return null;
        var inodes = process.Sockets(XrdpDescriptors).ToHashSet();
        if (!inodes.Remove(backEnd))
            return null;

        var ends = inodes
            .Select(diag.FindUnix).Select(mine => mine?.Peer is { } peer ? diag.FindUnix(peer) : null)
            .OfType<UnixSocket>()
            .Select(end => (End: end, Display: DisplayOf(end.Name)))
            .Where(found => found.Display is not null).Take(2).ToArray();
        if (ends is not [(var end, { } display)])
            return null;

        // The X server accepted the connection as its own user; a kernel that does not say makes us look at all of them.
        var candidates = end.Uid is { } uid ? xServers[uid].Take(XServersOfOneUser) : xServers.SelectMany(ofOneUser => ofOneUser);
        var holders = Holders(candidates, [end.Inode], XServerDescriptors, deadline);
        return holders.TryGetValue(end.Inode, out var found) && Youngest(found) is { } server
            ? new XServer(server.Pid, server.Uid, display)
            : null;
    }

    // xrdp's name for an X server's socket: SOCKDIR/xrdp_display_N.
    private static int? DisplayOf(string? path)
    {
        const string prefix = "xrdp_display_";
        var name = path?[(path.LastIndexOf('/') + 1)..];
        return name?.StartsWith(prefix, StringComparison.Ordinal) is true
            && int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var display)
            ? display
            : null;
    }

    /// <summary>One sock_diag socket for each network namespace that is asked, for the time of one search.</summary>
    private sealed class Namespaces : IDisposable
    {
        private readonly Dictionary<string, SockDiag?> _opened = [];

        /// <summary>For the namespace of this process, or null if it has left it or is gone.</summary>
        public SockDiag? Of(int pid, string name)
        {
            if (_opened.TryGetValue(name, out var opened))
                return opened;
            using var process = ProcFs.Open(pid);
            using var netNamespace = process?.OpenNetNamespace();
            // Read after opening: what was opened is what is named.
            var diag = netNamespace is null || process!.NetNamespace != name ? null : SockDiag.OpenIn(netNamespace);
            if (diag is not null)
                _opened.Add(name, diag);
            return diag;
        }

        public void Dispose()
        {
            foreach (var diag in _opened.Values)
                diag?.Dispose();
        }
    }
}
