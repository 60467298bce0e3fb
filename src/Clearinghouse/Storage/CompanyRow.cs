using Ostiary.Contracts.Activation;

namespace Ostiary.Clearinghouse.Storage;

/// <summary>Who stands behind a license server. It goes when it is to be erased; nothing else refers to it.</summary>
internal sealed class CompanyRow
{
    public required string LicenseServerId { get; init; }

    public required CompanyInformation Company { get; set; }

    public required DateTimeOffset ChangedAt { get; set; }
}
