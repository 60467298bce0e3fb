using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;

namespace Ostiary.LicenseServer.Storage;

/// <summary>What the two tables of CALs have in common. "The same CAL" means the same <see cref="ToBeSigned"/>.</summary>
internal abstract class Cal
{
    public long Id { get; private set; }

    public required CalSerial Serial { get; init; }

    /// <summary>The device that holds it. All rows of one device have the same hardware id, unless devices were merged; the name may change.</summary>
    public required Guid DeviceId { get; set; }

    /// <summary>Hardware id and name in one; see <see cref="DeviceKey"/>.</summary>
    public required DeviceKey DeviceKey { get; init; }

    public required byte[] HardwareId { get; init; }

    public required string ClientName { get; init; }

    /// <summary>The host that asked for it.</summary>
    public required Guid HostId { get; init; }

    public required CalVersion Version { get; init; }

    /// <summary>First valid second.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary>Last valid second.</summary>
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>The TBSCertificate, DER: stored and committed before it is signed.</summary>
    public required byte[] ToBeSigned { get; init; }

    /// <summary>The signature over <see cref="ToBeSigned"/>, stored some time after it was made; null until then.</summary>
    public byte[]? Signature { get; set; }

    /// <summary>How often a repeated request has confirmed the row.</summary>
    public long Touches { get; set; }

    public bool IsOver(DateTimeOffset now) => now > NotAfter;

    /// <summary>What the CAL is at a given time, whether or not the sweep has passed.</summary>
    public abstract CalStatus StatusAt(DateTimeOffset now);
}

/// <summary>
/// A temporary CAL over which nobody has logged on yet (table <c>temporaries</c>).
/// It takes no seat and writes no audit; the table is capped for each host, and the oldest row falls out.
/// </summary>
internal sealed class Temporary : Cal
{
    /// <summary>Somebody logged on: the CAL moves to the licenses.</summary>
    public License Validate(string? account) => new()
    {
        Serial = Serial,
        DeviceId = DeviceId,
        DeviceKey = DeviceKey,
        HardwareId = HardwareId,
        ClientName = ClientName,
        HostId = HostId,
        Version = Version,
        NotBefore = NotBefore,
        NotAfter = NotAfter,
        ToBeSigned = ToBeSigned,
        Signature = Signature,
        Kind = LicenseKind.Temporary,
        Account = account,
    };

    public override CalStatus StatusAt(DateTimeOffset now) => IsOver(now) ? CalStatus.Expired : CalStatus.Unvalidated;
}
