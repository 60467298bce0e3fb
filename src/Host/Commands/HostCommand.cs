using System.CommandLine;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary host</c>: this session host itself.</summary>
internal static class HostCommand
{
    public static Command Create() => new("host", "This session host.")
    {
        new Command("clock", "What counts as now.")
        {
            new Command("show", "Shows the machine's clock and what counts as now.").Calls(
                SessionsCommand.Role, (client, _, cancellation) => new SessionHostAdministrationClient(client).ClockAsync(cancellation), PrintHost),
            new Command("confirm", "Says that the machine's clock is right.").Calls(
                SessionsCommand.Role, (client, _, cancellation) => new SessionHostAdministrationClient(client).ConfirmClockAsync(cancellation), PrintHost),
        },
    };

    private static void PrintHost(Screen screen, ClockStatus clock) => Print(screen, clock, "ostiary host clock confirm");

    public static void Print(Screen screen, ClockStatus clock, string confirm) => screen.Facts(
        ("Machine's clock", Screen.Time(clock.Machine)),
        ("Counts as now", Screen.Time(clock.Counts)),
        ("Confirmed", clock.Confirmed ? "yes" : $"no: it leapt by more than 24 hours; '{confirm}' confirms it"));
}
