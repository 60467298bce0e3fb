using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Policy;
using Ostiary.Contracts.Problems;
using Ostiary.SessionHost.LicenseServers;

namespace Ostiary.SessionHost.Policy;

/// <summary>
/// Reads policy at start, when a file changes, when told to, and every 90 minutes. Asks the license servers for the group's policy at start, when told to, and
/// whenever one has answered for its revocation list, which it does at once when a group's policy has changed. What it said is kept on disk, and counts while it
/// is away.
/// </summary>
internal sealed class PolicyUpkeep : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReadEvery = TimeSpan.FromMinutes(90);

    private readonly PolicyInForce _inForce;
    private readonly PolicyFiles _files;
    private readonly GroupPolicies _groups;
    private readonly Servers _servers;
    private readonly SessionHostOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<PolicyUpkeep> _logger;
    private readonly SemaphoreSlim _one = new(1);
    private HashSet<PolicyFault> _told = [];
    private volatile bool _mayHaveChanged;

    public PolicyUpkeep(PolicyInForce inForce, GroupPolicies groups, Servers servers, SessionHostOptions options, TimeProvider time, ILogger<PolicyUpkeep> logger)
    {
        (_inForce, _groups, _servers, _options, _time, _logger) = (inForce, groups, servers, options, time, logger);
        _files = new(options.DomainPolicyFiles, options.LocalPolicyFile, options.ReadWindowsPolicy);
        // In force before the first client comes.
        Apply(_files.Read());
    }

    /// <summary>A license server has answered: it may have something new to say.</summary>
    public void MayHaveChanged() => _mayHaveChanged = true;

    /// <summary>Reads everything again, asks the license servers too, and applies it.</summary>
    /// <param name="force">
    /// Also fetches the revocation lists, at silent license servers, too: whoever answers is asked for CALs again from here on. What a restart would bring, and
    /// no session ends.
    /// </param>
    /// <param name="cancellation">Whoever asked has gone.</param>
    public async Task<HostPolicyReport> UpdateAsync(bool force, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            var unreached = await AskAsync(_servers.Links, force, cancellation).ConfigureAwait(false);
            var changed = Apply(_files.Read());
            return Report() with { Changed = changed, Unreached = unreached };
        }
        finally
        {
            _one.Release();
        }
    }

    public HostPolicyReport Report()
    {
        var invitation = _servers.Links is [var first, ..]
            ? new PolicySourceValues(PolicySource.Configuration, $"invitation of {first.Address.Authority}", new(LicensingMode: first.Mode))
            : null;
        return new(_inForce.Explain(invitation).Values, [.. _inForce.Files.Faults], _servers.NotJoined, _inForce.Group?.Group, _inForce.ReadAt);
    }

    public override void Dispose()
    {
        _one.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(LookEvery, _time);
        do
        {
            await _one.WaitAsync(stoppingToken).ConfigureAwait(false);
            try
            {
                if (_mayHaveChanged)
                {
                    _mayHaveChanged = false;
                    await AskAsync([.. _servers.Links.Where(link => link.SilentSince is null)], alsoRevocations: false, stoppingToken).ConfigureAwait(false);
                }

                if (_files.HaveChanged || _groups.Current(_servers) != _inForce.Group || _time.GetUtcNow() - _inForce.ReadAt >= ReadEvery)
                    Apply(_files.Read());
            }
            finally
            {
                _one.Release();
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    private List<string> Apply(PolicyReading files)
    {
        var before = _inForce.Explain(null);
        _inForce.Set(files, _groups.Current(_servers), _time.GetUtcNow());
        var changed = _inForce.Explain(null).Values.Where(value => before.Find(value.Name)?.Value != value.Value)
            .Concat(before.Values.Where(value => _inForce.Explain(null).Find(value.Name) is null)).ToList();
        foreach (var value in changed)
            if (_inForce.Explain(null).Find(value.Name) is { } now)
                Log.PolicyChanged(_logger, now.Name, now.Value, now.Origin);
        foreach (var fault in files.Faults.Where(fault => !_told.Contains(fault)))
            Log.PolicyFault(_logger, fault.Origin, fault.Field, fault.Detail);
        _told = [.. files.Faults];
        return [.. changed.Select(value => value.Name)];
    }

    private async Task<List<string>> AskAsync(IReadOnlyList<ServerLink> links, bool alsoRevocations, CancellationToken cancellation)
    {
        var unreached = new List<string>();
        foreach (var link in links.Where(link => link.Revoked is null))
        {
            using var limit = new CancellationTokenSource(_options.AskTime, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
            try
            {
                _groups.Keep(link, await link.AskPolicyAsync(either.Token).ConfigureAwait(false));
                if (alsoRevocations)
                    await link.PullRevocationsAsync(0, either.Token).ConfigureAwait(false);
            }
            catch (ProblemException problem)
            {
                Log.PolicyNotAsked(_logger, link.Address.Authority, problem.Message);
                unreached.Add(link.Address.Authority);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                Log.PolicyNotAsked(_logger, link.Address.Authority, "no answer in time");
                unreached.Add(link.Address.Authority);
            }
        }

        return unreached;
    }
}
