using Ostiary.Contracts.Activation;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>Who confirmed a reactivation or a deactivation. It goes with the company information; nothing else refers to it.</summary>
internal sealed class ContactRow
{
    public long Id { get; init; }

    public required string LicenseServerId { get; init; }

    public required ContactPerson Contact { get; init; }

    /// <summary>What was confirmed, kebab case, e.g. <c>reactivate-redeployed</c>.</summary>
    public required string Confirmed { get; init; }

    public required DateTimeOffset EnteredAt { get; init; }
}
