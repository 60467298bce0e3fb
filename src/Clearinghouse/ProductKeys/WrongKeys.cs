using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.ProductKeys;

/// <summary>
/// Wrong product keys and agreement numbers slow down whoever tries them: by the key's first two groups and by the license server, whatever the address.
/// Only the wrong answer waits. What is right is answered at once, so that nobody can lock a customer out by trying their key.
/// </summary>
internal sealed class WrongKeys(TimeProvider time)
{
    /// <summary>Wrong ones in <see cref="Window"/> that are answered at once: people mistype, though check symbols find most of it before.</summary>
    public const int Free = 5;

    /// <summary>Keys and license servers that are remembered; when there are more, all are forgotten.</summary>
    private const int MaxRemembered = 10_000;

    private const int PrefixLength = 11;

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, (int Count, DateTimeOffset Last)> _wrong = [];
    private readonly Lock _lock = new();

    /// <summary>Counts a wrong product key, and waits as long as it is to be waited.</summary>
    public Task WaitAsync(ProductKey key, LicenseServerId? licenseServer, CancellationToken cancellation)
        => WaitAsync([key.Text[..PrefixLength], .. Bucket(licenseServer)], cancellation);

    /// <summary>Counts agreement numbers that are none of this license server's.</summary>
    public Task WaitAsync(LicenseServerId licenseServer, CancellationToken cancellation) => WaitAsync(Bucket(licenseServer), cancellation);

    private static IEnumerable<string> Bucket(LicenseServerId? licenseServer) => licenseServer is null ? [] : [licenseServer.Text];

    private Task WaitAsync(IEnumerable<string> buckets, CancellationToken cancellation)
    {
        var over = buckets.Select(Count).DefaultIfEmpty(0).Max() - Free;
        return over <= 0 ? Task.CompletedTask : Task.Delay(over * Step < Longest ? over * Step : Longest, time, cancellation);
    }

    private int Count(string bucket)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (_wrong.Count >= MaxRemembered)
                _wrong.Clear();
            // A clock that was set back must not slow anybody down for long.
            var count = _wrong.TryGetValue(bucket, out var before) && before.Last <= now && now - before.Last < Window ? before.Count + 1 : 1;
            _wrong[bucket] = (count, now);
            return count;
        }
    }
}
