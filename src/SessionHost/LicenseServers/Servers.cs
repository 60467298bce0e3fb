using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.Storage;

namespace Ostiary.SessionHost.LicenseServers;

/// <summary>
/// The license servers that this host joined, in the order in which they are asked. The list is replaced as a whole; a link that is
/// replaced is left to the collector, since a question may be under way.
/// </summary>
internal sealed class Servers(SessionHostOptions options, HostKey key, Store store, TimeProvider time, ILogger<Servers> logger) : IHostedService
{
    private volatile IReadOnlyList<ServerLink> _links = [];

    public IReadOnlyList<ServerLink> Links => _links;

    public IReadOnlyCollection<KeyFingerprint> Pinned => [.. _links.Select(link => link.Fingerprint)];

    /// <summary>The host's version, as its first license server set it; the newest while there is none.</summary>
    public CalVersion HostVersion => _links is [var first, ..] ? first.Version : CalVersion.Newest;

    public X509Certificate2? RootOf(KeyFingerprint server) => _links.FirstOrDefault(link => link.Fingerprint == server)?.Root;

    public Task StartAsync(CancellationToken cancellationToken) => ReloadAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Takes the memberships from the database. A server whose membership has not changed keeps its link.</summary>
    public async Task ReloadAsync(CancellationToken cancellation)
    {
        await using var db = store.Open();
        var rows = await db.Memberships.AsNoTracking().OrderBy(row => row.Position).ToListAsync(cancellation).ConfigureAwait(false);
        var links = _links;
        _links = [.. rows.Select(row => links.FirstOrDefault(link => link.IsOf(row)) ?? new ServerLink(row, key, options, store, time, logger))];
    }

    /// <summary>
    /// Asks each server in its turn, the issuer of the presented CAL first, until one grants. All of them together have
    /// <see cref="SessionHostOptions.AskTime"/>. Silent ones are passed over for <see cref="SessionHostOptions.SilenceTime"/>.
    /// </summary>
    public async Task<ServerReply> AskAsync(DeviceClaim device, byte[]? presented, KeyFingerprint? issuer, CancellationToken cancellation)
    {
        var links = _links;
        if (links.Count == 0)
            return new ServerReply.NoneConfigured();

        using var limit = new CancellationTokenSource(options.AskTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var silent = new List<string>();
        ServerReply.Refused? refused = null;
        foreach (var link in links.OrderByDescending(link => link.Fingerprint == issuer))
        {
            if (link.SilentSince is { } since && time.GetUtcNow() - since < options.SilenceTime)
            {
                silent.Add($"{link.Address} has been silent since {since:u}");
                continue;
            }

            try
            {
                var request = new DeviceCalRequest(Guid.NewGuid(), device, presented);
                var answer = await link.RequestDeviceCalAsync(request, either.Token).ConfigureAwait(false);
                if (answer.Granted is { } granted)
                    return new ServerReply.Granted(link.Fingerprint, granted, answer.Head.Number);
                refused ??= new(link.Address.AbsoluteUri, answer.Refused!.Value, answer.Detail);
            }
            catch (ProblemException problem)
            {
                silent.Add(problem.Message);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                link.FellSilent();
                silent.Add($"{link.Address} did not answer within {options.AskTime.TotalSeconds:0.#} s");
                break;
            }
        }

        return refused ?? (ServerReply)new ServerReply.Silent(string.Join("; ", silent));
    }
}
