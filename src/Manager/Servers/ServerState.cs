using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Problems;
using Ostiary.Manager.SignIn;

namespace Ostiary.Manager.Servers;

/// <summary>A license server's state in two words, and why it is so.</summary>
/// <param name="Activated">Whether it is activated and issues.</param>
/// <param name="Short">For a tree.</param>
/// <param name="Cause">Why it is not as it should be; empty where it is.</param>
/// <param name="Status">What it said; null where it did not answer.</param>
internal sealed record ServerState(bool Activated, string Short, string Cause, LicenseServerStatus? Status)
{
    /// <summary>Asks it.</summary>
    public static async Task<ServerState> AskAsync(LicenseServerConnection connection, ServerAccess server, CancellationToken cancellation)
    {
        try
        {
            return Of(await connection.Open(server).StatusAsync(cancellation));
        }
        catch (ProblemException problem)
        {
            return new(false, problem.Problem == LicensingProblem.NotAuthenticated ? "Signed out" : "Does not answer", problem.Message, null);
        }
    }

    public static ServerState Of(LicenseServerStatus status) => status switch
    {
        { IssuesNothing: { } why } => new(false, "Issues nothing", why, status),
        { Activated: false } => new(false, "Not activated", "no clearinghouse has certified its key; it issues temporary CALs only", status),
        { Recovery: { } recovery } => new(true, "Recovering", $"its ledger is older than what hosts have seen; {recovery.HostsMissing} have not answered yet", status),
        _ => new(true, "Activated", "", status),
    };
}
