using Ostiary.Protocol.Pdus;

namespace Ostiary.Protocol.Sequences;

/// <summary>What the exchange asks its driver. The answer comes back as <see cref="ExchangeInput.Decided"/>.</summary>
public abstract record LicenseQuestion
{
    private LicenseQuestion()
    {
    }

    /// <summary>Says the type only: questions hold names and licenses.</summary>
    public sealed override string ToString() => GetType().Name;

    /// <summary>
    /// The client presented a stored license (LICENSE_INFO; its MAC is right). Allowed answers:
    /// <see cref="LicenseDecision.Accepted"/>, <see cref="LicenseDecision.ChallengeFirst"/>, <see cref="LicenseDecision.Refused"/>.
    /// </summary>
    /// <param name="HardwareId">As claimed in LICENSE_INFO.</param>
    /// <param name="PlatformId">As claimed in LICENSE_INFO; need not equal the one in the hardware id.</param>
    /// <param name="License">The bytes that the client stored, at most <see cref="Wire.Limits.PresentedLicense"/>; they may be anybody's.</param>
    public sealed record Presented(HardwareId HardwareId, uint PlatformId, byte[] License) : LicenseQuestion;

    /// <summary>
    /// The client answered the platform challenge. Allowed answers: <see cref="LicenseDecision.Granted"/>, <see cref="LicenseDecision.Refused"/>.
    /// </summary>
    /// <param name="HardwareId">As claimed in the challenge response; where a license was presented, the same as then.</param>
    /// <param name="PlatformId">As claimed in the client's first message.</param>
    /// <param name="UserName">Unauthenticated; <c>null</c> when the client presented a license (LICENSE_INFO carries no names).</param>
    /// <param name="MachineName">The client's own idea of its name, not cut to 15 characters; <c>null</c> as above.</param>
    /// <param name="PresentedLicense">The license presented earlier in this exchange, or <c>null</c>.</param>
    /// <param name="ClientType">wClientType of the response; <see cref="LicensingClientType.Unknown"/> where the client sends none (rdesktop).</param>
    public sealed record Full(
        HardwareId HardwareId,
        uint PlatformId,
        string? UserName,
        string? MachineName,
        byte[]? PresentedLicense,
        LicensingClientType ClientType) : LicenseQuestion;
}
