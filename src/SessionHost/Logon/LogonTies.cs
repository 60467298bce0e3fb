using System.Collections.Concurrent;
using System.ComponentModel;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Kernel;
using Ostiary.SessionHost.Gateway;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.Logon;

/// <summary>
/// Ties logons to connections. Two witnesses must agree on the user id: the PAM hook, that a password was good within the last minute, and
/// the kernel, that the X server behind a connection is that user's. Logs are never one; either witness alone ties nothing.
/// </summary>
internal sealed class LogonTies(
    SessionHostOptions options, LiveSessions sessions, Store store, Validations validations, TimeProvider time, ILogger<LogonTies> logger) : BackgroundService
{
    /// <summary>At the hook's own time there is no X server yet: it is looked for so often and so long.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LookFor = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<uint, (string User, DateTimeOffset At)> _reports = new();
    private readonly SemaphoreSlim _reported = new(0, 1);
    private bool _helperFailed;

    /// <summary>A logon that the hook reported. Returns at once.</summary>
    public void Report(LogonReport report)
    {
        Log.LogonReported(logger);
        _reports[report.Uid] = (report.User, time.GetUtcNow());
        try
        {
            _reported.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake already.
        }
    }

    public override void Dispose()
    {
        _reported.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.KernelHelper is not { } socket)
        {
            Log.NoKernelHelper(logger);
            return;
        }

        using var helper = new KernelHelperClient(socket, time);
        while (true)
        {
            await _reported.WaitAsync(stoppingToken).ConfigureAwait(false);
            while (HasFreshReports())
            {
                await LookAsync(helper, stoppingToken).ConfigureAwait(false);
                await Task.Delay(LookEvery, time, stoppingToken).ConfigureAwait(false);
            }
        }
    }

    private bool HasFreshReports()
    {
        var now = time.GetUtcNow();
        foreach (var (uid, report) in _reports)
            if (now - report.At > LookFor)
                _reports.TryRemove(new(uid, report));
        return !_reports.IsEmpty;
    }

    private async Task LookAsync(KernelHelperClient helper, CancellationToken stopping)
    {
        var asked = new List<LiveSession>();
        var ends = new List<BackEndEnd>();
        foreach (var session in sessions.Untied().Take(KernelHelperClient.MostEntries))
            if (FarEnd(session) is { } end)
            {
                asked.Add(session);
                ends.Add(end);
            }

        if (asked.Count == 0)
            return;
        try
        {
            var users = await helper.AskAsync(ends, stopping).ConfigureAwait(false);
            _helperFailed = false;
            for (var i = 0; i < asked.Count; i++)
                if (users[i] is { } uid && _reports.TryGetValue(uid, out var report))
                    await TieAsync(asked[i], report.User).ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            if (!_helperFailed)
                Log.KernelHelperFailed(logger, failure.Message);
            _helperFailed = true;
        }
    }

    // Our own socket's peer, as the kernel numbers it. xrdp accepts late: until then there is none.
    private BackEndEnd? FarEnd(LiveSession session)
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

    private async Task TieAsync(LiveSession session, string user)
    {
        if (!session.TryTie())
            return;
        session.LogonDecided();
        Log.LogonTied(logger, session.Id);
        await store.KeepAsync(async db =>
        {
            if (await db.Sessions.FindAsync(session.Id).ConfigureAwait(false) is { } row)
                row.Account = user;
        }).ConfigureAwait(false);
        if (session is { Temporary: true, Serial: { } serial, LicenseServer: { } server })
            await validations.AddAsync(server, serial, user).ConfigureAwait(false);
    }
}
