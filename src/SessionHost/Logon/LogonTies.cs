using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.SessionHost.Gateway;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.Logon;

/// <summary>A person who was let on.</summary>
/// <param name="User">The name that NSS returned.</param>
/// <param name="Uid">The user id that NSS returned.</param>
/// <param name="Administrator">Root, or a member of one of the administrators' groups.</param>
/// <param name="Row">The row that admitted.</param>
/// <param name="Serial">The User CAL; null where the row needs none.</param>
/// <param name="At">When.</param>
internal sealed record AdmittedLogon(string User, uint Uid, bool Administrator, string Row, string? Serial, DateTimeOffset At)
{
    /// <summary>Says nothing: it holds a name.</summary>
    public override string ToString() => nameof(AdmittedLogon);
}

/// <summary>
/// Ties logons to connections. Two witnesses must agree on the user id: the PAM hook, that a password was good within the last minute, and
/// the kernel, that the X server behind a connection is that user's. Logs are never one; either witness alone ties nothing.
/// </summary>
internal sealed class LogonTies(
    SessionHostOptions options, LiveSessions sessions, AdministrativeSessions administrative, Store store, Validations validations, TimeProvider time, ILogger<LogonTies> logger) : BackgroundService
{
    /// <summary>At the hook's own time there is no X server yet: it is looked for so often and so long.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LookFor = TimeSpan.FromSeconds(60);

    private readonly ConcurrentDictionary<uint, AdmittedLogon> _reports = new();
    private readonly SemaphoreSlim _reported = new(0, 1);
    private bool _helperFailed;

    /// <summary>A logon that the hook reported and the rules let on. Returns at once.</summary>
    public void Report(AdmittedLogon logon)
    {
        Log.LogonReported(logger);
        _reports[logon.Uid] = logon;
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
            if (FarEnd.Of(session, logger) is { } end)
            {
                asked.Add(session);
                ends.Add(end);
            }

        if (asked.Count == 0)
            return;
        try
        {
            var kernel = await helper.AskAsync(ends, null, stopping).ConfigureAwait(false);
            _helperFailed = false;
            for (var i = 0; i < asked.Count; i++)
                if (kernel.BackEnds[i].Uid is { } uid && _reports.TryGetValue(uid, out var logon))
                    await TieAsync(asked[i], logon).ConfigureAwait(false);
        }
        catch (IOException failure)
        {
            if (!_helperFailed)
                Log.KernelHelperFailed(logger, failure.Message);
            _helperFailed = true;
        }
    }

    private async Task TieAsync(LiveSession session, AdmittedLogon logon)
    {
        if (!await administrative.ProveAsync(session, logon).ConfigureAwait(false) || !session.TryTie())
            return;
        session.LogonDecided();
        Log.LogonTied(logger, session.Id);
        await store.KeepAsync(async db =>
        {
            if (await db.Sessions.FindAsync(session.Id).ConfigureAwait(false) is not { } row)
                return;
            row.Account = logon.User;
            if (logon.Serial is { } serial)
                (row.Rule, row.Serial, row.Temporary) = (logon.Row, serial, false);
            else if (logon.Row != "U2")
                row.Rule = logon.Row;
        }).ConfigureAwait(false);
        if (session is { Temporary: true, Serial: { } temporary, LicenseServer: { } server })
            await validations.AddAsync(server, temporary, logon.User).ConfigureAwait(false);
    }
}
