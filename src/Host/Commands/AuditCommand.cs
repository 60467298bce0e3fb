using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Trust;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary audit</c> and <c>ostiary clearinghouse audit</c>: the audit chains.</summary>
internal static class AuditCommand
{
    private const long MaxHeadFile = 256 * 1024;

    public static Command Create() => new("audit", "The license server's audit chain.")
    {
        ListCommand.Create(
            "list", "Lists what happened and who did it, newest first.", ServerCommand.Role,
            (client, after, limit, cancellation) => new LicenseServerAdministrationClient(client).AuditAsync(after, limit, cancellation),
            "Nothing has happened yet.",
            ("Number", entry => entry.Number.ToString(CultureInfo.InvariantCulture)),
            ("When", entry => Screen.Time(entry.At)),
            ("By", entry => entry.By ?? "(erased)"),
            ("What", entry => entry.Kind),
            ("Table", entry => entry.Table),
            ("Row", entry => entry.Row)),
        new Command("verify", "Recomputes the chain and compares every row with it. Exit status 1 when a row does not fit.").Calls(
            ServerCommand.Role,
            (client, _, cancellation) => new LicenseServerAdministrationClient(client).VerifyAuditAsync(cancellation),
            (screen, result) =>
            {
                if (!result.Sound)
                    screen.Table(result.Faults, "", ("Table", fault => fault.Table), ("Row", fault => fault.Row), ("Fault", fault => fault.Fault));
                screen.Line(result.Sound
                    ? $"Sound: {result.Entries} entries, head {result.HeadHash}."
                    : $"Not sound: {result.Faults.Count} faults in {result.Entries} entries.");
            },
            result => result.Sound ? ExitCode.Done : ExitCode.Failed),
    };

    /// <summary>The clearinghouse's.</summary>
    public static Command CreateForClearinghouse() => new("audit", "The clearinghouse's audit chain.")
    {
        ListCommand.Create(
            "list", "Lists what happened and who did it, newest first.", ClearinghouseCommand.Role,
            (client, after, limit, cancellation) => new ClearinghouseAdministrationClient(client).AuditAsync(after, limit, cancellation),
            "Nothing has happened yet.",
            ("Number", entry => entry.Number.ToString(CultureInfo.InvariantCulture)),
            ("When", entry => Screen.Time(entry.At)),
            ("By", entry => entry.By ?? "(erased)"),
            ("What", entry => entry.Kind),
            ("Subject", entry => entry.Subject)),
        VerifyForClearinghouse(),
    };

    private static Command VerifyForClearinghouse()
    {
        var heads = new Option<FileInfo[]>("--head")
        {
            Description = "A signed head that a license server has kept ('ostiary server publisher-head --out FILE'). May be given again.",
            HelpName = "FILE",
            AllowMultipleArgumentsPerToken = false,
        };
        var log = new Option<FileInfo?>("--signer-log") { Description = "The signer's log, signed.log in its state directory: what it signed last says where the audit was.", HelpName = "FILE" };
        return new Command(
            "verify", "Recomputes the chain, and compares it with what license servers and the signer have kept of it. Exit status 1 when an entry does not fit or is gone.") { heads, log }.Calls(
            ClearinghouseCommand.Role,
            async (client, parse, cancellation) =>
            {
                var documents = new List<AuditHeadDocument>();
                foreach (var file in parse.GetValue(heads) ?? [])
                    documents.Add(await ReadHeadAsync(file, cancellation));
                IReadOnlyList<AuditPositionRecord> positions = parse.GetValue(log) is { } signed && ReadLog(signed) is var (number, hash) ? [new(number, hash)] : [];
                return await new ClearinghouseAdministrationClient(client).VerifyAuditAsync(new(documents, positions), cancellation);
            },
            (screen, result) => screen.Line(result.Sound ? $"Sound: {result.Entries} entries." : $"Not sound: entry {result.Number}: {result.Fault}."),
            result => result.Sound ? ExitCode.Done : ExitCode.Failed);
    }

    private static async Task<AuditHeadDocument> ReadHeadAsync(FileInfo file, CancellationToken cancellation)
    {
        if (file is { Exists: true, Length: > MaxHeadFile })
            throw new UsageException($"{file} has {file.Length} bytes; a head has at most {MaxHeadFile}");
        try
        {
            await using var stream = file.OpenRead();
            return await JsonSerializer.DeserializeAsync(stream, ContractsJson.Default.AuditHeadDocument, cancellation) ?? throw new UsageException($"{file} holds no head");
        }
        catch (JsonException malformed)
        {
            throw new UsageException($"{file} holds no head: {malformed.Message}");
        }
    }

    private static (long Number, string Hash)? ReadLog(FileInfo file)
    {
        try
        {
            return SignerRole.LastAuditPosition(file.FullName);
        }
        catch (InvalidDataException damaged)
        {
            throw new UsageException(damaged.Message);
        }
    }
}
