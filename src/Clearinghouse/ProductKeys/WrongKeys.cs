using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Symbols;

namespace Ostiary.Clearinghouse.ProductKeys;

/// <summary>
/// Wrong product keys and agreement numbers slow down whoever tries them: by the key's first two groups and by the license server, whatever the address.
/// Only the wrong answer waits. What is right is answered at once, so that nobody can lock a customer out by trying their key.
/// </summary>
internal sealed class WrongKeys(IWrongKeyCounts counts, TimeProvider time)
{
    /// <summary>Wrong ones in <see cref="Window"/> that are answered at once: people mistype, though check symbols find most of it before.</summary>
    public const int Free = 5;

    private const int PrefixLength = 11;

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Counts a wrong product key, and waits as long as it is to be waited.</summary>
    public Task WaitAsync(ProductKey key, LicenseServerId? licenseServer, CancellationToken cancellation)
        => WaitAsync([key.Text[..PrefixLength], .. Bucket(licenseServer)], cancellation);

    /// <summary>Counts agreement numbers that are none of this license server's.</summary>
    public Task WaitAsync(LicenseServerId licenseServer, CancellationToken cancellation) => WaitAsync(Bucket(licenseServer), cancellation);

    private static IEnumerable<string> Bucket(LicenseServerId? licenseServer) => licenseServer is null ? [] : [licenseServer.Text];

    private async Task WaitAsync(IEnumerable<string> buckets, CancellationToken cancellation)
    {
        var most = 0;
        foreach (var bucket in buckets)
            most = Math.Max(most, await counts.CountAsync(bucket, time.GetUtcNow(), Window, cancellation));
        if (most > Free)
            await Task.Delay((most - Free) * Step < Longest ? (most - Free) * Step : Longest, time, cancellation);
    }
}
