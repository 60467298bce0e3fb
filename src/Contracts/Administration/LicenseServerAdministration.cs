using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;

namespace Ostiary.Contracts.Administration;

/// <summary><c>GET /v1/publisher/audit-head</c> of a license server: the newest head of its clearinghouse's audit that it has seen.</summary>
/// <param name="Number">The newest entry then; null where none was seen.</param>
/// <param name="Hash">That entry's hash, 64 hexadecimal digits.</param>
/// <param name="At">When the clearinghouse signed it.</param>
/// <param name="Fault">What did not fit in what the clearinghouse showed later: its audit was put back or written anew.</param>
/// <param name="Document">As the clearinghouse signed it; <c>ostiary clearinghouse audit verify --head</c> takes it.</param>
public sealed record PublisherAuditHead(long? Number = null, string? Hash = null, DateTimeOffset? At = null, string? Fault = null, Trust.AuditHeadDocument? Document = null);

// What administrators do at a license server, over its unix socket (mode 0600): the local user who runs it, and root.

/// <summary><c>GET /v1/status</c> of a license server.</summary>
/// <param name="LicenseServerId">Its ID.</param>
/// <param name="Address">Where session hosts reach it.</param>
/// <param name="KeyFingerprint">The key that hosts pin.</param>
/// <param name="Activated">Whether a clearinghouse has certified it.</param>
/// <param name="CertificateUntil">The end of its certificate.</param>
/// <param name="Clearinghouse">The clearinghouse's address; null when none is configured.</param>
/// <param name="LedgerNumber">The number of the newest ledger entry.</param>
/// <param name="Hosts">Session hosts that have joined.</param>
/// <param name="Counts">CALs by type and version.</param>
/// <param name="Clock">What counts as now.</param>
/// <param name="Recovery">While the ledger is older than what hosts have seen; else null.</param>
/// <param name="IssuesNothing">Why it issues nothing more; null where it does.</param>
/// <param name="IssuesNothingReason">The reason code of the same.</param>
/// <param name="Successions">The keys that this one has followed, and one that is under way; null where there are none.</param>
public sealed record LicenseServerStatus(
    string LicenseServerId, string Address, string KeyFingerprint, bool Activated, DateTimeOffset CertificateUntil,
    string? Clearinghouse, long LedgerNumber, int Hosts, IReadOnlyList<CalCounts> Counts, ClockStatus? Clock = null, RecoveryStatus? Recovery = null, string? IssuesNothing = null,
    Licensing.RefusalReason? IssuesNothingReason = null, IReadOnlyList<SuccessionStatus>? Successions = null);

/// <param name="From">The License Server ID of the key that was.</param>
/// <param name="To">That of the key that follows.</param>
/// <param name="Cause">Why.</param>
/// <param name="Reason">What the administrator said; null where that was nothing.</param>
/// <param name="At">When it became so; null while it is under way.</param>
public sealed record SuccessionStatus(string From, string To, Statements.SuccessionCause Cause, string? Reason, DateTimeOffset? At);

/// <summary>
/// <c>POST /v1/succession</c>: this license server's key is followed by another, or (<see cref="Statements.SuccessionCause.Lost"/>) this license server stands in
/// the place of one that is lost. The same again goes on where it was. Answers a <see cref="LicenseServerStatus"/>.
/// </summary>
/// <param name="Cause">Why.</param>
/// <param name="Reason">For the audit, at most 255 characters; may be null.</param>
public sealed record SucceedKeyRequest(Statements.SuccessionCause? Cause, string? Reason = null);

/// <summary>The license server is recovering: it adopts every CAL of its own that it is shown, and gives newcomers temporary ones only.</summary>
/// <param name="BeganAt">When a host first showed a higher ledger number.</param>
/// <param name="Until">It ends when all hosts have answered, and then at the latest.</param>
/// <param name="SeenNumber">The highest ledger number that a host has shown.</param>
/// <param name="HostsMissing">Hosts whose receipts have not come yet.</param>
public sealed record RecoveryStatus(DateTimeOffset BeganAt, DateTimeOffset Until, long SeenNumber, int HostsMissing);

/// <param name="Type">What the CALs are held by.</param>
/// <param name="Version">Their version.</param>
/// <param name="Installed">CALs in installed key packs.</param>
/// <param name="Issued">Permanent and User CALs that are held now, those beyond the packs included.</param>
/// <param name="Available">Installed less issued; below zero with over-use.</param>
/// <param name="Temporary">Temporary CALs that are validated and not over.</param>
/// <param name="OverUsed">Issued CALs that no installed seat stands behind.</param>
public sealed record CalCounts(CalType Type, CalVersion Version, int Installed, int Issued, int Available, int Temporary, int OverUsed = 0);

/// <summary><c>POST /v1/activation</c>: activates the license server automatically. Answers a <see cref="LicenseServerStatus"/>.</summary>
/// <param name="Company">Who activates.</param>
public sealed record ActivateServerRequest(CompanyInformation Company);

/// <summary>
/// <c>POST /v1/activation/request</c>: what a person carries to the clearinghouse when the license server does not reach it. The same at every call
/// until the license server is activated.
/// </summary>
/// <param name="LicenseServerId">Its ID.</param>
/// <param name="RequestCode">For the clearinghouse's page; see <see cref="Activation.RequestCode"/>.</param>
/// <param name="Groups">To be read aloud on the telephone: 13 groups of 6 symbols.</param>
/// <param name="Clearinghouse">The clearinghouse's address; null when none is configured.</param>
/// <param name="Root">The published root, PEM, by which whoever carries knows the clearinghouse.</param>
/// <param name="TelephoneNumbers">The publisher's telephone desk, as the issuing file that the license server was given has it; empty without one.</param>
public sealed record CarriedActivation(
    string LicenseServerId, string RequestCode, IReadOnlyList<string> Groups, string? Clearinghouse, string Root, IReadOnlyList<Telephone.TelephoneNumber> TelephoneNumbers);

/// <summary><c>POST /v1/activation/answer</c>: what came back. Answers a <see cref="LicenseServerStatus"/>.</summary>
/// <param name="ResponseCode">From the page; or</param>
/// <param name="Groups">from the telephone: 23 groups of 6 symbols.</param>
/// <param name="IssuingCertificates">For the telephone: issuing certificates, PEM, as they come with the package or the key's e-mail; null where the license server has them.</param>
public sealed record CarriedActivationAnswer(string? ResponseCode, IReadOnlyList<string>? Groups = null, string? IssuingCertificates = null);

/// <summary><c>POST /v1/reactivation</c>: activates the license server again, automatically.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Contact">Who confirms it.</param>
public sealed record ReactivateServerRequest(ReactivationReason? Reason, ContactPerson Contact);

/// <summary><c>POST /v1/reactivation/request</c>: answers a <see cref="CarriedExchange"/>, with the same request for the same reason until the reactivation is done.</summary>
/// <param name="Reason">Why.</param>
public sealed record CarriedReactivationRequest(ReactivationReason? Reason);

/// <summary>How far a reactivation is.</summary>
/// <param name="Server">The license server.</param>
/// <param name="Restored">Key packs that it had lost and has again.</param>
/// <param name="More">Further key packs are to be asked for, with the next request.</param>
public sealed record ReactivationProgress(LicenseServerStatus Server, int Restored, bool More);

/// <summary><c>POST /v1/deactivation</c>: gives the key packs up, and tells the clearinghouse. Answers a <see cref="LicenseServerStatus"/>.</summary>
/// <param name="Contact">Who confirms it.</param>
public sealed record DeactivateServerRequest(ContactPerson Contact);

/// <summary><c>POST /v1/deactivation/request</c>: gives the key packs up, and answers a <see cref="CarriedExchange"/>, with the same request at every call.</summary>
/// <param name="GivesUp">True: it is meant. Nothing is issued from then on, and there is no way back but to be activated again.</param>
public sealed record BeginDeactivationRequest(bool? GivesUp);

/// <summary>What a person carries to the clearinghouse's page for a reactivation, a deactivation or a replacement.</summary>
/// <param name="LicenseServerId">Its ID.</param>
/// <param name="RequestCode">For the clearinghouse's page; see <see cref="Activation.RequestCode"/>.</param>
/// <param name="Clearinghouse">The clearinghouse's address; null when none is configured.</param>
/// <param name="Root">As in <see cref="CarriedActivation"/>.</param>
public sealed record CarriedExchange(string LicenseServerId, string RequestCode, string? Clearinghouse, string Root);

/// <summary><c>POST /v1/reactivation/answer</c>, <c>POST /v1/deactivation/answer</c>: what came back.</summary>
/// <param name="ResponseCode">From the page.</param>
public sealed record CarriedResponse(string ResponseCode);

/// <summary>
/// <c>POST /v1/trust</c>: what there is to know of the publisher, by hand. Where documents of this license server are by an issuing key that was withdrawn,
/// nothing is taken without the response codes to the requests that are then answered.
/// </summary>
/// <param name="Documents">As <c>GET /v1/trust</c> of the clearinghouse has them.</param>
/// <param name="ResponseCodes">From the page; null at first.</param>
public sealed record InstallTrustRequest(Trust.TrustDocuments Documents, IReadOnlyList<string>? ResponseCodes = null);

/// <param name="Taken">All of it is in the ledger; else the requests are to be answered first.</param>
/// <param name="Roots">Roots that are known.</param>
/// <param name="Withdrawals">Number of the list of withdrawn issuing keys; 0 before the first.</param>
/// <param name="Revocations">Number of the revocation list; 0 before the first.</param>
/// <param name="Requests">To be carried to the clearinghouse; empty when all is taken.</param>
/// <param name="Clearinghouse">The clearinghouse's address; null when none is configured.</param>
/// <param name="Root">As in <see cref="CarriedActivation"/>.</param>
public sealed record InstalledTrust(bool Taken, int Roots, long Withdrawals, long Revocations, IReadOnlyList<CarriedExchange> Requests, string? Clearinghouse, string Root);

/// <summary><c>POST /v1/packs/request</c>: what a person carries to the clearinghouse to redeem a product key (<see cref="ProductKeyRequest"/>).</summary>
/// <param name="LicenseServerId">Its ID, which is read aloud on the telephone, with the product key.</param>
/// <param name="RequestCode">For the clearinghouse's page. It holds the product key, and is a secret.</param>
/// <param name="Clearinghouse">The clearinghouse's address; null when none is configured.</param>
/// <param name="Root">As in <see cref="CarriedActivation"/>.</param>
/// <param name="Certificate">The license server's certificate, PEM.</param>
public sealed record CarriedRedemption(string LicenseServerId, string RequestCode, string? Clearinghouse, string Root, string Certificate)
{
    /// <summary>Says nothing: the code holds a product key.</summary>
    public override string ToString() => nameof(CarriedRedemption);
}

/// <summary><c>POST /v1/packs/answer</c>: what came back. Answers a <see cref="PackRecord"/>.</summary>
/// <param name="ProductKey">The key that was redeemed.</param>
/// <param name="ResponseCode">From the page; or</param>
/// <param name="Groups">from the telephone: 24 groups of 6 symbols.</param>
/// <param name="IssuingCertificates">As in <see cref="CarriedActivationAnswer"/>.</param>
public sealed record CarriedRedemptionAnswer(string ProductKey, string? ResponseCode, IReadOnlyList<string>? Groups = null, string? IssuingCertificates = null)
{
    /// <summary>Says nothing: the product key is a secret.</summary>
    public override string ToString() => nameof(CarriedRedemptionAnswer);
}

/// <summary><c>POST /v1/packs/check</c> (spends nothing; answers a <see cref="CheckProductKeyResponse"/>) and <c>POST /v1/packs</c> (answers a <see cref="PackRecord"/>).</summary>
public sealed record ProductKeyRequest(string ProductKey)
{
    /// <summary>Says nothing: the product key is a secret.</summary>
    public override string ToString() => nameof(ProductKeyRequest);
}

/// <summary>
/// <c>GET /v1/packs</c>. SplitFrom is the pack that it was split off by a conversion, null for a pack as it was installed; a pack that was
/// removed is listed while CALs of it run. RevokedAt and RevocationReason are there when nothing is issued from it any more because the publisher said so.
/// </summary>
public sealed record PackRecord(
    Guid PackId, CalType Type, CalVersion Version, int Quantity, int Issued, string Program, DateTimeOffset InstalledAt, DateTimeOffset? ExpiresAt,
    Guid? SplitFrom = null, DateTimeOffset? RemovedAt = null, DateTimeOffset? RevokedAt = null, string? RevocationReason = null);

/// <summary><c>POST /v1/invitations</c>.</summary>
/// <param name="Version">The version that the host will have; null is the newest.</param>
/// <param name="Mode">The host's licensing mode.</param>
/// <param name="Hours">How long the invitation is good, 1 to 720 hours.</param>
public sealed record InviteRequest(CalVersion? Version, LicensingMode Mode, int Hours);

/// <param name="Invitation">The text that <c>ostiary hosts join</c> takes.</param>
/// <param name="ExpiresAt">Its end.</param>
public sealed record InviteResponse(string Invitation, DateTimeOffset ExpiresAt)
{
    /// <summary>Says nothing: the invitation is a secret.</summary>
    public override string ToString() => nameof(InviteResponse);
}

/// <summary><c>GET /v1/hosts</c>.</summary>
public sealed record HostRecord(
    Guid HostId, string Name, CalVersion Version, LicensingMode Mode, DateTimeOffset JoinedAt, DateTimeOffset CertificateUntil, DateTimeOffset? LastSeenAt,
    bool Allowed = true, int QuotaPerHour = 0, bool SeparateAccounts = false, string? Group = null);

/// <summary>What a CAL is at the moment.</summary>
public enum CalStatus
{
    /// <summary>Issued before anybody logged on; it takes no seat and falls out when the host's table is full.</summary>
    Unvalidated,

    /// <summary>A temporary CAL over which somebody has logged on; it takes no seat.</summary>
    Temporary,

    /// <summary>A permanent CAL; it takes a seat.</summary>
    Active,

    /// <summary>Over; a permanent one has given its seat back.</summary>
    Expired,

    /// <summary>A newer CAL of the device has replaced it: a temporary one by a permanent one, a permanent one by its renewal.</summary>
    Upgraded,

    /// <summary>Void before its end; it has given its seat back.</summary>
    Revoked,

    /// <summary>Its key pack went to another license server, and it with it.</summary>
    Transferred,
}

/// <summary>How a list of CALs is ordered.</summary>
public enum CalOrder
{
    /// <summary>As they were issued.</summary>
    Oldest,

    /// <summary>The newest first.</summary>
    Newest,

    /// <summary>The one that ends first, first; of the active ones where no status is asked for.</summary>
    Expires,
}

/// <summary><c>GET /v1/cals?search=&amp;status=&amp;order=&amp;after=&amp;limit=</c> and <c>GET /v1/cals/{serial}</c>.</summary>
/// <param name="Serial">32 hexadecimal digits.</param>
/// <param name="Type">What it is held by.</param>
/// <param name="Version">Its version.</param>
/// <param name="Status">What it is at the moment.</param>
/// <param name="Device">The client's name.</param>
/// <param name="HardwareId">40 hexadecimal digits.</param>
/// <param name="Account">Who logged on last over it; null before a logon.</param>
/// <param name="Host">The host that asked for it.</param>
/// <param name="PackId">The key pack that the seat is from; null for a temporary one.</param>
/// <param name="IssuedAt">First valid second.</param>
/// <param name="ExpiresAt">Last valid second.</param>
/// <param name="LedgerNumber">The ledger entry that made it what it is; 0 for an unvalidated one.</param>
public sealed record CalRecord(
    string Serial, CalType Type, CalVersion Version, CalStatus Status, string Device, string HardwareId, string? Account, string Host,
    Guid? PackId, DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt, long LedgerNumber)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(CalRecord);
}

/// <summary><c>GET /v1/cals/{serial}/certificate</c> answers the stored form, <c>application/x-pem-file</c>. A page of a list, by cursor.</summary>
/// <param name="Items">In the list's order.</param>
/// <param name="Next">What <c>after=</c> takes for the next page; null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary><c>GET /v1/audit/verification</c>.</summary>
/// <param name="Sound">Whether chain, head and rows fit.</param>
/// <param name="Entries">Entries in the chain.</param>
/// <param name="Faults">Each row that does not fit, by table and key, with what is wrong.</param>
/// <param name="HeadHash">Hexadecimal hash at the head, to compare with what hosts hold.</param>
public sealed record AuditVerification(bool Sound, long Entries, IReadOnlyList<AuditFault> Faults, string HeadHash);

public sealed record AuditFault(string Table, string Row, string Fault);

/// <summary>
/// <c>POST /v1/explanation</c>: what the license server would answer a session host now, without answering. Answers an <see cref="Explanation"/>;
/// its rows are what was looked at, the last of them the row of <c>docs/rules.md</c>.
/// </summary>
/// <param name="Host">The host's id, or its name where one host has it.</param>
/// <param name="Name">For a per-device host a device's hardware id or client name, for a per-user host an account.</param>
public sealed record ExplainDecisionRequest(string Host, string Name)
{
    /// <summary>Says nothing: names are personal data.</summary>
    public override string ToString() => nameof(ExplainDecisionRequest);
}
