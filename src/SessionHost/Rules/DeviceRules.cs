using Ostiary.Contracts.Certificates;
namespace Ostiary.SessionHost.Rules;

/// <summary>What a rule decides.</summary>
public enum RuleOutcome
{
    Admit,

    /// <summary>Challenge the device and ask the license servers; no row has matched yet.</summary>
    Ask,

    Refuse,
}

/// <summary>What the client is told.</summary>
public enum ToClient
{
    /// <summary>Nothing yet.</summary>
    Nothing,

    /// <summary>STATUS_VALID_CLIENT: its store stays as it is.</summary>
    ValidClient,

    /// <summary>NEW_LICENSE.</summary>
    NewLicense,

    /// <summary>UPGRADE_LICENSE.</summary>
    UpgradeLicense,

    /// <summary>RDP_NEG_FAILURE, SSL_REQUIRED_BY_SERVER.</summary>
    NegotiationFailure,

    /// <summary>ERR_INVALID_CLIENT and, where the client shows it, 0x102.</summary>
    NoLicense,

    /// <summary>ERR_NO_LICENSE_SERVER and, where the client shows it, 0x101.</summary>
    NoLicenseServer,
}

/// <summary>A decision.</summary>
/// <param name="Row">The row of <c>docs/rules.md</c>; empty for <see cref="RuleOutcome.Ask"/>.</param>
/// <param name="Outcome">What is decided.</param>
/// <param name="ToClient">What the client is told.</param>
public sealed record Ruling(string Row, RuleOutcome Outcome, ToClient ToClient);

/// <summary>The decision table of <c>docs/rules.md</c> for devices, first match wins. Pure: the facts in, the decision out. The tests read that page.</summary>
public static class DeviceRules
{
    /// <summary>The row of a connection to a per-user host, whose right is decided at the logon.</summary>
    public const string AtLogonRow = "U";

    public static Ruling Decide(DeviceFacts facts)
    {
        if (!facts.OffersTls)
            return new("1", RuleOutcome.Refuse, ToClient.NegotiationFailure);
        if (facts.Administrative)
            return new("2", RuleOutcome.Admit, ToClient.ValidClient);
        if (facts.Mode == LicensingMode.PerUser)
            return new(AtLogonRow, RuleOutcome.Admit, ToClient.ValidClient);
        if (facts is { Cal: CalQuality.Good, Revocation: Revocation.Clear })
            return new("3", RuleOutcome.Admit, ToClient.ValidClient);

        return facts.Server switch
        {
            ServerAnswer.NotAsked => new("", RuleOutcome.Ask, ToClient.Nothing),
            ServerAnswer.GrantsSame => new("4", RuleOutcome.Admit, ToClient.ValidClient),
            ServerAnswer.GrantsNew => new("4", RuleOutcome.Admit, Storing(facts.Store)),
            ServerAnswer.Silent when StillHeld(facts) => new("5", RuleOutcome.Admit, ToClient.ValidClient),
            _ when facts.Grace != GraceStanding.Ended => new("6", RuleOutcome.Admit, ToClient.ValidClient),
            ServerAnswer.Refuses => new("7", RuleOutcome.Refuse, ToClient.NoLicense),
            _ => new("8", RuleOutcome.Refuse, ToClient.NoLicenseServer),
        };
    }

    private static bool StillHeld(DeviceFacts facts)
        => (facts.Cal is CalQuality.Good or CalQuality.EndsSoon or CalQuality.Temporary && facts.Revocation != Revocation.Revoked) || facts.ReceiptValid;

    // A license that is not ours is never replaced: what is granted stays at server and host.
    private static ToClient Storing(ClientStore store) => store switch
    {
        ClientStore.None => ToClient.NewLicense,
        ClientStore.Ours => ToClient.UpgradeLicense,
        _ => ToClient.ValidClient,
    };
}
