using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Diagnoser;
using static Ostiary.Contracts.Diagnosis.OutsideFindings;

namespace Ostiary.Roles.Tests.Diagnosis;

/// <summary>What only somebody outside sees, seeded into what was seen.</summary>
internal static class OutsideFaults
{
    private const string Gateway = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly ClearinghouseStatus Well = new("https://clearinghouse.example/", "Example", Gateway, Gateway, Now.AddDays(500), 1, 1, 1, SignerReachable: true);

    public static IReadOnlyList<SeededFault> All { get; } =
    [
        Role(RoleNotRunning, RoleState.NotRunning),
        Role(RoleAccessDenied, RoleState.Denied),
        Rdp(RdpUnreachable, RdpProgress.Unreachable),
        Rdp(RdpNotSpoken, RdpProgress.NotRdp),
        Rdp(RdpWithoutTls, RdpProgress.NoTls),
        Rdp(LicensingNotAsked, RdpProgress.OtherLicensing),
        Rdp(LicensingNotAsked, RdpProgress.PassesWithoutAsking, "another"),
        Publisher(SignerAway, Well with { SignerReachable = false }),
        Publisher(IssuingKeyEnding, Well with { IssuingUntil = Now.AddDays(179) }),
    ];

    public static RdpObservation Seen(RdpProgress progress, string fingerprint = Gateway) => new("192.0.2.7", 3389, progress, "what was seen", fingerprint);

    private static SeededFault Publisher(FindingKind kind, ClearinghouseStatus broken)
        => new(kind.Code, () => [.. OutsideRules.Of(broken, Now, "/var/lib/ostiary")], () => [.. OutsideRules.Of(Well, Now, "/var/lib/ostiary")]);

    private static SeededFault Role(FindingKind kind, RoleState state)
        => new(kind.Code, () => [.. OutsideRules.Of("license-server", state, "/var/lib/ostiary")], () => [.. OutsideRules.Of("license-server", RoleState.Answers, "/var/lib/ostiary")]);

    private static SeededFault Rdp(FindingKind kind, RdpProgress progress, string fingerprint = Gateway)
        => new(kind.Code, () => [.. OutsideRules.Of(Seen(progress, fingerprint), Gateway)], () => [.. OutsideRules.Of(Seen(RdpProgress.AsksForCal), Gateway)]);
}
