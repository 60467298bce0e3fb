using Microsoft.Extensions.Logging;
using Ostiary.SessionHost.Gateway;

namespace Ostiary.SessionHost.Logon;

/// <summary>
/// Which connection a logon belongs to that is being asked about, before there is an X server: hook → sesman → the connection that sesman
/// serves → the xrdp process at its other end → the gateway's socket. Every step is the kernel's word, and where it leaves a doubt there is
/// no answer.
/// </summary>
internal sealed class ConnectionSearch(SessionHostOptions options, LiveSessions sessions, TimeProvider time, ILogger<ConnectionSearch> logger) : IDisposable
{
    /// <summary>The kernel answers within milliseconds; a helper that hangs costs a logon no more than this.</summary>
    private static readonly TimeSpan SearchTime = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _oneQuestion = new(1, 1);
    private readonly KernelHelperClient? _helper = options.KernelHelper is { } socket ? new(socket, time) : null;

    /// <summary>The connection, or null.</summary>
    /// <param name="hook">The hook's process id, as the kernel names the peer of its socket.</param>
    /// <param name="cancellation">Ends the search.</param>
    public async Task<LiveSession?> FindAsync(int hook, CancellationToken cancellation)
    {
        if (_helper is null || hook <= 0)
            return null;
        using var limit = new CancellationTokenSource(SearchTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            await _oneQuestion.WaitAsync(either.Token).ConfigureAwait(false);
            try
            {
                return await AskAsync(_helper, hook, either.Token).ConfigureAwait(false);
            }
            finally
            {
                _oneQuestion.Release();
            }
        }
        catch (Exception failure) when (failure is IOException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            Log.LogonBroken(logger, failure.Message);
            return null;
        }
    }

    public void Dispose()
    {
        _helper?.Dispose();
        _oneQuestion.Dispose();
    }

    private async Task<LiveSession?> AskAsync(KernelHelperClient helper, int hook, CancellationToken cancellation)
    {
        var asked = sessions.Untied().Take(KernelHelperClient.MostEntries)
            .Select(session => (Session: session, End: FarEnd.Of(session, logger))).Where(entry => entry.End is not null).ToList();
        if (asked.Count == 0)
            return null;
        var kernel = await helper.AskAsync([.. asked.Select(entry => entry.End!)], hook, cancellation).ConfigureAwait(false);
        if (kernel.LogonXrdp is not { } xrdp)
            return null;
        var found = asked.Where((_, i) => kernel.BackEnds[i].Xrdp == xrdp).Take(2).ToList();
        return found is [var (only, _)] ? only : null;
    }
}
