using System.Globalization;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Diagnosis;
using static Ostiary.Contracts.Diagnosis.OutsideFindings;

namespace Ostiary.Diagnoser;

/// <summary>How a role of this machine answers.</summary>
internal enum RoleState
{
    Answers,

    /// <summary>Its folder is there, and nobody listens at its socket.</summary>
    NotRunning,

    /// <summary>Its folder or socket is not for this user.</summary>
    Denied,
}

/// <summary>What only an outsider sees, as findings. Pure.</summary>
internal static class OutsideRules
{
    private static readonly TimeSpan IssuingKeyEnds = TimeSpan.FromDays(180);

    public static IEnumerable<Finding> Of(string role, RoleState state, string folder)
    {
        var values = new[] { ("role", role), ("state", folder) };
        if (state == RoleState.NotRunning)
            yield return RoleNotRunning.Found(role, $"{Path.Combine(folder, role)} is there, and nobody answers at its socket.", values);
        if (state == RoleState.Denied)
            yield return RoleAccessDenied.Found(role, $"{Path.Combine(folder, role)} may not be entered by this user.", values);
    }

    /// <param name="status">What the clearinghouse of this machine says.</param>
    /// <param name="now">The time.</param>
    /// <param name="folder">The folder of the roles.</param>
    public static IEnumerable<Finding> Of(ClearinghouseStatus status, DateTimeOffset now, string folder)
    {
        if (!status.SignerReachable)
            yield return SignerAway.Found(status.Address, $"The clearinghouse {status.Address} says that its signer does not answer.", ("state", folder));
        if (status.IssuingUntil - now < IssuingKeyEnds)
            yield return IssuingKeyEnding.Found(status.IssuingFingerprint, $"The issuing key {status.IssuingFingerprint} signs until {status.IssuingUntil:u}.", ("state", folder));
    }

    /// <param name="seen">What an RDP client saw.</param>
    /// <param name="gateway">The fingerprint that the session host of this machine shows; null where it is another machine's host that was looked at.</param>
    public static IEnumerable<Finding> Of(RdpObservation seen, string? gateway)
    {
        var place = $"{seen.Host}:{seen.Port.ToString(CultureInfo.InvariantCulture)}";
        var values = new[] { ("host", seen.Host), ("port", seen.Port.ToString(CultureInfo.InvariantCulture)) };
        switch (seen.Progress)
        {
            case RdpProgress.Unreachable:
                yield return RdpUnreachable.Found(place, $"{place}: {seen.Detail}.", values);
                break;
            case RdpProgress.NotRdp:
                yield return RdpNotSpoken.Found(place, $"{place}: {seen.Detail}.", values);
                break;
            case RdpProgress.NoTls:
                yield return RdpWithoutTls.Found(place, $"{place}: {seen.Detail}.", values);
                break;
            case RdpProgress.OtherLicensing:
                yield return LicensingNotAsked.Found(place, $"{place}: {seen.Detail}.", values);
                break;
            // Whoever shows the gateway's own certificate is the gateway, which passes clients of a per-user host; of a host elsewhere nobody can tell.
            case RdpProgress.PassesWithoutAsking when gateway is not null && seen.Fingerprint != gateway:
                yield return LicensingNotAsked.Found(place, $"{place}: {seen.Detail}, and its certificate is not the session host's.", values);
                break;
        }
    }
}
