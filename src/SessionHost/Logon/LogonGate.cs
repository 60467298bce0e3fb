using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Certificates;
using Ostiary.SessionHost.Gateway;
using Ostiary.SessionHost.Grace;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Policy;
using Ostiary.SessionHost.Rules;

namespace Ostiary.SessionHost.Logon;

/// <summary>What the hook is told.</summary>
/// <param name="Refusal">Why the person is not let on; null where they are.</param>
/// <param name="Connection">The connection that the kernel ties to the logon; null where it does not.</param>
internal sealed record LogonVerdict(Refusal? Refusal, LiveSession? Connection);

/// <summary>The decisions at a logon: gathers the facts, applies <see cref="LogonRules"/>, remembers who was let on.</summary>
internal sealed class LogonGate(
    Servers servers, UserQuestions questions, UserLeases leases, GracePeriod grace, AdministrativeSessions administrative,
    UserIdentities identities, ConnectionSearch search, LogonTies ties, PolicyInForce policy, TimeProvider time, ILogger<LogonGate> logger)
{
    /// <param name="report">What the hook reports.</param>
    /// <param name="hook">The hook's process id.</param>
    /// <param name="cancellation">The hook has left.</param>
    public async Task<LogonVerdict> DecideAsync(LogonReport report, int hook, CancellationToken cancellation)
    {
        // While nobody waits for an administrative session, the kernel and the license servers are asked at the same time.
        var searching = search.FindAsync(hook, cancellation);
        var connection = administrative.AnyWaiting ? await searching.ConfigureAwait(false) : null;
        var (ruling, refusal, serial) = connection is { AdministrativeAsked: true }
            ? DecideAdministrative(report, connection)
            : await DecideOrdinaryAsync(report, cancellation).ConfigureAwait(false);
        if (ruling.Outcome == RuleOutcome.Admit || policy.Observe)
        {
            Log.LogonAdmitted(logger, ruling.Row);
            ties.Report(new(report.User, report.Uid, report.Administrator, ruling.Row, serial, time.GetUtcNow()));
        }

        return new(refusal, await searching.ConfigureAwait(false));
    }

    private (Ruling, Refusal?, string?) DecideAdministrative(LogonReport report, LiveSession connection)
    {
        var facts = NotAsked with
        {
            Mode = servers.Mode,
            Administrative = true,
            Administrator = report.Administrator,
            SlotFree = report.Administrator && administrative.TryTake(connection, report.Uid),
        };
        var ruling = LogonRules.Decide(facts);
        var refusal = ruling.Outcome == RuleOutcome.Admit ? null : report.Administrator ? LogonRefusal.SlotsInUse : LogonRefusal.NotAnAdministrator;
        return (ruling, refusal, null);
    }

    private async Task<(Ruling, Refusal?, string?)> DecideOrdinaryAsync(LogonReport report, CancellationToken cancellation)
    {
        var facts = NotAsked with { Mode = servers.Mode, Administrator = report.Administrator };
        var ruling = LogonRules.Decide(facts);
        if (ruling.Outcome != RuleOutcome.Ask)
            return (ruling, null, null);

        var user = identities.Of(report.User, report.Uid, report.Local);
        var lease = await leases.FindAsync(user, cancellation).ConfigureAwait(false);
        var reply = await questions.AskAsync(user, lease, cancellation).ConfigureAwait(false);
        facts = facts with { Server = AnswerOf(reply), LeaseValid = lease is { Valid: true }, GraceRuns = grace.State is not GraceState.Ended };
        ruling = LogonRules.Decide(facts);
        if (ruling.Row == "U5")
        {
            // The record must be durable before anybody is admitted by it; between the two looks the period may have ended.
            if (await grace.UseAsync(cancellation).ConfigureAwait(false) is GraceState.Running running)
                Log.LogonInGrace(logger, running.DaysLeft);
            else
                ruling = LogonRules.Decide(facts with { GraceRuns = false });
        }

        if (ruling.Outcome == RuleOutcome.Admit)
            return (ruling, null, reply is UserReply.Granted granted ? granted.Cal.Serial : ruling.Row == "U4" ? lease!.Serial : null);
        return (ruling, reply switch
        {
            UserReply.Refused refused => LogonRefusal.ByServer(refused.Reason, refused.Detail, refused.Address),
            UserReply.Silent silent => LogonRefusal.AllSilent(silent.Detail),
            _ => LogonRefusal.NoneConfigured,
        }, null);
    }

    internal static LogonFacts NotAsked { get; } = new(
        LicensingMode.PerDevice, Administrative: false, Administrator: false, SlotFree: false, LogonServerAnswer.NotAsked, LeaseValid: false, GraceRuns: false);

    private static LogonServerAnswer AnswerOf(UserReply reply) => reply switch
    {
        UserReply.Granted => LogonServerAnswer.Grants,
        UserReply.Refused => LogonServerAnswer.Refuses,
        UserReply.Silent => LogonServerAnswer.Silent,
        _ => LogonServerAnswer.NoneConfigured,
    };
}
