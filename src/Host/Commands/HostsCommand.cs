using System.CommandLine;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary hosts</c>: the session hosts of a license server.</summary>
internal static class HostsCommand
{
    public static Command Create() => new("hosts", "Session hosts: invite them at the license server, join from the host.") { Invite(), Join(), List() };

    private static Command Invite()
    {
        var version = CatalogueOptions.Version("--version", "The version that the host will have.");
        var mode = new Option<string>("--mode") { Description = "per-device or per-user.", DefaultValueFactory = _ => "per-device" };
        mode.AcceptOnlyFromAmong("per-device", "per-user");
        var hours = new Option<int>("--hours") { Description = "How long the invitation is good, 1 to 720.", DefaultValueFactory = _ => 24 };
        return new Command("invite", "Prints an invitation, good for one host.") { version, mode, hours }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).InviteAsync(
                new(parse.GetValue(version), parse.GetValue(mode) == "per-user" ? LicensingMode.PerUser : LicensingMode.PerDevice, parse.GetValue(hours)), cancellation),
            (screen, invited) =>
            {
                screen.Line("On the session host, run:");
                screen.Line($"  ostiary hosts join {invited.Invitation}");
                screen.Line($"It works once, until {Screen.Time(invited.ExpiresAt)}.");
            });
    }

    private static Command Join()
    {
        var invitation = new Argument<string>("invitation") { Description = "What 'ostiary hosts invite' printed." };
        return new Command("join", "Joins this session host to a license server.") { invitation }.Calls(
            SessionsCommand.Role,
            (client, parse, cancellation) => new SessionHostAdministrationClient(client).JoinAsync(new(parse.GetRequiredValue(invitation)), cancellation),
            StatusCommand.PrintSessionHost);
    }

    private static Command List() => ListCommand.Create(
        "list", "Lists the session hosts that have joined.", ServerCommand.Role,
        (client, after, limit, cancellation) => new LicenseServerAdministrationClient(client).HostsAsync(after, limit, cancellation),
        "No session host has joined. 'ostiary hosts invite' invites one.",
        ("Host", host => host.Name),
        ("Version", host => host.Version.ToString()),
        ("Mode", host => KebabCase.Of(host.Mode)),
        ("Joined", host => Screen.Time(host.JoinedAt)),
        ("Certificate until", host => Screen.Time(host.CertificateUntil)),
        ("Last seen", host => Screen.Time(host.LastSeenAt)),
        ("Host id", host => host.HostId.ToString()));
}
