namespace Ostiary.Contracts.Administration;

// What administrators do with Device CALs, devices and session hosts at a license server.

/// <summary><c>POST /v1/cals/{serial}/revocation</c>: a permanent Device CAL is void from now on. <c>DELETE</c> lifts it. Both answer a <see cref="RevocationRecord"/>.</summary>
/// <param name="Reason">Why; 1 to 255 characters.</param>
public sealed record RevokeRequest(string Reason)
{
    /// <summary>Says nothing: a reason may name a person.</summary>
    public override string ToString() => nameof(RevokeRequest);
}

/// <summary>A CAL, and where the limit of revocations of its version stands.</summary>
/// <param name="Cal">The CAL as it is now.</param>
/// <param name="Limit">CALs of this version that may be revoked at a time: one in five of the installed ones, or one.</param>
/// <param name="Revoked">Those that are.</param>
/// <param name="Remaining">Those that may still be.</param>
/// <param name="NextAt">When the next may be; null when one may be now.</param>
public sealed record RevocationRecord(CalRecord Cal, int Limit, int Revoked, int Remaining, DateTimeOffset? NextAt);

/// <summary>What is odd about a device. Hardware ids and names are what clients say of themselves.</summary>
[Flags]
public enum DeviceFlags
{
    None = 0,

    /// <summary>One CAL was in use from two addresses at a time.</summary>
    SimultaneousUse = 1,

    /// <summary>The same hardware id comes under several names: a clone, or a new name.</summary>
    SharedHardwareId = 2,

    /// <summary>The hardware id is the same on every machine (FreeRDP's /old-license); the device is told by its name alone.</summary>
    ConstantHardwareId = 4,

    /// <summary>The same name at the same host came with three new hardware ids within a day.</summary>
    ChangingHardwareId = 8,
}

/// <summary><c>GET /v1/devices?after=&amp;limit=&amp;flagged=</c> (a flag's name, or <c>any</c>) and <c>GET /v1/devices/{device}</c>: devices over which somebody has logged on.</summary>
/// <param name="DeviceId">The license server's own number.</param>
/// <param name="Flags">Kebab-case names of <see cref="DeviceFlags"/>.</param>
/// <param name="Identities">Hardware ids and names that it came with.</param>
/// <param name="Cals">Its CALs, the newest first, at most 20.</param>
public sealed record DeviceRecord(Guid DeviceId, IReadOnlyList<string> Flags, IReadOnlyList<DeviceIdentity> Identities, IReadOnlyList<CalRecord> Cals)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(DeviceRecord);
}

/// <param name="HardwareId">40 hexadecimal digits.</param>
/// <param name="ClientName">The client's name.</param>
public sealed record DeviceIdentity(string HardwareId, string ClientName)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(DeviceIdentity);
}

/// <summary><c>POST /v1/devices/{device}/merge</c>: the other device is the same machine. Answers <see cref="MergedDevices"/>.</summary>
/// <param name="Other">The device that there is no more.</param>
/// <param name="Reason">Why; 1 to 255 characters. It stands with the CAL that becomes void.</param>
public sealed record MergeDevicesRequest(Guid Other, string Reason)
{
    /// <summary>Says nothing: a reason may name a person.</summary>
    public override string ToString() => nameof(MergeDevicesRequest);
}

/// <param name="Device">The device that is left.</param>
/// <param name="RevokedCal">The serial of the permanent CAL that is void, its seat free; null where the two did not hold one each.</param>
public sealed record MergedDevices(DeviceRecord Device, string? RevokedCal);

/// <summary><c>POST /v1/devices/{device}/split</c>: an identity of the device is another machine. Answers <see cref="SplitDevices"/>.</summary>
/// <param name="HardwareId">40 hexadecimal digits, one of the device's.</param>
/// <param name="ClientName">The name that came with it; at most 255 characters.</param>
public sealed record SplitDeviceRequest(string HardwareId, string ClientName)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(SplitDeviceRequest);
}

/// <param name="Device">The device as it is now.</param>
/// <param name="Split">The new device of that identity.</param>
public sealed record SplitDevices(DeviceRecord Device, DeviceRecord Split);

/// <summary><c>PUT /v1/hosts/{id}</c>: what is null stays. Answers the <see cref="HostRecord"/>.</summary>
/// <param name="Allowed">Whether the host may ask for CALs.</param>
/// <param name="QuotaPerHour">New permanent CALs in an hour, 0 to 1,000,000.</param>
/// <param name="SeparateAccounts">Whether its local accounts are other people than those of the same name elsewhere.</param>
/// <param name="Group">The host group in which it is from now on; empty: in none.</param>
public sealed record ChangeHostRequest(bool? Allowed, int? QuotaPerHour, bool? SeparateAccounts, string? Group = null);

/// <summary><c>DELETE /v1/hosts/{id}?undoSince=TIME</c>: the host is out at once. With a time, the CALs that it took since then are void and their seats free.</summary>
/// <param name="HostId">The host.</param>
/// <param name="RevokedCals">Permanent and validated temporary CALs that were revoked, outside of the limit.</param>
/// <param name="DroppedTemporaries">Temporary CALs without a logon that were dropped.</param>
public sealed record RemovedHost(Guid HostId, int RevokedCals, int DroppedTemporaries);
