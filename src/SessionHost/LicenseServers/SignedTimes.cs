using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Clock;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>Asks license servers what time it is when the machine's clock has leapt.</summary>
internal sealed class SignedTimes(
    HostClock clock, Servers servers, Joining joining, SessionHostOptions options, TimeProvider time, ILogger<SignedTimes> logger) : IDisposable
{
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(30);
    private readonly SemaphoreSlim _one = new(1, 1);
    private long? _triedAt;

    /// <summary>Returns at once unless the clock has leapt; then it takes at most the time to connect to each, and is tried once in 30 s until one confirms.</summary>
    public async ValueTask SettleAsync(CancellationToken cancellation)
    {
        if (clock.Unconfirmed is null)
            return;
        await _one.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (clock.Unconfirmed is null || (_triedAt is { } tried && time.GetElapsedTime(tried) < AgainAfter))
                return;
            _triedAt = time.GetTimestamp();
            await AskAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task AskAsync(CancellationToken cancellation)
    {
        foreach (var link in servers.Links)
        {
            using var limit = new CancellationTokenSource(options.ConnectTime, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
            try
            {
                // Over where the license server's clock is: that clock's time is told only to who has a new one.
                if (link.WantsRenewal)
                    await joining.RenewAsync(link, either.Token).ConfigureAwait(false);
                var signed = await servers.Current(link).AskTimeAsync(either.Token).ConfigureAwait(false);
                clock.Confirm(signed);
                _triedAt = null;
                Log.ClockConfirmed(logger, link.Address.Authority, signed);
                return;
            }
            catch (ProblemException problem)
            {
                Log.ClockNotConfirmed(logger, link.Address.Authority, problem.Message);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                Log.ClockNotConfirmed(logger, link.Address.Authority, "no answer in time");
            }
        }
    }
}
