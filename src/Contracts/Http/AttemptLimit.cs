using System.Net;
using System.Net.Sockets;

namespace Ostiary.Contracts.Http;

/// <summary>
/// Attempts in any 60 seconds, by address; of IPv6 by /64, since whoever has one address there has them all.
/// The memory is bounded: when over <see cref="MaxAddresses"/> addresses are remembered, further ones share one count.
/// </summary>
/// <param name="limit">Attempts in 60 seconds.</param>
/// <param name="time">The clock.</param>
public sealed class AttemptLimit(int limit, TimeProvider time)
{
    public const int MaxAddresses = 10_000;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    private readonly Dictionary<IPAddress, Queue<DateTimeOffset>> _attempts = [];
    private readonly Lock _lock = new();

    public int Limit => limit;

    /// <summary>Counts an attempt; false when there were too many, with the time after which one is free again. Refused attempts do not count.</summary>
    public bool TryTake(IPAddress address, out TimeSpan retryAfter)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var key = KeyOf(address);
            if (!_attempts.TryGetValue(key, out var taken))
            {
                if (_attempts.Count >= MaxAddresses)
                    ForgetIdle(now);
                if (_attempts.Count >= MaxAddresses)
                    key = IPAddress.None;
                if (!_attempts.TryGetValue(key, out taken))
                    _attempts.Add(key, taken = new());
            }

            // A clock that was set back must not lock anybody out.
            while (taken.TryPeek(out var oldest) && (oldest <= now - Window || oldest > now))
                taken.Dequeue();
            if (taken.Count >= limit)
            {
                retryAfter = taken.Peek() + Window - now;
                return false;
            }

            taken.Enqueue(now);
            retryAfter = default;
            return true;
        }
    }

    private void ForgetIdle(DateTimeOffset now)
    {
        foreach (var (address, taken) in _attempts)
            if (taken.All(attempt => attempt <= now - Window || attempt > now))
                _attempts.Remove(address);
    }

    private static IPAddress KeyOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
