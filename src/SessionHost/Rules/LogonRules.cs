using Ostiary.Contracts.Certificates;

namespace Ostiary.SessionHost.Rules;

/// <summary>What the license servers say of a person.</summary>
public enum LogonServerAnswer
{
    /// <summary>They were not asked yet.</summary>
    NotAsked,

    /// <summary>A User CAL.</summary>
    Grants,

    Refuses,

    /// <summary>None of those that are configured answers, or the one whose lease this host keeps does not and no other one grants.</summary>
    Silent,

    /// <summary>None is configured.</summary>
    NoneConfigured,
}

/// <summary>Everything that a logon rule looks at.</summary>
/// <param name="Mode">The host's licensing mode.</param>
/// <param name="Administrative">The logon belongs to a connection that asked for an administrative session.</param>
/// <param name="Administrator">The person is root, or a member of one of the administrators' groups.</param>
/// <param name="SlotFree">Fewer administrative sessions run than may, or one of them is this person's own.</param>
/// <param name="Server">What the license servers say.</param>
/// <param name="LeaseValid">The host keeps a lease of this person that is not over, serves its version and is of a pinned license server.</param>
/// <param name="GraceRuns">The grace period runs, or would begin now.</param>
public sealed record LogonFacts(
    LicensingMode Mode, bool Administrative, bool Administrator, bool SlotFree, LogonServerAnswer Server, bool LeaseValid, bool GraceRuns);

/// <summary>
/// The decision table of <c>docs/rules.md</c> for logons, first match wins. Pure: the facts in, the decision out. The tests read that page.
/// </summary>
public static class LogonRules
{
    public static Ruling Decide(LogonFacts facts)
    {
        if (facts.Administrative)
        {
            return facts is { Administrator: true, SlotFree: true }
                ? new("U1", RuleOutcome.Admit, ToClient.Nothing)
                : new("U1", RuleOutcome.Refuse, ToClient.NoLicense);
        }

        if (facts.Mode == LicensingMode.PerDevice)
            return new("U2", RuleOutcome.Admit, ToClient.Nothing);

        return facts.Server switch
        {
            LogonServerAnswer.NotAsked => new("", RuleOutcome.Ask, ToClient.Nothing),
            LogonServerAnswer.Grants => new("U3", RuleOutcome.Admit, ToClient.Nothing),
            LogonServerAnswer.Silent when facts.LeaseValid => new("U4", RuleOutcome.Admit, ToClient.Nothing),
            _ when facts.GraceRuns => new("U5", RuleOutcome.Admit, ToClient.Nothing),
            LogonServerAnswer.Refuses => new("U6", RuleOutcome.Refuse, ToClient.NoLicense),
            _ => new("U7", RuleOutcome.Refuse, ToClient.NoLicenseServer),
        };
    }
}
