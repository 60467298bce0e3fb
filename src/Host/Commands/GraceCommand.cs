using System.CommandLine;
using System.Globalization;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary grace</c>: the grace period of this session host.</summary>
internal static class GraceCommand
{
    public static Command Create() => new("grace", "The grace period of this session host.") { Show(), Install() };

    private static Command Show() => new Command("show", "Shows where the grace period stands.").Calls(
        SessionsCommand.Role, (client, _, cancellation) => new SessionHostAdministrationClient(client).GraceAsync(cancellation), Print);

    private static Command Install()
    {
        var file = new Argument<FileInfo>("file") { Description = "What 'ostiary clearinghouse grace extend' wrote." };
        return new Command("install", "Installs an extension, once.") { file }.Calls(
            SessionsCommand.Role,
            async (client, parse, cancellation) => await new SessionHostAdministrationClient(client).InstallExtensionAsync(
                new(await ReadAsync(parse.GetRequiredValue(file), cancellation)), cancellation),
            Print);
    }

    private static async Task<string> ReadAsync(FileInfo file, CancellationToken cancellation)
    {
        try
        {
            return await File.ReadAllTextAsync(file.FullName, cancellation);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new ProblemException(LicensingProblem.InvalidField, unreadable.Message, "file");
        }
    }

    private static void Print(Screen screen, GraceStatus grace) => screen.Facts(
        ("State", grace switch
        {
            { Lost: true } => "ended: the record is damaged or gone, and no license server has given its copy",
            { EndedEarly: true } => "ended: a CAL was granted for this host",
            _ => grace.State,
        }),
        ("Started", Screen.Time(grace.StartedAt)),
        ("Until", Screen.Time(grace.Until)),
        ("Days left", grace.DaysLeft?.ToString(CultureInfo.InvariantCulture) ?? ""),
        ("Machine id", grace.MachineId),
        ("Extensions", grace.Extensions.Count == 0 ? "none" : $"{grace.Extensions.Count}, {grace.ExtensionDays} days"),
        ("Record read from", grace.Source));
}
