using Microsoft.Extensions.Logging;

namespace Ostiary.Clearinghouse;

/// <summary>Every log line of the clearinghouse and its signer. Product keys, keys and personal data are in none.</summary>
internal static partial class Log
{
    [LoggerMessage(10, LogLevel.Information, "License server {LicenseServerId} activated (activation {Id})")]
    public static partial void Activated(this ILogger logger, string licenseServerId, long id);

    [LoggerMessage(11, LogLevel.Information, "{Count} product keys minted: {Quantity} {Type} CALs {Version} each ({Program})")]
    public static partial void Minted(this ILogger logger, int count, int quantity, string type, int version, string program);

    [LoggerMessage(12, LogLevel.Information, "Product key {Id} redeemed by license server {LicenseServerId} as key pack {PackId}")]
    public static partial void Redeemed(this ILogger logger, long id, string licenseServerId, Guid packId);

    [LoggerMessage(13, LogLevel.Information, "Texts of {Count} redeemed product keys erased")]
    public static partial void TextsErased(this ILogger logger, int count);

    [LoggerMessage(14, LogLevel.Warning, "{Address} made over {Limit} attempts in 60 s")]
    public static partial void TooManyAttempts(this ILogger logger, string address, int limit);

    [LoggerMessage(15, LogLevel.Information, "Grace extension {Id} of {Days} days signed")]
    public static partial void GraceExtended(this ILogger logger, Guid id, int days);

    [LoggerMessage(16, LogLevel.Information, "Company information of {Count} license servers erased: it was kept as long as it may be")]
    public static partial void CompaniesErased(this ILogger logger, int count);

    [LoggerMessage(17, LogLevel.Information, "{Count} draws were given back to their agreements: nobody had installed them")]
    public static partial void DrawsReleased(this ILogger logger, int count);

    [LoggerMessage(18, LogLevel.Information, "License server {LicenseServerId} deactivated: {Freed} product keys are free, {GivenBack} CALs went back to their agreements")]
    public static partial void Deactivated(this ILogger logger, string licenseServerId, int freed, int givenBack);

    [LoggerMessage(20, LogLevel.Warning, "The signer cannot be reached: {Reason}")]
    public static partial void SignerUnreachable(this ILogger logger, string reason);

    [LoggerMessage(21, LogLevel.Error, "The signer refused: {Reason}")]
    public static partial void SignerRefused(this ILogger logger, string reason);

    [LoggerMessage(22, LogLevel.Information, "Issuing key {Fingerprint} signs until {Until}")]
    public static partial void IssuingKeyInUse(this ILogger logger, string fingerprint, DateTimeOffset until);

    [LoggerMessage(23, LogLevel.Information, "TLS certificate in use until {Until}")]
    public static partial void TlsCertificateInUse(this ILogger logger, DateTimeOffset until);

    [LoggerMessage(24, LogLevel.Error, "{Task} failed; it is tried again in an hour")]
    public static partial void HousekeepingFailed(this ILogger logger, string task, Exception failure);

    [LoggerMessage(25, LogLevel.Critical, "The audit chain does not fit at entry {Number}: {Fault}")]
    public static partial void AuditBroken(this ILogger logger, long number, string fault);

    [LoggerMessage(26, LogLevel.Error, "{File} is not published: {Reason}")]
    public static partial void TrustFileInvalid(this ILogger logger, string file, string reason);

    [LoggerMessage(27, LogLevel.Information, "Activation {Id} signed again: its issuing key was withdrawn")]
    public static partial void ActivationSignedAgain(this ILogger logger, long id);

    [LoggerMessage(28, LogLevel.Information, "Key pack {PackId} signed again: its issuing key was withdrawn")]
    public static partial void KeyPackSignedAgain(this ILogger logger, Guid packId);

    [LoggerMessage(29, LogLevel.Information, "Revocation list {Number} signed: {Servers} license servers, {Packs} key packs")]
    public static partial void RevocationListSigned(this ILogger logger, long number, int servers, int packs);

    [LoggerMessage(32, LogLevel.Warning, "License server {Old} is followed by {New}: the succession is signed")]
    public static partial void SuccessionSigned(this ILogger logger, string old, string @new);

    [LoggerMessage(30, LogLevel.Information, "Signed {Kind} {Digest} (entry {Number})")]
    public static partial void Signed(this ILogger logger, string kind, string digest, long number);

    [LoggerMessage(33, LogLevel.Critical, "The audit chain ends at entry {Number}, and entry {Signed} was signed before: entries are gone")]
    public static partial void AuditWentBack(this ILogger logger, long signed, long number);

    [LoggerMessage(34, LogLevel.Information, "The signer answers again")]
    public static partial void SignerBack(this ILogger logger);

    [LoggerMessage(32, LogLevel.Error, "The clearinghouse's database cannot be read, so nothing is signed: {Reason}")]
    public static partial void CommittedUnreadable(this ILogger logger, string reason);

    [LoggerMessage(31, LogLevel.Warning, "Refused to sign {Kind}: {Reason}")]
    public static partial void SigningRefused(this ILogger logger, string kind, string reason);
}
