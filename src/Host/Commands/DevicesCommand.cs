using System.CommandLine;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary devices</c>: the devices that the license server knows.</summary>
internal static class DevicesCommand
{
    public static Command Create() => new("devices", "Devices over which somebody has logged on, and what is odd about them.") { List(), Show() };

    private static Command List()
    {
        var flagged = new Option<string?>("--flagged") { Description = "Only devices with this flag, or 'any'.", HelpName = "FLAG" };
        flagged.CompletionSources.Add(["any", .. Enum.GetValues<DeviceFlags>().Where(flag => flag != DeviceFlags.None).Select(flag => KebabCase.Of(flag))]);
        return ListCommand.Create(
            "list", "Lists devices, in the order in which they came.", ServerCommand.Role, flagged,
            (client, parse, after, limit, cancellation) => new LicenseServerAdministrationClient(client).DevicesAsync(after, limit, parse.GetValue(flagged), cancellation),
            "There is no such device.",
            ("Device", device => Names(device)),
            ("Flags", Flags),
            ("CAL", device => device.Cals is [var newest, ..] ? $"{newest.Status}, until {Screen.Time(newest.ExpiresAt)}" : "none"),
            ("Device id", device => device.DeviceId.ToString()));
    }

    private static Command Show()
    {
        var id = new Argument<Guid>("device") { Description = "The device id, as 'ostiary devices list' prints it." };
        return new Command("show", "Shows one device.") { id }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).DeviceAsync(parse.GetRequiredValue(id), cancellation),
            Print);
    }

    private static void Print(Screen screen, DeviceRecord device)
    {
        screen.Facts(("Device id", device.DeviceId.ToString()), ("Flags", Flags(device)));
        screen.Table(device.Identities, "", ("Name", identity => identity.ClientName), ("Hardware id", identity => identity.HardwareId));
        screen.Table(
            device.Cals, "No CAL.",
            ("CAL", cal => cal.Serial),
            ("Version", cal => cal.Version.ToString()),
            ("Status", cal => cal.Status.ToString()),
            ("Issued", cal => Screen.Time(cal.IssuedAt)),
            ("Expires", cal => Screen.Time(cal.ExpiresAt)));
    }

    private static string Names(DeviceRecord device) => string.Join(", ", device.Identities.Select(identity => identity.ClientName).Distinct());

    private static string Flags(DeviceRecord device) => device.Flags.Count == 0 ? "none" : string.Join(", ", device.Flags);
}
