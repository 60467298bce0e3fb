using System.CommandLine;
using System.Text.Json.Nodes;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary clearinghouse</c>: what a publisher does before the clearinghouse runs, and grace extensions.</summary>
internal static class ClearinghouseCommand
{
    /// <summary>Its folder under the state directory.</summary>
    public const string Role = "clearinghouse";

    private const string What = "the clearinghouse";

    public static Command Create()
    {
        var command = new Command("clearinghouse", "The publisher's clearinghouse.")
        {
            Init(),
            RotateIssuing(),
            TelephoneCommand.Create(),
            new Command("grace", "Grace periods of session hosts.") { ExtendGrace() },
            TrustCommand.CreateForClearinghouse(),
            AgreementsCommand.Create(),
            CustomersCommand.Create(),
            AccountsCommand.Create(Role, What),
            TokensCommand.Create(Role, What),
            AuditCommand.CreateForClearinghouse(),
        };
        foreach (var keys in PublisherKeysCommand.Create())
            command.Add(keys);
        return command;
    }

    private static Command ExtendGrace()
    {
        var machine = new Argument<string>("machine-id") { Description = "What 'ostiary grace show' prints on the session host." };
        var days = new Argument<int>("days") { Description = "1 to 365." };
        var file = new Option<FileInfo>("--out") { Description = "Where the extension goes, for 'ostiary grace install'.", HelpName = "FILE", Required = true };
        return new Command("extend", "Signs an extension of one machine's grace period.") { machine, days, file }.Calls(
            Role,
            async (client, parse, cancellation) =>
            {
                var extended = await new ClearinghouseAdministrationClient(client).ExtendGraceAsync(new(parse.GetRequiredValue(machine), parse.GetValue(days)), cancellation);
                await File.WriteAllTextAsync(parse.GetRequiredValue(file).FullName, extended.File, cancellation);
                return extended;
            },
            (screen, extended) => screen.Line($"Extension {extended.Id} is written. On the session host: ostiary grace install FILE"));
    }

    private static Command Init()
    {
        var publisher = new Option<string>("--publisher") { Description = "The publisher's name; it stands in the root's name.", Required = true };
        var root = new Option<string?>("--root") { Description = "Where the root key goes: best a medium that is then taken away (default: STATE/root).", HelpName = "DIR" };
        var command = new Command("init", "Root ceremony: makes the root key (offline, 25 years), the issuing key and the key that guards product keys.") { publisher, root };
        command.SetAction(parse =>
        {
            var state = GlobalOptions.StateDirectory(parse);
            var rootFolder = Path.GetFullPath(parse.GetValue(root) ?? Path.Combine(state, "root"));
            try
            {
                var record = RootCeremony.Perform(
                    rootFolder, Path.Combine(state, "signer"), Path.Combine(state, "clearinghouse"), parse.GetRequiredValue(publisher), TimeProvider.System.GetUtcNow());
                var screen = new Screen(parse.InvocationConfiguration.Output);
                if (parse.GetValue(GlobalOptions.Json))
                    screen.Json(ToJson(record));
                else
                    Print(screen, record, "Protocol of the root ceremony");
                return ExitCode.Done;
            }
            catch (CeremonyException wrong)
            {
                parse.InvocationConfiguration.Error.WriteLine($"ostiary: {wrong.Message}");
                return ExitCode.Failed;
            }
        });
        return command;
    }

    private static Command RotateIssuing()
    {
        var root = new Option<string?>("--root") { Description = "Where the root key is (default: STATE/root).", HelpName = "DIR" };
        var command = new Command("rotate-issuing", "Follows the issuing key by another; the signer is stopped before, and started again after.") { root };
        command.SetAction(parse =>
        {
            var state = GlobalOptions.StateDirectory(parse);
            try
            {
                var record = RootCeremony.RotateIssuing(
                    Path.GetFullPath(parse.GetValue(root) ?? Path.Combine(state, "root")), Path.Combine(state, "signer"), TimeProvider.System.GetUtcNow());
                var screen = new Screen(parse.InvocationConfiguration.Output);
                if (parse.GetValue(GlobalOptions.Json))
                    screen.Json(ToJson(record));
                else
                    Print(screen, record, "Protocol of the rotation of the issuing key");
                return ExitCode.Done;
            }
            catch (Exception wrong) when (wrong is CeremonyException or IOException)
            {
                parse.InvocationConfiguration.Error.WriteLine($"ostiary: {wrong.Message}");
                return ExitCode.Failed;
            }
        });
        return command;
    }

    private static void Print(Screen screen, CeremonyRecord record, string title)
    {
        screen.Line(title);
        screen.Facts(
            ("Publisher", record.Publisher),
            ("Root key", record.Root.Hex),
            ("Root valid", $"{Screen.Time(record.RootNotBefore)} to {Screen.Time(record.RootNotAfter)}"),
            ("Issuing key", record.Issuing.Hex),
            ("Issuing key signs until", Screen.Time(record.IssuingSignsUntil)),
            ("Issuing valid until", Screen.Time(record.IssuingNotAfter)));
        screen.Table(record.Files, "", ("File", file => file.Path), ("What", file => file.What), ("Now", file => file.Made ? "made" : "was there"));
        screen.Line("Take the root key offline now, to two places, and delete it here. It is needed again for the next issuing key.");
    }

    private static JsonObject ToJson(CeremonyRecord record) => new()
    {
        ["publisher"] = record.Publisher,
        ["root"] = record.Root.Hex,
        ["rootNotBefore"] = record.RootNotBefore,
        ["rootNotAfter"] = record.RootNotAfter,
        ["issuing"] = record.Issuing.Hex,
        ["issuingSignsUntil"] = record.IssuingSignsUntil,
        ["issuingNotAfter"] = record.IssuingNotAfter,
        ["files"] = new JsonArray([.. record.Files.Select(file => new JsonObject { ["path"] = file.Path, ["what"] = file.What, ["made"] = file.Made })]),
    };
}
