namespace Ostiary.Clearinghouse.Storage;

/// <summary>How often something wrong was tried. All nodes of a clearinghouse have one count.</summary>
internal interface IWrongKeyCounts
{
    /// <summary>Counts one more.</summary>
    /// <param name="bucket">What is counted by: may be a part of a product key.</param>
    /// <param name="now">The time.</param>
    /// <param name="window">After which it is forgotten.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>How often since nothing was tried for as long as the window.</returns>
    ValueTask<int> CountAsync(string bucket, DateTimeOffset now, TimeSpan window, CancellationToken cancellation);
}

/// <summary>In memory, for a clearinghouse of one node: a restart forgets ten minutes of tries, and spares the file a write for each.</summary>
internal sealed class WrongKeyMemory : IWrongKeyCounts
{
    /// <summary>What is remembered; when there is more, all is forgotten.</summary>
    private const int MaxRemembered = 10_000;

    private readonly Dictionary<string, (int Count, DateTimeOffset Last)> _wrong = [];
    private readonly Lock _lock = new();

    public ValueTask<int> CountAsync(string bucket, DateTimeOffset now, TimeSpan window, CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_wrong.Count >= MaxRemembered)
                _wrong.Clear();
            // A clock that was set back must not slow anybody down for long.
            var count = _wrong.TryGetValue(bucket, out var before) && before.Last <= now && now - before.Last < window ? before.Count + 1 : 1;
            _wrong[bucket] = (count, now);
            return ValueTask.FromResult(count);
        }
    }
}

/// <summary>A count of wrong tries (table <c>wrongkeys</c>, PostgreSQL only).</summary>
internal sealed class WrongKeyRow
{
    /// <summary>SHA-256 of what is counted by, so that no part of a key stands there to be read.</summary>
    public required byte[] Bucket { get; init; }

    public required int Count { get; init; }

    public required DateTimeOffset LastAt { get; init; }
}
