using Ostiary.Protocol.Pdus;
using Ostiary.Protocol.Wire;

namespace Ostiary.Protocol.Sequences;

/// <summary>The driver's answer to a <see cref="LicenseQuestion"/>.</summary>
public abstract record LicenseDecision
{
    private LicenseDecision()
    {
    }

    /// <summary>Says the type only.</summary>
    public sealed override string ToString() => GetType().Name;

    /// <summary>The presented license will do: STATUS_VALID_CLIENT, no challenge.</summary>
    public sealed record Accepted : LicenseDecision;

    /// <summary>The presented license will not do as it is: challenge the client and ask again with the full question.</summary>
    public sealed record ChallengeFirst : LicenseDecision;

    /// <summary>Admit. With a license the client stores it (NEW_LICENSE, or UPGRADE_LICENSE if it presented one); without, STATUS_VALID_CLIENT and its store is untouched.</summary>
    public sealed record Granted : LicenseDecision
    {
        /// <param name="license">Opaque to the client, 1 to <see cref="Limits.IssuedLicense"/> bytes, or <c>null</c>.</param>
        public Granted(byte[]? license)
        {
            if (license is { Length: 0 or > Limits.IssuedLicense })
                throw new ArgumentException($"A license has 1 to {Limits.IssuedLicense} bytes, this one {license.Length}.", nameof(license));
            License = license;
        }

        public byte[]? License { get; }
    }

    /// <summary>Do not admit.</summary>
    /// <param name="Alert">dwErrorCode of the final alert, always with ST_TOTAL_ABORT: <see cref="LicensingErrorCode.InvalidClient"/> or <see cref="LicensingErrorCode.NoLicenseServer"/>.</param>
    /// <param name="ErrorInfo">The text that a client which supports Set Error Info shows.</param>
    public sealed record Refused(LicensingErrorCode Alert, ErrorInfoCode ErrorInfo) : LicenseDecision;
}
