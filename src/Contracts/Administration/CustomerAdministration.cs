using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Administration;

// The license servers that a clearinghouse has activated, and who stands behind them. Company information is kept beside the signed documents, never in
// them: it can be changed, handed out and erased, and documents and audit chain stay whole.

/// <summary><c>GET /v1/license-servers?search=&amp;after=&amp;limit=</c>, by License Server ID.</summary>
/// <param name="LicenseServerId">Its ID.</param>
/// <param name="ActivatedAt">When it was first activated.</param>
/// <param name="CertificateUntil">The end of its newest certificate.</param>
/// <param name="Company">Who activated it; null where that was erased.</param>
/// <param name="KeyPacks">Key packs that it has redeemed.</param>
/// <param name="DeactivatedAt">When it was deactivated; null while it is activated.</param>
public sealed record ActivatedServerRecord(
    string LicenseServerId, DateTimeOffset ActivatedAt, DateTimeOffset CertificateUntil, CompanyInformation? Company, int KeyPacks, DateTimeOffset? DeactivatedAt = null);

/// <summary><c>PUT /v1/license-servers/{id}/company</c>.</summary>
/// <param name="Company">All of it, in the place of what was there.</param>
public sealed record ChangeCompanyRequest(CompanyInformation Company);

/// <param name="PackId">The key pack.</param>
/// <param name="ProductKeyId">The row of the product key that it was made of.</param>
/// <param name="Type">What its CALs are held by.</param>
/// <param name="Version">Their version.</param>
/// <param name="Quantity">How many there are.</param>
/// <param name="Program">The license program.</param>
/// <param name="RedeemedAt">When it was redeemed.</param>
public sealed record RedeemedPackRecord(Guid PackId, long ProductKeyId, CalType Type, CalVersion Version, int Quantity, string Program, DateTimeOffset RedeemedAt);

/// <param name="Confirmed">What was confirmed: a reactivation with its reason, or a deactivation.</param>
/// <param name="EnteredAt">When.</param>
/// <param name="Contact">By whom.</param>
public sealed record ConfirmationRecord(string Confirmed, DateTimeOffset EnteredAt, ContactPerson Contact);

/// <summary><c>GET /v1/license-servers/{id}/export</c>: all that is kept of a customer's license server, to be handed out on request.</summary>
/// <param name="Server">The license server, with company information.</param>
/// <param name="CompanyChangedAt">When that was entered or last changed; null where it was erased.</param>
/// <param name="KeyPacks">What it has redeemed.</param>
/// <param name="Audit">The entries of the audit that name it.</param>
/// <param name="Confirmations">Who confirmed its reactivations and deactivations; empty where that was erased.</param>
public sealed record CustomerExport(
    ActivatedServerRecord Server, DateTimeOffset? CompanyChangedAt, IReadOnlyList<RedeemedPackRecord> KeyPacks, IReadOnlyList<ClearinghouseAuditRecord> Audit,
    IReadOnlyList<ConfirmationRecord> Confirmations);
