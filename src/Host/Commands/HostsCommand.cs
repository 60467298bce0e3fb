using System.CommandLine;
using System.Globalization;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary hosts</c>: the session hosts of a license server.</summary>
internal static class HostsCommand
{
    public static Command Create() => new("hosts", "Session hosts: invite them at the license server, join from the host.") { Invite(), Join(), List(), Set(), Remove(), HostGroupsCommand.Create() };

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

    private static Command Set()
    {
        var host = HostId();
        var allowed = new Option<bool?>("--allowed") { Description = "Whether it may ask for CALs." };
        var quota = new Option<int?>("--quota") { Description = "New permanent CALs in an hour, 0 to 1,000,000." };
        var separate = new Option<bool?>("--separate-accounts") { Description = "Whether its local accounts are other people than those of the same name elsewhere." };
        return new Command("set", "Says what a session host may.") { host, allowed, quota, separate }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).ChangeHostAsync(
                parse.GetRequiredValue(host), new(parse.GetValue(allowed), parse.GetValue(quota), parse.GetValue(separate)), cancellation),
            (screen, changed) => screen.Facts(
                ("Host", changed.Name),
                ("Allowed", changed.Allowed ? "yes" : "no"),
                ("CALs an hour", changed.QuotaPerHour.ToString(CultureInfo.InvariantCulture)),
                ("Separate accounts", changed.SeparateAccounts ? "yes" : "no")));
    }

    private static Command Remove()
    {
        var host = HostId();
        var since = new Option<DateTimeOffset?>("--undo-since") { Description = "Revokes the CALs that it took since this time, e.g. 2026-03-01T12:00:00Z." };
        return new Command("remove", "Takes a session host out, at once.") { host, since }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).RemoveHostAsync(parse.GetRequiredValue(host), parse.GetValue(since), cancellation),
            (screen, removed) => screen.Line(
                $"Session host {removed.HostId} is removed; {removed.RevokedCals} of its CALs were revoked and {removed.DroppedTemporaries} temporary ones without a logon dropped."));
    }

    private static Argument<Guid> HostId() => new("host") { Description = "The host id, as 'ostiary hosts list' prints it." };

    private static Command List() => ListCommand.Create(
        "list", "Lists the session hosts that have joined.", ServerCommand.Role,
        (client, after, limit, cancellation) => new LicenseServerAdministrationClient(client).HostsAsync(after, limit, cancellation),
        "No session host has joined. 'ostiary hosts invite' invites one.",
        ("Host", host => host.Name),
        ("Version", host => host.Version.ToString()),
        ("Mode", host => KebabCase.Of(host.Mode)),
        ("Joined", host => Screen.Time(host.JoinedAt)),
        ("Certificate until", host => Screen.Time(host.CertificateUntil)),
        ("Allowed", host => host.Allowed ? "yes" : "no"),
        ("CALs an hour", host => host.QuotaPerHour.ToString(CultureInfo.InvariantCulture)),
        ("Group", host => host.Group ?? ""),
        ("Last seen", host => Screen.Time(host.LastSeenAt)),
        ("Host id", host => host.HostId.ToString()));
}
