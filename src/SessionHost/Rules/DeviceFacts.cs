using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;

namespace Ostiary.SessionHost.Rules;

/// <summary>What is in the client's store.</summary>
public enum ClientStore
{
    /// <summary>It presents nothing.</summary>
    None,

    /// <summary>A CAL in our form of a license server that is pinned.</summary>
    Ours,

    /// <summary>A license of anybody else, a license server that is not pinned included. It is never parsed further, logged or replaced.</summary>
    Foreign,
}

/// <summary>How good the CAL is that speaks for the device: the presented one, or for a client with a foreign license the one that the host keeps.</summary>
public enum CalQuality
{
    /// <summary>There is none.</summary>
    None,

    /// <summary>Permanent, everything right, more than seven days left.</summary>
    Good,

    /// <summary>Permanent, everything right, seven days or less left.</summary>
    EndsSoon,

    /// <summary>Temporary, everything right, not over.</summary>
    Temporary,

    /// <summary>Older than the host's version.</summary>
    TooOld,

    /// <summary>Over, or not begun.</summary>
    Expired,

    /// <summary>Issued for another hardware id.</summary>
    OtherDevice,

    /// <summary>Its signature or chain does not hold.</summary>
    Invalid,
}

/// <summary>What the license servers say.</summary>
public enum ServerAnswer
{
    /// <summary>They were not asked yet.</summary>
    NotAsked,

    /// <summary>A CAL, and there is something to store.</summary>
    GrantsNew,

    /// <summary>The CAL that was presented.</summary>
    GrantsSame,

    Refuses,

    /// <summary>None of those that are configured answers.</summary>
    Silent,

    /// <summary>None is configured.</summary>
    NoneConfigured,
}

/// <summary>What the revocation list of the CAL's issuer, and this host's own sessions, say of the CAL that speaks for the device.</summary>
public enum Revocation
{
    /// <summary>The list is younger than an hour and does not name it; there is no CAL; or it is in use here from no other address.</summary>
    Clear,

    /// <summary>It is in doubt, in use from another address, or of a key pack that the publisher has revoked.</summary>
    AskFirst,

    /// <summary>It is void.</summary>
    Revoked,

    /// <summary>There is no list that is younger than an hour.</summary>
    ListStale,
}

/// <summary>Where the grace period stands.</summary>
public enum GraceStanding
{
    /// <summary>The next connection that is admitted without a CAL starts it.</summary>
    NotStarted,

    Running,

    /// <summary>Run out, or ended early because a CAL was granted for this host.</summary>
    Ended,
}

/// <summary>Everything that a device rule looks at.</summary>
/// <param name="OffersTls">The client offers TLS.</param>
/// <param name="Administrative">An administrative session is asked for.</param>
/// <param name="Mode">The host's licensing mode.</param>
/// <param name="Store">What is in the client's store.</param>
/// <param name="Cal">How good the CAL is that speaks for the device.</param>
/// <param name="Revocation">What the revocation list says of that CAL.</param>
/// <param name="Server">What the license servers say.</param>
/// <param name="ReceiptValid">The host keeps a receipt for this hardware id that is not over, not revoked and serves its version.</param>
/// <param name="Grace">Where the grace period stands.</param>
public sealed record DeviceFacts(
    bool OffersTls, bool Administrative, LicensingMode Mode, ClientStore Store, CalQuality Cal, Revocation Revocation, ServerAnswer Server,
    bool ReceiptValid, GraceStanding Grace);

/// <summary>Judges a CAL that has our form.</summary>
public static class CalQualities
{
    /// <summary>A permanent CAL is renewed in its last days.</summary>
    public static readonly TimeSpan RenewedWithin = TimeSpan.FromDays(7);

    /// <summary>The quality of a CAL whose issuer is pinned.</summary>
    public static CalQuality Of(DeviceCalVerdict verdict, DeviceCalData data, DateTimeOffset notAfter, CalVersion host, DateTimeOffset now) => verdict switch
    {
        DeviceCalVerdict.HardwareIdDiffers => CalQuality.OtherDevice,
        DeviceCalVerdict.Expired or DeviceCalVerdict.NotYetValid => CalQuality.Expired,
        DeviceCalVerdict.Valid when !data.Version.Serves(host) => CalQuality.TooOld,
        DeviceCalVerdict.Valid when data.Temporary => CalQuality.Temporary,
        DeviceCalVerdict.Valid => notAfter - now > RenewedWithin ? CalQuality.Good : CalQuality.EndsSoon,
        _ => CalQuality.Invalid,
    };
}
