using System.CommandLine;
using System.Globalization;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary observe</c>: what licensing would need and refuse.</summary>
internal static class ObserveCommand
{
    public static Command Create()
    {
        var days = new Option<int>("--days") { Description = "The last N days, 1 to 365.", DefaultValueFactory = _ => 30 };
        return new("observe", "What licensing would need and refuse here.")
        {
            new Command("report", "Says how many CALs would do and whom the rules would refuse.") { days }.Calls(
                SessionsCommand.Role,
                (client, parse, cancellation) => new SessionHostAdministrationClient(client).ObservationAsync(parse.GetValue(days), cancellation), Print),
        };
    }

    private static void Print(Screen screen, ObservationReport report)
    {
        screen.Line($"{report.Devices} Device or {report.Users} User CALs would do ({report.Sessions} sessions in {report.Days} days).");
        if (report.AdmittedByGrace > 0)
            screen.Line($"{report.AdmittedByGrace} of the sessions were admitted by the grace period alone.");
        if (report.WouldBeRefused.Count > 0)
            screen.Line($"These {report.WouldBeRefused.Count} would have been refused, because:");
        screen.Table(
            report.WouldBeRefused,
            report.Observing ? "Nobody would have been refused." : "Nothing was observed: set SessionHost:Observe to true first.",
            ("Who", refused => refused.Who),
            ("Reason", refused => refused.Reason),
            ("Rule", refused => refused.Rule),
            ("Times", refused => refused.Times.ToString(CultureInfo.InvariantCulture)),
            ("Last", refused => Screen.Time(refused.LastAt)),
            ("Because", refused => refused.Detail),
            ("What to do", refused => refused.Fix));
    }
}
