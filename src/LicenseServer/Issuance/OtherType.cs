using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Licensing;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Issuance;

/// <summary>
/// CALs are installed, but none of the type that the host's mode asks for. It is said at the first connection, and by this name:
/// temporary CALs would hide the wrong mode for 90 days. A CAL that is held still serves.
/// </summary>
internal static class OtherType
{
    public static Decision.Refused? RefusesDevice(LedgerBatch batch, Cal? held, CalVersion host)
        => held?.Version.Serves(host) != true && !batch.HasInstalled(CalType.Device) && batch.HasInstalled(CalType.User)
            ? new(RefusalReason.OtherTypeOnly, "The host is in per-device mode, and only User CALs are installed; install Device CALs, convert a pack, or let the host join in per-user mode.")
            : null;
}
