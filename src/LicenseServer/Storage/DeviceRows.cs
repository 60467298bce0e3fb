using Ostiary.Contracts.Administration;

namespace Ostiary.LicenseServer.Storage;

/// <summary>
/// A session over a Device CAL that a host has reported as running (table <c>sessions</c>). A row and not memory: whether a CAL is in
/// use elsewhere decides what is granted, and a restart must not forget it for the five minutes until hosts report again.
/// </summary>
internal sealed class RunningSession
{
    public required Guid HostId { get; init; }

    /// <summary>The host's own number.</summary>
    public required long SessionId { get; init; }

    public required CalSerial Serial { get; init; }

    /// <summary>The client's address in its one spelling.</summary>
    public required string Address { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset ReportedAt { get; set; }
}

/// <summary>What is odd about a device (table <c>device_flags</c>); a device without a row has no flag.</summary>
internal sealed class FlaggedDevice
{
    public required Guid DeviceId { get; init; }

    public DeviceFlags Flags { get; set; }
}

/// <summary>The grace record that counts for a machine (table <c>grace_copies</c>). It outlives the host's membership.</summary>
internal sealed class GraceCopy
{
    /// <summary>32 hexadecimal digits.</summary>
    public required string MachineId { get; init; }

    /// <summary>The payload of a <see cref="Contracts.Statements.GraceRecordStatement"/>.</summary>
    public required byte[] Record { get; set; }

    public long LedgerNumber { get; set; }
}
