using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Administration;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Devices;

/// <summary>
/// What is odd about the hardware ids and names of devices. Looked at when somebody logs on over a new CAL: what nobody has logged on over
/// is anybody's claim, and a stranger must not be able to flag a device by naming its id.
/// </summary>
internal static class DeviceFlagRules
{
    /// <summary>New hardware ids of one name at one host within a day.</summary>
    private const int ManyIds = 3;

    /// <summary>Flags the device of a CAL that was just validated, and those that it shares an id with.</summary>
    public static void Apply(LedgerBatch batch, License validated)
    {
        if (HardwareId.IsConstant(validated.HardwareId))
        {
            batch.Flag(validated.DeviceId, DeviceFlags.ConstantHardwareId);
            return;
        }

        var others = batch.Db.Licenses.AsNoTracking().Where(license => license.HardwareId == validated.HardwareId && license.DeviceId != validated.DeviceId)
            .Select(license => license.DeviceId).Distinct().Take(100).ToList();
        foreach (var device in others)
            batch.Flag(device, DeviceFlags.SharedHardwareId);
        if (others.Count > 0)
            batch.Flag(validated.DeviceId, DeviceFlags.SharedHardwareId);

        var since = batch.Now.AddDays(-1);
        var ids = batch.Db.Licenses.AsNoTracking()
            .Where(license => license.HostId == validated.HostId && license.NotBefore > since && license.ClientName == validated.ClientName)
            .Select(license => new { license.DeviceId, license.HardwareId }).ToList();
        // The new one may not be written yet.
        var devices = ids.Select(row => (row.DeviceId, Id: Convert.ToHexString(row.HardwareId))).Append((validated.DeviceId, Id: Convert.ToHexString(validated.HardwareId))).ToList();
        if (devices.DistinctBy(device => device.Id).Count() >= ManyIds)
            foreach (var device in devices.Select(device => device.DeviceId).Distinct())
                batch.Flag(device, DeviceFlags.ChangingHardwareId);
    }
}
