using System.Diagnostics;

namespace Ostiary.EndToEnd.Tests.Deployments;

/// <summary>Waits for what other processes bring about.</summary>
public static class Eventually
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    /// <exception cref="TimeoutException">It did not become true; the message is <paramref name="otherwise"/>'s.</exception>
    public static Task TrueAsync(Func<bool> condition, TimeSpan limit, Func<string> otherwise, CancellationToken cancellation)
        => TrueAsync(() => Task.FromResult(condition()), limit, otherwise, cancellation);

    /// <exception cref="TimeoutException">It did not become true; the message is <paramref name="otherwise"/>'s.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan limit, Func<string> otherwise, CancellationToken cancellation)
    {
        for (var clock = Stopwatch.StartNew(); !await condition(); await Task.Delay(Step, cancellation))
            if (clock.Elapsed > limit)
                throw new TimeoutException(otherwise());
    }
}
