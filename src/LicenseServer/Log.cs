using Microsoft.Extensions.Logging;

namespace Ostiary.LicenseServer;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "License server {LicenseServerId} listens on {Address}; activated: {Activated}")]
    public static partial void Started(ILogger logger, string licenseServerId, string address, bool activated);

    [LoggerMessage(2, LogLevel.Error, "A batch of {Count} requests was not committed")]
    public static partial void BatchFailed(ILogger logger, int count, Exception failure);

    [LoggerMessage(3, LogLevel.Information, "Activated; the certificate ends on {Until:u}")]
    public static partial void Activated(ILogger logger, DateTimeOffset until);

    [LoggerMessage(4, LogLevel.Information, "Key pack {PackId} installed: {Quantity} CALs of version {Version}")]
    public static partial void PackInstalled(ILogger logger, Guid packId, int quantity, int version);

    [LoggerMessage(5, LogLevel.Information, "Session host {HostId} joined")]
    public static partial void HostJoined(ILogger logger, Guid hostId);

    [LoggerMessage(8, LogLevel.Information, "The machine's clock is confirmed: {Machine:u}")]
    public static partial void ClockConfirmed(ILogger logger, DateTimeOffset machine);

    [LoggerMessage(9, LogLevel.Warning, "The machine's clock has leapt and is not confirmed (ostiary server clock confirm does it): {Reason}")]
    public static partial void ClockNotConfirmed(ILogger logger, string reason);

    [LoggerMessage(7, LogLevel.Warning, "The sweep failed; it is tried again in a minute")]
    public static partial void SweepFailed(ILogger logger, Exception failure);

    [LoggerMessage(30, LogLevel.Information, "What is known of the publisher is new: {Roots} roots, withdrawn issuing keys list {Withdrawals}, revocation list {Revocations}")]
    public static partial void TrustTaken(ILogger logger, int roots, long withdrawals, long revocations);

    [LoggerMessage(31, LogLevel.Warning, "What there is to know of the publisher could not be fetched; it is tried again: {Reason}")]
    public static partial void TrustNotPulled(ILogger logger, string reason);

    [LoggerMessage(32, LogLevel.Information, "The issuing key of this license server's documents was withdrawn; the clearinghouse has signed them again: certificate {Certificate}, key packs {KeyPacks}")]
    public static partial void DocumentsReplaced(ILogger logger, bool certificate, int keyPacks);

    [LoggerMessage(33, LogLevel.Error, "The issuing key of this license server's documents was withdrawn, and the clearinghouse does not sign them again: {Reason}")]
    public static partial void DocumentsNotReplaced(ILogger logger, string reason);

    [LoggerMessage(34, LogLevel.Warning, "Key pack {PackId} is revoked ({Reason}): nothing more is issued from it")]
    public static partial void PackRevoked(ILogger logger, Guid packId, string reason);

    [LoggerMessage(35, LogLevel.Error, "{Reason}")]
    public static partial void IssuesNothing(ILogger logger, string reason);

    [LoggerMessage(36, LogLevel.Warning, "The key of this license server was followed ({Cause}): License Server ID {Old} is {New} now, with {KeyPacks} key packs")]
    public static partial void KeySucceeded(ILogger logger, string cause, string old, string @new, int keyPacks);

    [LoggerMessage(37, LogLevel.Information, "The key that follows is not in use yet: {Reason}")]
    public static partial void SuccessionWaits(ILogger logger, string reason);

    [LoggerMessage(38, LogLevel.Information, "The head of the clearinghouse's audit is not kept: {Reason}")]
    public static partial void AuditHeadNotPulled(ILogger logger, string reason);

    [LoggerMessage(39, LogLevel.Warning, "{Fault}")]
    public static partial void AuditHeadContradicts(ILogger logger, string fault);

    [LoggerMessage(46, LogLevel.Warning, "The key packs are given up: nothing more is issued, and the clearinghouse is to confirm the deactivation")]
    public static partial void Deactivating(ILogger logger);

    [LoggerMessage(47, LogLevel.Information, "Deactivated; the clearinghouse has freed the product keys")]
    public static partial void Deactivated(ILogger logger);

    [LoggerMessage(48, LogLevel.Warning, "Key packs were signed away to license server {Target}: {KeyPacks} of them, with {Rows} CALs")]
    public static partial void PacksTransferred(ILogger logger, string target, int keyPacks, int rows);

    [LoggerMessage(49, LogLevel.Information, "Key packs of license server {Source} have come: {KeyPacks} of them, with {Cals} CALs")]
    public static partial void PacksReceived(ILogger logger, string source, int keyPacks, int cals);

    [LoggerMessage(40, LogLevel.Warning, "Session host {HostId} has seen ledger number {Number}, which is higher than the ledger's: it was rebuilt or put back from a copy. Until all hosts have sent their receipts, newcomers get temporary CALs only")]
    public static partial void RecoveryBegan(ILogger logger, Guid hostId, long number);

    [LoggerMessage(41, LogLevel.Information, "Session host {HostId} sent receipts of {Count} CALs that the ledger had lost")]
    public static partial void ReceiptsAdopted(ILogger logger, Guid hostId, int count);

    [LoggerMessage(42, LogLevel.Information, "All session hosts have sent their receipts; the recovery is over")]
    public static partial void RecoveryEnded(ILogger logger);

    [LoggerMessage(50, LogLevel.Warning, "The database failed a batch of {Count} requests for a passing reason; it is tried again: {Reason}")]
    public static partial void BatchTriedAgain(ILogger logger, int count, string reason);

    [LoggerMessage(51, LogLevel.Warning, "Changes of the other nodes are not heard of for the moment; whoever waits for one finds it at the end of their waiting")]
    public static partial void OtherNodesNotHeard(ILogger logger, Exception failure);

    [LoggerMessage(60, LogLevel.Warning, "Policy: in {Origin} {Field} does not count: {Detail}")]
    public static partial void PolicyFault(ILogger logger, string origin, string field, string detail);
}
