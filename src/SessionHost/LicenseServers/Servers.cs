using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Policy;
using Ostiary.SessionHost.Policy;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// The license servers that this host joined, in the order in which they are asked. The list is replaced as a whole; a link that is
/// replaced is left to the collector, since a question may be under way.
/// </summary>
internal sealed class Servers(SessionHostOptions options, PolicyInForce policy, HostKey key, Store store, TimeProvider time, ILogger<Servers> logger) : IHostedService
{
    private volatile IReadOnlyList<ServerLink> _links = [];

    public IReadOnlyList<ServerLink> Links => _links;

    /// <summary>Those that are asked for CALs, in order: all, or those that policy names.</summary>
    public IReadOnlyList<ServerLink> Asked
    {
        get
        {
            var links = _links;
            return policy.LicenseServers is { } named
                ? [.. named.SelectMany(name => links.Where(link => LicenseServerName.Names(name, link.Address))).Distinct()]
                : links;
        }
    }

    /// <summary>License servers that policy names, and whose key this host has not pinned by joining: it cannot ask them.</summary>
    public IReadOnlyList<string> NotJoined
    {
        get
        {
            var links = _links;
            return [.. (policy.LicenseServers ?? []).Where(name => !links.Any(link => LicenseServerName.Names(name, link.Address)))];
        }
    }

    /// <summary>The pinned keys and those before them.</summary>
    public IReadOnlyCollection<KeyFingerprint> Pinned => [.. _links.SelectMany(link => link.Keys)];

    /// <summary>A key that was followed because somebody else has it: what it signed is looked up at the license server.</summary>
    public bool IsClaim(KeyFingerprint key) => _links.SelectMany(link => link.Predecessors).Any(before => before.Fingerprint == key && !before.Proves);

    /// <summary>The host's version, as its first license server set it; the newest while there is none.</summary>
    public CalVersion HostVersion => _links is [var first, ..] ? first.Version : CalVersion.Newest;

    /// <summary>How this host asks for CALs: as policy says, else as its first license server set it; per device while there is none.</summary>
    public LicensingMode Mode => policy.Mode ?? (_links is [var first, ..] ? first.Mode : LicensingMode.PerDevice);

    /// <summary>The link that is in use now to the server of a link that may have been replaced meanwhile.</summary>
    public ServerLink Current(ServerLink link) => LinkOf(link.Fingerprint) ?? link;

    /// <summary>The keys of those that the publisher has not revoked, also those of before, as far as nobody else has them.</summary>
    public IReadOnlyCollection<KeyFingerprint> Good => [.. _links.Where(link => link.Revoked is null).SelectMany(link => link.ProvingKeys)];

    /// <summary>The link to the license server that has this key, or had it before.</summary>
    public ServerLink? LinkOf(KeyFingerprint server) => _links.FirstOrDefault(link => link.Fingerprint == server) ?? _links.FirstOrDefault(link => link.Has(server));

    public Task StartAsync(CancellationToken cancellationToken) => ReloadAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Takes the memberships from the database. A server whose membership has not changed keeps its link.</summary>
    public async Task ReloadAsync(CancellationToken cancellation)
    {
        await using var db = store.Open();
        var rows = await db.Memberships.AsNoTracking().OrderBy(row => row.Position).ToListAsync(cancellation).ConfigureAwait(false);
        var predecessors = (await db.Predecessors.AsNoTracking().OrderBy(row => row.FollowedAt).ToListAsync(cancellation).ConfigureAwait(false)).ToLookup(row => row.Successor);
        var links = _links;
        _links = [.. rows.Select(row => links.FirstOrDefault(link => link.IsOf(row, [.. predecessors[row.Fingerprint]])) ?? Make(row, predecessors[row.Fingerprint], links))];
    }

    private ServerLink Make(MembershipRow row, IEnumerable<PredecessorRow> predecessors, IReadOnlyList<ServerLink> earlier)
    {
        var made = new ServerLink(row, predecessors, key, options, store, time, logger);
        if ((earlier.FirstOrDefault(link => link.Fingerprint == made.Fingerprint) ?? earlier.FirstOrDefault(link => made.Has(link.Fingerprint))) is { } replaced)
            made.TakeOver(replaced);
        return made;
    }
}
