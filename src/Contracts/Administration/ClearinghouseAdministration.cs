using Ostiary.Contracts.Catalogue;

namespace Ostiary.Contracts.Administration;

// What operators do at a clearinghouse: over its unix socket (mode 0600) the local user who runs it, and root; over HTTPS, where that is open to them,
// whoever shows a token. Accounts, tokens and roles are those of AccountAdministration: a reader sees, an operator answers the telephone and looks after
// customers, an administrator mints, enters agreements, withdraws, and keeps the accounts.

/// <summary><c>POST /v1/product-keys</c>.</summary>
/// <param name="Type">What the CALs are held by.</param>
/// <param name="Version">The version of the CALs.</param>
/// <param name="Quantity">CALs in each key pack, 1 to 16,383.</param>
/// <param name="Count">Keys to mint, 1 to 1,000.</param>
/// <param name="Program">The license program, at most 64 characters, e.g. <c>retail</c>.</param>
public sealed record MintRequest(CalType Type, CalVersion Version, int Quantity, int Count, string Program);

/// <param name="Keys">The product keys, once in clear.</param>
public sealed record MintResponse(IReadOnlyList<ProductKeyRecord> Keys);

/// <summary><c>GET /v1/product-keys?after=&amp;limit=</c> lists them without their texts, <c>POST /v1/product-keys/find</c> (a <see cref="FindProductKeyRequest"/>) shows one.</summary>
/// <param name="Id">The row's number.</param>
/// <param name="ProductKey">The key in clear, where it is asked for and still kept; null otherwise.</param>
/// <param name="Type">What the CALs are held by.</param>
/// <param name="Version">The version of the CALs.</param>
/// <param name="Quantity">CALs in the key pack.</param>
/// <param name="Program">The license program.</param>
/// <param name="MintedAt">When it was minted.</param>
/// <param name="RedeemedAt">When it was redeemed; null before.</param>
/// <param name="RedeemedBy">The License Server ID that redeemed it; null before.</param>
/// <param name="PackId">The key pack that it became; null before.</param>
public sealed record ProductKeyRecord(
    long Id, string? ProductKey, CalType Type, CalVersion Version, int Quantity, string Program,
    DateTimeOffset MintedAt, DateTimeOffset? RedeemedAt, string? RedeemedBy, Guid? PackId)
{
    /// <summary>Says nothing: the product key is a secret.</summary>
    public override string ToString() => nameof(ProductKeyRecord);
}

/// <summary>Finds a product key by its text or by its row's number; exactly one is given.</summary>
public sealed record FindProductKeyRequest(string? ProductKey, long? Id)
{
    /// <summary>Says nothing: the product key is a secret.</summary>
    public override string ToString() => nameof(FindProductKeyRequest);
}

/// <summary><c>POST /v1/grace-extensions</c>: signs an extension of one machine's grace period.</summary>
/// <param name="MachineId">32 hexadecimal digits, as <c>ostiary grace show</c> prints it on the session host.</param>
/// <param name="Days">1 to 365.</param>
public sealed record ExtendGraceRequest(string MachineId, int Days);

/// <param name="Id">The extension's number.</param>
/// <param name="File">What the session host installs (<see cref="Statements.GraceExtensionFile"/>).</param>
public sealed record ExtendGraceResponse(Guid Id, string File);

/// <summary><c>GET /v1/status</c> of a clearinghouse.</summary>
/// <param name="Address">Where license servers reach it.</param>
/// <param name="Publisher">The publisher's name.</param>
/// <param name="RootFingerprint">The published root's key.</param>
/// <param name="IssuingFingerprint">The issuing key in use.</param>
/// <param name="IssuingUntil">The last day on which the issuing key signs.</param>
/// <param name="Activations">License servers activated.</param>
/// <param name="KeysMinted">Product keys minted.</param>
/// <param name="KeysRedeemed">Product keys redeemed.</param>
/// <param name="SignerReachable">Whether the signer answers.</param>
public sealed record ClearinghouseStatus(
    string Address, string Publisher, string RootFingerprint, string IssuingFingerprint, DateTimeOffset IssuingUntil,
    long Activations, long KeysMinted, long KeysRedeemed, bool SignerReachable);

/// <summary><c>POST /v1/telephone/activations</c>: an operator has heard the groups of a license server's request.</summary>
/// <param name="Groups">13 groups of 6 symbols, in order.</param>
/// <param name="Company">Who calls.</param>
public sealed record TelephoneActivationRequest(IReadOnlyList<string> Groups, Activation.CompanyInformation Company);

/// <summary><c>POST /v1/telephone/key-packs</c>: an operator has heard a License Server ID and a product key.</summary>
/// <param name="LicenseServerId">35 symbols.</param>
/// <param name="ProductKey">25 symbols.</param>
public sealed record TelephoneRedemptionRequest(string LicenseServerId, string ProductKey)
{
    /// <summary>Says nothing: the product key is a secret.</summary>
    public override string ToString() => nameof(TelephoneRedemptionRequest);
}

/// <summary>What the operator reads aloud.</summary>
/// <param name="LicenseServerId">Whom it is for.</param>
/// <param name="Groups">23 groups of 6 symbols for an activation, 24 for a key pack.</param>
/// <param name="Spelled">The same groups in the words of the spelling alphabet.</param>
public sealed record TelephoneAnswer(string LicenseServerId, IReadOnlyList<string> Groups, IReadOnlyList<string> Spelled);

/// <summary><c>GET /v1/audit?after=&amp;limit=</c> of a clearinghouse, newest first.</summary>
/// <param name="Number">The entry's number, from 1.</param>
/// <param name="At">When.</param>
/// <param name="By">Who did it: <c>root</c>, an account, or <c>ACCOUNT/TOKEN</c>; empty where a license server or its administrator asked; null where it was erased.</param>
/// <param name="Kind">What happened, e.g. <c>redemption</c>.</param>
/// <param name="Subject">The rows that it happened to.</param>
public sealed record ClearinghouseAuditRecord(long Number, DateTimeOffset At, string? By, string Kind, string Subject);

/// <summary><c>GET /v1/audit/verification</c> of a clearinghouse.</summary>
/// <param name="Sound">Whether every entry fits the one before it.</param>
/// <param name="Entries">Entries in the chain.</param>
/// <param name="Number">The first entry that does not fit.</param>
/// <param name="Fault">What is wrong with it.</param>
public sealed record ClearinghouseAuditVerification(bool Sound, long Entries, long? Number, string? Fault);

/// <summary><c>POST /v1/audit/verification</c>: recomputes the chain, and compares it with what others have kept of it.</summary>
/// <param name="Heads">Signed heads, as license servers have kept them; at most <see cref="MaxHeads"/>.</param>
/// <param name="Positions">Entries as the signer's log names them; at most <see cref="MaxHeads"/>.</param>
public sealed record VerifyAuditRequest(IReadOnlyList<Trust.AuditHeadDocument> Heads, IReadOnlyList<AuditPositionRecord> Positions)
{
    public const int MaxHeads = 20;
}

/// <param name="Number">The entry's number.</param>
/// <param name="Hash">Its hash, 64 hexadecimal digits.</param>
public sealed record AuditPositionRecord(long Number, string Hash);

/// <summary><c>POST /v1/revocations/license-servers</c>: the license server is void, and its CALs with it.</summary>
/// <param name="LicenseServerId">35 symbols.</param>
/// <param name="Reason">Why.</param>
public sealed record RevokeLicenseServerRequest(string LicenseServerId, Statements.ClearinghouseRevocationReason Reason);

/// <summary><c>POST /v1/revocations/key-packs</c>: the key pack is void, and nothing more is issued from it.</summary>
/// <param name="PackId">The pack.</param>
/// <param name="Reason">Why.</param>
public sealed record RevokeKeyPackRequest(Guid PackId, Statements.ClearinghouseRevocationReason Reason);

/// <summary><c>POST /v1/transfers</c>: a product key is taken from the license server that has redeemed it, whose key pack is revoked, and is good for another one.</summary>
/// <param name="PackId">The key pack.</param>
/// <param name="To">The License Server ID that may redeem its product key from now on.</param>
public sealed record TransferRequest(Guid PackId, string To);

/// <param name="ProductKeyId">The row of the product key.</param>
/// <param name="From">The License Server ID that had it.</param>
/// <param name="To">The License Server ID that may redeem it now.</param>
/// <param name="ListNumber">The number of the revocation list that names the key pack.</param>
public sealed record TransferRecord(long ProductKeyId, string From, string To, long ListNumber);

/// <summary>
/// <c>POST /v1/license-servers/{id}/succession</c>: another license server stands in the place of this one, whose key is lost or stolen. Its product keys, key
/// packs and agreements follow; where the key was stolen, it is revoked.
/// </summary>
/// <param name="To">The License Server ID that follows.</param>
/// <param name="Cause"><see cref="Statements.SuccessionCause.Lost"/> or <see cref="Statements.SuccessionCause.Stolen"/>.</param>
public sealed record SucceedServerRequest(string To, Statements.SuccessionCause? Cause);

/// <param name="From">The License Server ID that was.</param>
/// <param name="To">The License Server ID that follows.</param>
/// <param name="Cause">Why.</param>
/// <param name="At">When it was said.</param>
/// <param name="KeyPacks">Key packs that followed.</param>
/// <param name="ListNumber">The number of the revocation list that names the old key; null where it is not revoked.</param>
public sealed record SuccessionRecord(string From, string To, Statements.SuccessionCause Cause, DateTimeOffset At, int KeyPacks, long? ListNumber);

/// <param name="Subject">What is revoked, fit to be printed.</param>
/// <param name="Reason">Why, as it was said first.</param>
/// <param name="RevokedAt">When.</param>
/// <param name="ListNumber">The number of the list that says so.</param>
/// <param name="Number">The revocation's own number; by it, it is lifted.</param>
public sealed record ClearinghouseRevocationRecord(string Subject, Statements.ClearinghouseRevocationReason Reason, DateTimeOffset RevokedAt, long ListNumber, long Number);

/// <summary><c>GET /v1/revocations?after=&amp;limit=</c> of a clearinghouse, by number.</summary>
/// <param name="Number">The revocation's number.</param>
/// <param name="Subject">What is revoked, fit to be printed.</param>
/// <param name="Reason">Why.</param>
/// <param name="RevokedAt">When.</param>
/// <param name="LiftedAt">When it was lifted; null while it counts.</param>
/// <param name="LiftReason">Why it was lifted.</param>
public sealed record RevocationEntry(
    long Number, string Subject, Statements.ClearinghouseRevocationReason Reason, DateTimeOffset RevokedAt, DateTimeOffset? LiftedAt, string? LiftReason);

/// <summary><c>POST /v1/revocations/{id}/lift</c>.</summary>
/// <param name="Reason">Why, a line of 1 to 200 characters.</param>
public sealed record LiftRevocationRequest(string Reason);

/// <param name="Entry">The revocation, lifted; the reason is the one that was said first.</param>
/// <param name="ListNumber">The number of a list without it; null where it has been revoked again since.</param>
public sealed record LiftedRevocationRecord(RevocationEntry Entry, long? ListNumber);
