using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Policy;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Policy;

/// <summary>The policy files of the license server's machine, and what is in force of them and of what an administrator has set in the ledger.</summary>
internal sealed class MachinePolicy
{
    private readonly PolicyFiles _files;
    private volatile PolicyReading _reading;
    private volatile Computed? _last;

    public MachinePolicy(LicenseServerOptions options)
    {
        _files = new(options.DomainPolicyFiles, options.LocalPolicyFile, options.ReadWindowsPolicy);
        _reading = _files.Read();
    }

    public IReadOnlyList<PolicyFault> Faults => _reading.Faults;

    /// <summary>Reads the files again where one of them has changed, or at all events.</summary>
    /// <returns>Whether they were read.</returns>
    public bool Refresh(bool always)
    {
        lock (_files)
        {
            if (!always && !_files.HaveChanged)
                return false;
            _reading = _files.Read();
            return true;
        }
    }

    /// <summary>What is in force.</summary>
    /// <param name="set">What an administrator has set in the ledger.</param>
    public ServerPolicyInForce InForce(ServerPolicy set)
    {
        var reading = _reading;
        // It is asked for at each decision, and changes once in a year.
        if (_last is { } last && last.Reading == reading && last.Set == SetOf(set))
            return last.InForce;
        var policy = Explain(reading, set).Winners;
        var inForce = new ServerPolicyInForce(policy.OverUse!.Value, policy.PreventLicenseUpgrade!.Value, policy.SecurityGroup!.Value);
        _last = new(reading, SetOf(set), inForce);
        return inForce;
    }

    /// <summary>The same with where it comes from.</summary>
    public IReadOnlyList<EffectiveValue> Explain(ServerPolicy set) => Explain(_reading, set).Values;

    private static EffectivePolicy Explain(PolicyReading reading, ServerPolicy set)
    {
        List<PolicySourceValues> sources = [.. reading.Sources, new(PolicySource.Default, "default", PolicyCatalogue.Defaults)];
        if (set.LedgerNumber > 0)
            sources.Add(new(
                PolicySource.LicenseServer, "ostiary server policy set",
                new(SecurityGroup: set.SecurityGroup, PreventLicenseUpgrade: set.PreventLicenseUpgrade, OverUse: set.UserOverUse)));
        return EffectivePolicy.Of(sources.Select(source => source with { Values = OfServers(source.Values) }));
    }

    private static ServerPolicyInForce? SetOf(ServerPolicy set) => set.LedgerNumber > 0 ? new(set.UserOverUse, set.PreventLicenseUpgrade, set.SecurityGroup) : null;

    // A session host's values are shown where the session host is.
    private static PolicyValues OfServers(PolicyValues values) => new(SecurityGroup: values.SecurityGroup, PreventLicenseUpgrade: values.PreventLicenseUpgrade, OverUse: values.OverUse);

    private sealed record Computed(PolicyReading Reading, ServerPolicyInForce? Set, ServerPolicyInForce InForce);
}

/// <summary>What is in force at a license server.</summary>
internal sealed record ServerPolicyInForce(UserOverUse UserOverUse, bool PreventLicenseUpgrade, bool SecurityGroup);

/// <summary>Reads the policy files when one of them changes, and every 90 minutes.</summary>
internal sealed class MachinePolicyUpkeep(Ledger ledger, TimeProvider time, ILogger<MachinePolicyUpkeep> logger) : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ReadEvery = TimeSpan.FromMinutes(90);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Tell();
        var read = time.GetUtcNow();
        // Files change by the time of the machine that they are on.
        using var timer = new PeriodicTimer(LookEvery, TimeProvider.System);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            if (!ledger.MachinePolicy.Refresh(always: time.GetUtcNow() - read >= ReadEvery))
                continue;
            read = time.GetUtcNow();
            Tell();
        }
    }

    private void Tell()
    {
        foreach (var fault in ledger.MachinePolicy.Faults)
            Log.PolicyFault(logger, fault.Origin, fault.Field, fault.Detail);
    }
}
