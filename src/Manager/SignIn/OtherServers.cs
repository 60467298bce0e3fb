using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Manager.SignIn;

/// <summary>A license server as a person may use it, with that server's token.</summary>
/// <param name="Address">Its administration, HTTPS.</param>
/// <param name="Pinned">Its key.</param>
/// <param name="Token">Never leaves this process.</param>
/// <param name="Name">The account there.</param>
/// <param name="Role">The account's role there.</param>
/// <param name="ExpiresAt">The token's end.</param>
internal sealed record ServerAccess(Uri Address, KeyFingerprint Pinned, string Token, string Name, AccountRole Role, DateTimeOffset ExpiresAt)
{
    /// <summary>Says nothing: the token is a secret.</summary>
    public override string ToString() => nameof(ServerAccess);
}

/// <summary>The license servers that one person is connected to beside the Manager's own, and which one the pages are about. In memory, until they sign out.</summary>
internal sealed class OtherServers
{
    /// <summary>Each is asked by every tree that is looked at.</summary>
    public const int Most = 20;

    private readonly Lock _lock = new();
    private readonly List<ServerAccess> _connected = [];
    private Uri? _selected;

    public IReadOnlyList<ServerAccess> Connected
    {
        get
        {
            lock (_lock)
                return [.. _connected];
        }
    }

    /// <summary>The one that the pages are about; null for the Manager's own.</summary>
    public ServerAccess? Selected
    {
        get
        {
            lock (_lock)
                return _connected.Find(server => server.Address == _selected);
        }
    }

    /// <summary>Connects, in the place of a connection to the same address.</summary>
    /// <returns>Whether there was room.</returns>
    public bool TryAdd(ServerAccess server)
    {
        lock (_lock)
        {
            _connected.RemoveAll(other => other.Address == server.Address);
            if (_connected.Count >= Most)
                return false;
            _connected.Add(server);
            return true;
        }
    }

    public void Remove(Uri address)
    {
        lock (_lock)
            _connected.RemoveAll(other => other.Address == address);
    }

    /// <summary>From now on the pages are about this one.</summary>
    public void Select(Uri? address)
    {
        lock (_lock)
            _selected = address;
    }
}
