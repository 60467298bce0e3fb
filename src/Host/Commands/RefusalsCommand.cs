using System.CommandLine;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary refusals</c>: who was not admitted, by which rule, and what to do.</summary>
internal static class RefusalsCommand
{
    public static Command Create() => new("refusals", "Who was not admitted, by which rule, and what to do.")
    {
        ListCommand.Create(
            "list", "Lists refusals, newest first.", SessionsCommand.Role,
            (client, after, limit, cancellation) => new SessionHostAdministrationClient(client).RefusalsAsync(after, limit, cancellation),
            "Nobody has been refused.",
            ("When", refusal => Screen.Time(refusal.At)),
            ("Reason", refusal => refusal.Observed ? $"{refusal.Reason} (only observed)" : refusal.Reason),
            ("Rule", refusal => refusal.Rule),
            ("Device", refusal => refusal.Device ?? ""),
            ("User (not proven)", refusal => refusal.UserName ?? ""),
            ("Address", refusal => refusal.Address),
            ("Because", refusal => refusal.Detail),
            ("What to do", refusal => refusal.Fix)),
    };
}
