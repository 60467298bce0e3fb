using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Policy;

namespace Ostiary.SessionHost.Policy;

/// <summary>What policy says now. It is replaced as a whole, and asked anew at each decision: a session that runs is not touched by it.</summary>
internal sealed class PolicyInForce
{
    private readonly PolicySourceValues _settings;
    private volatile State _state;

    public PolicyInForce(SessionHostOptions options)
    {
        _settings = new(PolicySource.Configuration, "settings of the session host", new(Observe: options.Observe));
        _state = new(PolicyReading.Nothing, null, DateTimeOffset.MinValue, PolicyValues.None);
        Set(PolicyReading.Nothing, null, DateTimeOffset.MinValue);
    }

    /// <summary>Null where no policy says it: the invitation does, then.</summary>
    public LicensingMode? Mode => _state.Winners.LicensingMode;

    /// <summary>The license servers to ask, in order; null for all that this host joined.</summary>
    public IReadOnlyList<string>? LicenseServers => _state.Winners.LicenseServers;

    public bool Observe => _state.Winners.Observe ?? PolicyCatalogue.Defaults.Observe!.Value;

    public bool Notifications => _state.Winners.Notifications ?? PolicyCatalogue.Defaults.Notifications!.Value;

    public int GraceWarningDays => _state.Winners.GraceWarningDays ?? PolicyCatalogue.Defaults.GraceWarningDays!.Value;

    public PolicyReading Files => _state.Files;

    public GroupPolicy? Group => _state.Group;

    public DateTimeOffset ReadAt => _state.ReadAt;

    /// <summary>Puts what was read in force.</summary>
    public void Set(PolicyReading files, GroupPolicy? group, DateTimeOffset now)
    {
        var sources = Sources(files, group);
        _state = new(files, group, now, EffectivePolicy.Of(sources).Winners);
    }

    /// <summary>Everything, down to the defaults, for who shows it.</summary>
    /// <param name="invitation">The mode that the host's certificate names; null where it joined nowhere.</param>
    public EffectivePolicy Explain(PolicySourceValues? invitation)
    {
        var state = _state;
        return EffectivePolicy.Of([
            .. Sources(state.Files, state.Group).Concat(invitation is null ? [] : [invitation])
                .Select(source => source with { Values = OfHosts(source.Values) }),
            new(PolicySource.Default, "default", OfHosts(PolicyCatalogue.Defaults)),
        ]);
    }

    private List<PolicySourceValues> Sources(PolicyReading files, GroupPolicy? group)
    {
        List<PolicySourceValues> sources = [.. files.Sources, _settings];
        if (group is not null)
            sources.Add(new(PolicySource.LicenseServer, $"group {group.Group} at {group.Server}", OfHosts(group.Values)));
        return sources;
    }

    // A license server's values are shown where the license server is.
    private static PolicyValues OfHosts(PolicyValues values) => values with { SecurityGroup = null, PreventLicenseUpgrade = null, OverUse = null };

    private sealed record State(PolicyReading Files, GroupPolicy? Group, DateTimeOffset ReadAt, PolicyValues Winners);
}

/// <summary>What a license server says to a group of its session hosts.</summary>
/// <param name="Server">The license server's address.</param>
/// <param name="Group">The group's name.</param>
/// <param name="Values">What it says.</param>
internal sealed record GroupPolicy(string Server, string Group, PolicyValues Values);
