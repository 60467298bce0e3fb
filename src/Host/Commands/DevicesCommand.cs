using System.CommandLine;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary devices</c>: the devices that the license server knows.</summary>
internal static class DevicesCommand
{
    public static Command Create() => new("devices", "Devices that this license server knows, and what is odd about them.") { List(), Show(), Merge(), Split() };

    private static Command List()
    {
        var flagged = new Option<string?>("--flagged") { Description = "Only devices with this flag, or with any." };
        flagged.AcceptOnlyFromAmong(["any", .. Enum.GetValues<DeviceFlags>().Where(flag => flag != DeviceFlags.None).Select(flag => KebabCase.Of(flag))]);
        return ListCommand.Create(
            "list", "Lists devices over which somebody has logged on, in the order in which they came.", ServerCommand.Role, flagged,
            (client, parse, after, limit, cancellation) => new LicenseServerAdministrationClient(client).DevicesAsync(after, limit, parse.GetValue(flagged), cancellation),
            "Nobody has logged on over a device.",
            ("Device", device => device.Identities.Count > 0 ? device.Identities[0].ClientName : ""),
            ("CAL", device => device.Cals.Count > 0 ? device.Cals[0].Status.ToString() : "none"),
            ("Flags", device => string.Join(", ", device.Flags)),
            ("Identities", device => $"{device.Identities.Count}"),
            ("Device id", device => device.DeviceId.ToString()));
    }

    private static Command Show()
    {
        var device = DeviceId("device");
        return new Command("show", "Shows one device: what it came with, and its CALs.") { device }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).DeviceAsync(parse.GetRequiredValue(device), cancellation),
            Print);
    }

    private static Command Merge()
    {
        var device = DeviceId("device");
        var other = DeviceId("other");
        var reason = new Option<string>("--reason") { Description = "Why; it stands in the audit.", Required = true };
        return new Command("merge", "Says that another device is the same machine: one of two permanent CALs is void, and its seat free.") { device, other, reason }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).MergeDevicesAsync(
                parse.GetRequiredValue(device), new(parse.GetRequiredValue(other), parse.GetRequiredValue(reason)), cancellation),
            (screen, merged) =>
            {
                Print(screen, merged.Device);
                screen.Line(merged.RevokedCal is { } serial ? $"CAL {serial} is void; its seat is free." : "They did not hold a permanent CAL each; no seat came back.");
            });
    }

    private static Command Split()
    {
        var device = DeviceId("device");
        var hardwareId = new Option<string>("--hardware-id") { Description = "40 hexadecimal digits, as 'ostiary devices show' prints them.", Required = true };
        var name = new Option<string>("--name") { Description = "The client's name that came with it.", Required = true };
        return new Command("split", "Says that an identity of a device is another machine: it becomes a device of its own.") { device, hardwareId, name }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).SplitDeviceAsync(
                parse.GetRequiredValue(device), new(parse.GetRequiredValue(hardwareId), parse.GetRequiredValue(name)), cancellation),
            (screen, split) =>
            {
                Print(screen, split.Device);
                Print(screen, split.Split);
            });
    }

    private static Argument<Guid> DeviceId(string name) => new(name) { Description = "The device id, as 'ostiary devices list' prints it." };

    private static void Print(Screen screen, DeviceRecord device)
    {
        screen.Facts(
            ("Device id", device.DeviceId.ToString()),
            ("Flags", device.Flags.Count == 0 ? "none" : string.Join(", ", device.Flags)));
        screen.Table(device.Identities, "", ("Hardware id", identity => identity.HardwareId), ("Name", identity => identity.ClientName));
        screen.Table(
            device.Cals, "",
            ("Serial", cal => cal.Serial), ("Version", cal => cal.Version.ToString()), ("Status", cal => cal.Status.ToString()),
            ("Issued", cal => Screen.Time(cal.IssuedAt)), ("Expires", cal => Screen.Time(cal.ExpiresAt)), ("Account", cal => cal.Account ?? ""));
    }
}
