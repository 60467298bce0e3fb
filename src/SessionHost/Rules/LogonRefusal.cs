using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;

namespace Ostiary.SessionHost.Rules;

/// <summary>Why a person is not let on, for whoever looks after the host. What the license servers say is worded as for devices.</summary>
public static class LogonRefusal
{
    private const string AdministrativeRow = "U1", RefusedRow = "U6", UnansweredRow = "U7";

    public static Refusal NotAnAdministrator { get; } = new(
        "not-an-administrator", AdministrativeRow,
        "The connection asked for an administrative session (/admin), and the account is in none of the administrators' groups.",
        "Connect without /admin; or here, for an administrator: usermod -aG sudo ACCOUNT (the groups are the hook's --administrators in /etc/pam.d/xrdp-sesman).");

    public static Refusal SlotsInUse { get; } = new(
        "administrative-sessions-in-use", AdministrativeRow,
        "Two administrative sessions run already.",
        "Here: ostiary sessions list shows them (rule U1); end one of them, or connect without /admin.");

    /// <summary>Nobody logged on over a connection that asked for an administrative session.</summary>
    /// <param name="detail">One sentence: the time was over, or a newer connection took its place.</param>
    public static Refusal AdministrativeWaitOver(string detail) => new(
        "administrative-wait-over", AdministrativeRow, detail,
        "Connect again and log on at once; logons are tied to their connections by the kernel helper (KernelHelper in the options, ostiary-logon kernel).");

    public static Refusal ByServer(RefusalReason reason, string? detail, string server)
    {
        var refusal = Refusal.ByServer(reason, detail, server) with { Reason = KebabCase.Of(reason), Row = RefusedRow };
        return reason == RefusalReason.NoCalAvailable
            ? refusal with { Fix = $"On the license server {server}: ostiary packs install KEY, with User CALs; or ostiary cals release SERIAL, of somebody who does not come any more." }
            : refusal;
    }

    public static Refusal NoneConfigured { get; } = Refusal.NoneConfigured with { Row = UnansweredRow };

    public static Refusal AllSilent(string detail) => Refusal.AllSilent(detail) with { Row = UnansweredRow };
}
