using System.Security.Cryptography;

namespace Ostiary.Contracts.Certificates;

/// <summary>
/// Our object identifiers, under an arc of our own: 2.25 and a random UUID as a number (ITU-T X.667), which needs no registration.
/// </summary>
public static class OstiaryOids
{
    private const string Arc = "2.25.122753002414984655861299303826294183784";

    /// <summary>Extended key usage of a license server's certificate.</summary>
    public static Oid LicenseServerUsage => new(Arc + ".1.1", "Ostiary license server");

    /// <summary>Extended key usage of a session host's certificate.</summary>
    public static Oid SessionHostUsage => new(Arc + ".1.2", "Ostiary session host");

    /// <summary>Extended key usage of a Device CAL.</summary>
    public static Oid DeviceCalUsage => new(Arc + ".1.3", "Ostiary Device CAL, not a Microsoft license");

    /// <summary>Extended key usage of a clearinghouse's TLS certificate, beside serverAuth.</summary>
    public static Oid ClearinghouseUsage => new(Arc + ".1.4", "Ostiary clearinghouse");

    /// <summary>Extended key usage of a cross certificate: the next root, signed by the one before it.</summary>
    public static Oid RootSuccessionUsage => new(Arc + ".1.5", "Ostiary root succession");

    /// <summary>serverAuth of RFC 5280.</summary>
    public static Oid ServerAuthentication => new("1.3.6.1.5.5.7.3.1");

    /// <summary>Extension with what a Device CAL says; see <see cref="DeviceCal"/>.</summary>
    public const string DeviceCalData = Arc + ".2.1";

    /// <summary>Extension with what a session host's certificate says; see <see cref="SessionHostCertificate"/>.</summary>
    public const string SessionHostData = Arc + ".2.2";
}
