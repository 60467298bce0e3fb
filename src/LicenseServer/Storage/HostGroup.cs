using Ostiary.Contracts.Policy;

namespace Ostiary.LicenseServer.Storage;

/// <summary>A group of session hosts and what is said to them (table <c>host_groups</c>). A host is in one, or in none.</summary>
internal sealed class HostGroup
{
    public const int MaxName = 64;

    /// <summary>Groups that are not removed. An estate has some dozens.</summary>
    public const int MaxGroups = 1_000;

    public required string Name { get; init; }

    /// <summary>A <see cref="PolicyFile"/>.</summary>
    public required byte[] Values { get; set; }

    public DateTimeOffset? RemovedAt { get; set; }

    public long LedgerNumber { get; set; }

    /// <summary>Values of this version and of those before it.</summary>
    public PolicyValues Read() => PolicyFile.Read(Values, Name).Values ?? PolicyValues.None;
}
