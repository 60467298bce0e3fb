using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Kernel;
using Ostiary.SessionHost.Grace;
using Ostiary.SessionHost.LicenseServers;
using Ostiary.SessionHost.Logon;
using Ostiary.SessionHost.Rules;

namespace Ostiary.SessionHost.Administration;

/// <summary>Runs the logon table for a person as it would be run at the next logon. Nothing is asked of a license server, so that explaining takes no seat.</summary>
internal sealed class ExplainingLogons(Servers servers, UserLeases leases, GracePeriod grace, UserIdentities identities, TimeProvider time)
{
    /// <summary>A directory that does not answer is not waited for.</summary>
    private static readonly TimeSpan NssTime = TimeSpan.FromSeconds(5);

    /// <param name="account">As it would be typed.</param>
    /// <param name="cancellation">Ends the wait for NSS.</param>
    /// <exception cref="ProblemException">NSS knows no such account, or does not answer.</exception>
    public async Task<Explanation> ExplainAsync(string account, CancellationToken cancellation)
    {
        var (name, uid, local) = await FindAsync(account, cancellation).ConfigureAwait(false);
        var lease = servers.Mode == LicensingMode.PerUser ? await leases.FindAsync(identities.Of(name, uid, local), cancellation).ConfigureAwait(false) : null;
        var facts = LogonGate.NotAsked with
        {
            Mode = servers.Mode,
            Server = servers.Asked.Count == 0 ? LogonServerAnswer.NoneConfigured
                : servers.Asked.All(link => link.SilentSince is not null) ? LogonServerAnswer.Silent : LogonServerAnswer.NotAsked,
            LeaseValid = lease is { Valid: true },
            GraceRuns = grace.State is not GraceState.Ended,
        };
        var ruling = LogonRules.Decide(facts);
        var who = $"{name}, user {uid}, {(local ? "local" : "of a directory")}";
        var held = lease is null ? "no lease" : $"lease of CAL {lease.Serial[..8]}{(lease.Valid ? "" : ", which is over or does not serve this host")}";
        return new(null, ExplainedRows.UpTo(ruling.Row, Rows(facts, ruling, who, held)), KebabCase.Of(ruling.Outcome));
    }

    private ExplainedRow[] Rows(LogonFacts facts, Ruling ruling, string who, string held)
    {
        var server = KebabCase.Of(facts.Server);
        bool? asked = facts.Server == LogonServerAnswer.NotAsked ? null : false;
        bool? Matches(string row) => asked is null ? null : ruling.Row == row;
        return
        [
            new("U1", "an administrative session is asked for", false, $"taken for granted: it is not ({who})"),
            new("U2", "the host is per device: whoever has a good password is admitted", ruling.Row == "U2", KebabCase.Of(facts.Mode)),
            new("U3", "the license server grants the User CAL", asked, server),
            new("U4", "the license servers are silent, and the lease still holds", Matches("U4"), $"{server}; {held}"),
            new("U5", "the grace period runs or has not begun", facts.GraceRuns ? Matches("U5") : false, KebabCase.Of(GraceStandings.Of(grace.State))),
            new("U6", "the license server refuses", asked, server),
            new("U7", "no license server, or all silent", asked is null ? false : ruling.Row == "U7", server),
        ];
    }

    private async Task<(string Name, uint Uid, bool Local)> FindAsync(string account, CancellationToken cancellation)
    {
        try
        {
            return await Task.Run(() => Account.Find(account) is { } found ? (found.Name, found.Uid, found.IsLocal) : default((string, uint, bool)?), cancellation)
                .WaitAsync(NssTime, time, cancellation).ConfigureAwait(false)
                ?? throw new ProblemException(LicensingProblem.NotFound, "this host has no account of that name (getent passwd), and no session or refusal of that name is kept here", "account");
        }
        catch (TimeoutException)
        {
            throw new ProblemException(LicensingProblem.TemporarilyUnavailable, $"the accounts of this machine (NSS) did not answer within {NssTime.TotalSeconds:0} s");
        }
    }
}
