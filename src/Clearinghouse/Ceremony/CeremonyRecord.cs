using Ostiary.Contracts.Certificates;

namespace Ostiary.Clearinghouse.Ceremony;

/// <summary>What a root ceremony made or found: what is printed, signed by those present and kept.</summary>
/// <param name="Publisher">The publisher's name, as the root's subject gives it.</param>
/// <param name="Root">The root's key.</param>
/// <param name="RootNotBefore">First second of the root.</param>
/// <param name="RootNotAfter">Last second of the root.</param>
/// <param name="Issuing">The issuing key.</param>
/// <param name="IssuingNotAfter">Last second of the issuing certificate.</param>
/// <param name="IssuingSignsUntil">Last second at which the issuing key signs.</param>
/// <param name="Files">Every file of the ceremony, in the order in which they are made.</param>
public sealed record CeremonyRecord(
    string Publisher,
    KeyFingerprint Root,
    DateTimeOffset RootNotBefore,
    DateTimeOffset RootNotAfter,
    KeyFingerprint Issuing,
    DateTimeOffset IssuingNotAfter,
    DateTimeOffset IssuingSignsUntil,
    IReadOnlyList<CeremonyFile> Files);

/// <param name="Path">Where it is.</param>
/// <param name="What">What it is, fit to be printed.</param>
/// <param name="Made">True when this run made it, false when it was there.</param>
public sealed record CeremonyFile(string Path, string What, bool Made);
