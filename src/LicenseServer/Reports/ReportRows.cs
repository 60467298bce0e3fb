using System.Text.Json;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;

namespace Ostiary.LicenseServer.Reports;

// What hosts have told, and what was counted each day. No right and no seat depends on it: it is for people to look at.

/// <summary>A session of a host (table <c>host_sessions</c>).</summary>
internal sealed class HostSession
{
    public long Id { get; init; }

    public required Guid HostId { get; init; }

    /// <summary>The host's own number. It begins anew on a host that has lost its state.</summary>
    public required long SessionId { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required string Device { get; init; }

    /// <summary>40 hexadecimal digits; null when the client has not sent it.</summary>
    public required string? HardwareId { get; init; }

    public required string Address { get; init; }

    public required string? Account { get; set; }

    /// <summary>The row of the rules that admitted it.</summary>
    public required string Rule { get; set; }

    public required string? Serial { get; init; }

    public required bool Temporary { get; init; }

    public required int? GraceDaysLeft { get; init; }

    public required DateTimeOffset? EndedAt { get; set; }

    public required string? End { get; set; }

    public required DateTimeOffset ToldAt { get; set; }

    public SessionRecord ToRecord() => new(SessionId, Device, Address, Account, Rule, Serial, Temporary, StartedAt, EndedAt, End, GraceDaysLeft, HardwareId);
}

/// <summary>A refusal of a host (table <c>host_refusals</c>).</summary>
internal sealed class HostRefusal
{
    public long Id { get; init; }

    public required Guid HostId { get; init; }

    /// <summary>The host's own number.</summary>
    public required long RefusalId { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Reason { get; init; }

    public required string Rule { get; init; }

    public required string? Device { get; init; }

    public required string? HardwareId { get; init; }

    /// <summary>As the client sent it, not proven.</summary>
    public required string? UserName { get; init; }

    public required string Address { get; init; }

    public required string Detail { get; init; }

    public required string Fix { get; init; }

    public required bool Observed { get; init; }

    public RefusalRecord ToRecord() => new(RefusalId, At, Reason, Rule, Device, HardwareId, UserName, Address, Detail, Fix, Observed);
}

/// <summary>A host as it saw itself last (table <c>host_states</c>).</summary>
internal sealed class HostStateRow
{
    public required Guid HostId { get; init; }

    public required DateTimeOffset ToldAt { get; set; }

    /// <summary>A <see cref="HostState"/>, JSON.</summary>
    public required byte[] State { get; set; }

    /// <summary>It; null where another version kept what this one does not understand.</summary>
    public HostState? Read()
    {
        try
        {
            return JsonSerializer.Deserialize(State, ContractsJson.Default.HostState);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>The highest counts of a day, UTC (table <c>usage_days</c>).</summary>
internal sealed class UsageDayRow
{
    /// <summary>Days since 1970-01-01.</summary>
    public required int Day { get; init; }

    public required CalType Type { get; init; }

    public required CalVersion Version { get; init; }

    public required int Installed { get; set; }

    public required int Issued { get; set; }

    public required int Temporary { get; set; }

    public required int OverUsed { get; set; }
}
