using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Ostiary.SessionHost;

/// <summary>
/// Every log line of the role. Names of persons, devices and addresses of clients are in the database, not here; of a serial the first
/// eight digits.
/// </summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "connection {Id}: the client asks for a license and presents {Presented}")]
    public static partial void ClientAsks(ILogger logger, long id, string presented);

    [LoggerMessage(2, LogLevel.Information, "connection {Id}: the license server grants {Kind} {Serial}, good until {Until:u}")]
    public static partial void ServerGrants(ILogger logger, long id, string kind, string serial, DateTimeOffset until);

    [LoggerMessage(3, LogLevel.Information, "connection {Id}: admitted by row {Row}; the client gets {ToClient}")]
    public static partial void Admitted(ILogger logger, long id, string row, string toClient);

    [LoggerMessage(4, LogLevel.Information, "connection {Id}: refused, {Reason}, row {Row}")]
    public static partial void Refused(ILogger logger, long id, string reason, string row);

    [LoggerMessage(5, LogLevel.Information, "connection {Id}: the license servers are silent ({Detail})")]
    public static partial void ServersSilent(ILogger logger, long id, string detail);

    [LoggerMessage(6, LogLevel.Information, "connection {Id}: somebody has logged on")]
    public static partial void LogonTied(ILogger logger, long id);

    [LoggerMessage(7, LogLevel.Information, "temporary CAL {Serial}: the license server was told of the logon (known to it: {Known})")]
    public static partial void Validated(ILogger logger, string serial, bool known);

    [LoggerMessage(8, LogLevel.Debug, "connection {Id}: ended, {Reason}")]
    public static partial void ConnectionEnded(ILogger logger, long id, SessionEndReason reason);

    [LoggerMessage(9, LogLevel.Debug, "connection {Id}: {Reason} in state {State}: {Detail}")]
    public static partial void ConnectionFault(ILogger logger, long id, SessionEndReason reason, string state, string? detail);

    [LoggerMessage(10, LogLevel.Warning, "a client could not be accepted: {Error}")]
    public static partial void AcceptFailed(ILogger logger, SocketError error);

    [LoggerMessage(11, LogLevel.Information, "the role stops; sessions may go on for {Time}")]
    public static partial void Draining(ILogger logger, TimeSpan time);

    [LoggerMessage(12, LogLevel.Information, "connection {Id}: the grace period admits, {DaysLeft} days are left")]
    public static partial void AdmittedByGrace(ILogger logger, long id, int daysLeft);

    [LoggerMessage(13, LogLevel.Warning, "connection {Id}: admitted with a CAL that should have been asked about ({Revocation}), because the license servers are silent")]
    public static partial void AdmittedUnasked(ILogger logger, long id, string revocation);

    [LoggerMessage(14, LogLevel.Information, "connection {Id}: would be refused, {Reason}, row {Row}; the host only observes")]
    public static partial void Observed(ILogger logger, long id, string reason, string row);

    [LoggerMessage(20, LogLevel.Information, "joined the license server {Server}, key {Fingerprint}")]
    public static partial void Joined(ILogger logger, string server, string fingerprint);

    [LoggerMessage(21, LogLevel.Information, "the host certificate of {Server} is renewed")]
    public static partial void Renewed(ILogger logger, string server);

    [LoggerMessage(22, LogLevel.Warning, "the host certificate of {Server} is not renewed: {Detail}")]
    public static partial void NotRenewed(ILogger logger, string server, string detail);

    [LoggerMessage(23, LogLevel.Warning, "the license server {Server} is silent")]
    public static partial void ServerSilent(ILogger logger, string server);

    [LoggerMessage(24, LogLevel.Information, "the license server {Server} answers again")]
    public static partial void ServerBack(ILogger logger, string server);

    [LoggerMessage(25, LogLevel.Warning, "the ledger of {Server} went back from {Seen} to {Now}: it was restored, or it is not the one it was")]
    public static partial void LedgerWentBack(ILogger logger, string server, long seen, long now);

    [LoggerMessage(26, LogLevel.Warning, "the revocation list of {Server} went back from {Seen} to {Now}: the newer one stays")]
    public static partial void RevocationsWentBack(ILogger logger, string server, long seen, long now);

    [LoggerMessage(28, LogLevel.Information, "what is known of the publisher of {Server} is new: {Roots} roots, withdrawn issuing keys list {Withdrawals}, revocation list {Revocations}")]
    public static partial void TrustTaken(ILogger logger, string server, int roots, long withdrawals, long revocations);

    [LoggerMessage(29, LogLevel.Error, "the publisher has revoked {Server} ({Reason}): it is not asked, and its CALs admit nobody")]
    public static partial void ServerRevoked(ILogger logger, string server, string reason);

    [LoggerMessage(27, LogLevel.Debug, "the revocation list of {Server} is not pulled: {Detail}")]
    public static partial void RevocationsNotPulled(ILogger logger, string server, string detail);

    [LoggerMessage(28, LogLevel.Debug, "{Server} is not told of {Count} sessions yet: {Detail}")]
    public static partial void SessionsNotReported(ILogger logger, string server, int count, string detail);

    [LoggerMessage(68, LogLevel.Information, "{Server} does not take this host's reports; they are tried again: {Detail}")]
    public static partial void HostNotReported(ILogger logger, string server, string detail);

    [LoggerMessage(30, LogLevel.Error, "{Count} changes could not be written; they are tried again")]
    public static partial void StoreFailed(ILogger logger, int count, Exception failure);

    [LoggerMessage(31, LogLevel.Warning, "the database does not keep up: a change was dropped")]
    public static partial void ChangeDropped(ILogger logger);

    [LoggerMessage(40, LogLevel.Information, "RDP clients are shown the TLS certificate with key {Fingerprint}")]
    public static partial void CertificateLoaded(ILogger logger, string fingerprint);

    [LoggerMessage(41, LogLevel.Warning, "the TLS certificate has changed and cannot be used, the one before stays: {Detail}")]
    public static partial void CertificateNotLoaded(ILogger logger, string detail);

    [LoggerMessage(60, LogLevel.Warning, "the grace period begins: without CALs people are admitted until {Until:u}")]
    public static partial void GraceBegun(ILogger logger, DateTimeOffset until);

    [LoggerMessage(61, LogLevel.Warning, "the grace period ends in {DaysLeft} days, on {Until:u}; then nobody is admitted without a CAL")]
    public static partial void GraceEndsSoon(ILogger logger, int daysLeft, DateTimeOffset until);

    [LoggerMessage(62, LogLevel.Warning, "the grace record is damaged or gone: {Detail}")]
    public static partial void GraceRecordDamaged(ILogger logger, string detail);

    [LoggerMessage(63, LogLevel.Warning, "a license server's copy of the grace record cannot be read, or is of another machine")]
    public static partial void GraceCopyUnreadable(ILogger logger);

    [LoggerMessage(64, LogLevel.Information, "extension {Id} adds {Days} days to the grace period")]
    public static partial void GraceExtended(ILogger logger, Guid id, int days);

    [LoggerMessage(65, LogLevel.Debug, "{Server} is not told of the grace period yet: {Detail}")]
    public static partial void GraceNotTold(ILogger logger, string server, string detail);

    [LoggerMessage(66, LogLevel.Information, "the clock has leapt; {Server} says that it is {Time:u}")]
    public static partial void ClockConfirmed(ILogger logger, string server, DateTimeOffset time);

    [LoggerMessage(67, LogLevel.Warning, "the clock has leapt by more than 24 hours, and {Server} does not confirm it: {Detail}")]
    public static partial void ClockNotConfirmed(ILogger logger, string server, string detail);

    [LoggerMessage(50, LogLevel.Debug, "the hook reports a logon")]
    public static partial void LogonReported(ILogger logger);

    [LoggerMessage(51, LogLevel.Warning, "user {Uid} is not root and not the gateway's user: not heard at the logon socket")]
    public static partial void LogonTurnedAway(ILogger logger, uint uid);

    [LoggerMessage(52, LogLevel.Warning, "a message of {Length} bytes at the logon socket is no logon report")]
    public static partial void LogonNotUnderstood(ILogger logger, int length);

    [LoggerMessage(53, LogLevel.Debug, "a logon report broke off: {Detail}")]
    public static partial void LogonBroken(ILogger logger, string detail);

    [LoggerMessage(54, LogLevel.Warning, "no kernel helper is configured: no logon is tied to its connection, and no temporary CAL is validated")]
    public static partial void NoKernelHelper(ILogger logger);

    [LoggerMessage(55, LogLevel.Warning, "{Detail}; until it does, no logon is tied to its connection")]
    public static partial void KernelHelperFailed(ILogger logger, string detail);

    [LoggerMessage(56, LogLevel.Debug, "session {Id}: the kernel does not name its back end: {Detail}")]
    public static partial void PeerNotFound(ILogger logger, long id, string detail);

    [LoggerMessage(58, LogLevel.Information, "a logon: admitted by row {Row}")]
    public static partial void LogonAdmitted(ILogger logger, string row);

    [LoggerMessage(59, LogLevel.Information, "a logon: refused, {Reason}, row {Row}")]
    public static partial void LogonRefused(ILogger logger, string reason, string row);

    [LoggerMessage(60, LogLevel.Warning, "a logon is admitted by the grace period; {Days} days are left")]
    public static partial void LogonInGrace(ILogger logger, int days);

    [LoggerMessage(62, LogLevel.Warning, "the license server {Server} is slow: logons pass it over until it answers, or for {Time}")]
    public static partial void ServerSlow(ILogger logger, string server, TimeSpan time);

    [LoggerMessage(57, LogLevel.Warning, "temporary CAL {Serial}: the license server is not told of the logon yet: {Detail}")]
    public static partial void NotValidated(ILogger logger, string serial, string detail);

    [LoggerMessage(80, LogLevel.Error, "a request to {Route} failed")]
    public static partial void AdministrationFailed(ILogger logger, string route, Exception failure);

    [LoggerMessage(130, LogLevel.Debug, "{Server} was not shown the ledger number that this host has seen: {Detail}")]
    public static partial void RecoveryNotShown(ILogger logger, string server, string detail);

    [LoggerMessage(131, LogLevel.Warning, "{Server} is recovering and got the receipts of {Count} CALs from this host")]
    public static partial void ReceiptsSent(ILogger logger, string server, int count);

    [LoggerMessage(133, LogLevel.Warning, "{Server} has another key now ({Cause}): {Fingerprint} is pinned in the place of the one before")]
    public static partial void KeyFollowed(ILogger logger, string server, string cause, string fingerprint);

    [LoggerMessage(134, LogLevel.Error, "at {Server} is a key that is not the pinned one, and nothing that holds says that it follows: {Detail}")]
    public static partial void KeyNotFollowed(ILogger logger, string server, string detail);

    [LoggerMessage(140, LogLevel.Information, "policy: {Name} is {Value} now ({Origin})")]
    public static partial void PolicyChanged(ILogger logger, string name, string value, string origin);

    [LoggerMessage(141, LogLevel.Warning, "policy: in {Origin} {Field} does not count: {Detail}")]
    public static partial void PolicyFault(ILogger logger, string origin, string field, string detail);

    [LoggerMessage(142, LogLevel.Debug, "{Server} is not asked for the group's policy: {Detail}")]
    public static partial void PolicyNotAsked(ILogger logger, string server, string detail);

    [LoggerMessage(143, LogLevel.Warning, "what license servers said of the group's policy is damaged, and asked for again: {Detail}")]
    public static partial void GroupPolicyDamaged(ILogger logger, string detail);

    [LoggerMessage(132, LogLevel.Error, "a change cannot be written to the database and is dropped")]
    public static partial void ChangeRuledOut(ILogger logger, Exception failure);
}
