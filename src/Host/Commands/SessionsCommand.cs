using System.CommandLine;
using System.Globalization;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary sessions</c>: connections of this session host.</summary>
internal static class SessionsCommand
{
    public const string Role = "session-host";

    public static Command Create() => new("sessions", "Connections of this session host.")
    {
        ListCommand.Create(
            "list", "Lists connections, the running ones first. A CAL is not a concurrent session.", Role,
            (client, after, limit, cancellation) => new SessionHostAdministrationClient(client).SessionsAsync(after, limit, cancellation),
            "Nobody has connected yet.",
            ("Id", session => session.Id.ToString(CultureInfo.InvariantCulture)),
            ("Device", session => session.Device),
            ("Address", session => session.Address),
            ("Account", session => session.Account ?? ""),
            ("Rule", session => session.Rule),
            ("CAL", session => session.Serial is null ? "" : session.Serial[^8..] + (session.Temporary ? " temporary" : " permanent")),
            ("Started", session => Screen.Time(session.StartedAt)),
            ("Ended", session => Screen.Time(session.EndedAt)),
            ("End", session => session.End ?? "running")),
    };
}
