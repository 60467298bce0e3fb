using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Statements;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary>What becomes of a publisher's keys after the root ceremony: <c>ostiary clearinghouse rotate-root | withdraw-issuing | revoke-server | revoke-pack</c>.</summary>
internal static class PublisherKeysCommand
{
    private const string Role = "clearinghouse";

    public static IEnumerable<Command> Create() => [RotateRoot(), WithdrawIssuing(), RevokeServer(), RevokePack(), Revocations()];

    private static Command RotateRoot()
    {
        var root = Root();
        var command = new Command("rotate-root", "Follows the root by another, which the old one signs; license servers and session hosts follow by themselves.") { root };
        command.SetAction(parse => Perform(
            parse,
            () => RootCeremony.RotateRoot(RootDirectory(parse, root), Path.Combine(GlobalOptions.StateDirectory(parse), "clearinghouse"), TimeProvider.System.GetUtcNow()),
            record => new JsonObject
            {
                ["publisher"] = record.Publisher,
                ["old"] = record.Old.Hex,
                ["root"] = record.Root.Hex,
                ["notBefore"] = record.NotBefore,
                ["notAfter"] = record.NotAfter,
                ["followedUntil"] = record.FollowedUntil,
                ["files"] = ToJson(record.Files),
            },
            (screen, record) =>
            {
                screen.Line("Protocol of the rotation of the root");
                screen.Facts(
                    ("Publisher", record.Publisher),
                    ("Old root key", record.Old.Hex),
                    ("New root key", record.Root.Hex),
                    ("New root valid", $"{Screen.Time(record.NotBefore)} to {Screen.Time(record.NotAfter)}"),
                    ("Old followers can follow until", Screen.Time(record.FollowedUntil)));
                PrintFiles(screen, record.Files);
                screen.Line("License servers and session hosts follow within a day. Then the new root certifies the next issuing key: ostiary clearinghouse rotate-issuing.");
                screen.Line("Take the new root key offline now, to two places, and delete it here.");
            }));
        return command;
    }

    private static Command WithdrawIssuing()
    {
        var root = Root();
        var key = new Argument<string>("key-fingerprint") { Description = "The issuing key, 64 hexadecimal digits; 'ostiary clearinghouse init' and 'rotate-issuing' printed it." };
        key.Validators.Add(result =>
        {
            if (!KeyFingerprint.TryParse(result.GetValueOrDefault<string>(), out _))
                result.AddError("a key fingerprint has 64 hexadecimal digits");
        });
        var command = new Command("withdraw-issuing", "Withdraws an issuing key that was followed by another: what it signed is good for nothing, and is signed again.") { key, root };
        command.SetAction(parse => Perform(
            parse,
            () => RootCeremony.WithdrawIssuing(
                RootDirectory(parse, root), Path.Combine(GlobalOptions.StateDirectory(parse), "signer"), Path.Combine(GlobalOptions.StateDirectory(parse), "clearinghouse"),
                KeyFingerprint.TryParse(parse.GetRequiredValue(key), out var fingerprint) ? fingerprint : throw new CeremonyException("a key fingerprint has 64 hexadecimal digits"),
                TimeProvider.System.GetUtcNow()),
            record => new JsonObject
            {
                ["publisher"] = record.Publisher,
                ["root"] = record.Root.Hex,
                ["number"] = record.Number,
                ["keys"] = new JsonArray([.. record.Keys.Select(entry => new JsonObject { ["issuingKey"] = entry.IssuingKey.Hex, ["withdrawnAt"] = entry.WithdrawnAt })]),
                ["files"] = ToJson(record.Files),
            },
            (screen, record) =>
            {
                screen.Line("Protocol of the withdrawal of an issuing key");
                screen.Facts(("Publisher", record.Publisher), ("Root key", record.Root.Hex), ("Number of the list", $"{record.Number}"));
                screen.Table(record.Keys, "", ("Withdrawn issuing key", entry => entry.IssuingKey.Hex), ("Since", entry => Screen.Time(entry.WithdrawnAt)));
                PrintFiles(screen, record.Files);
                screen.Line("The clearinghouse signs again what these keys have signed, and license servers fetch it, within a day.");
                screen.Line("Take the root key offline now, and delete it here.");
            }));
        return command;
    }

    private static Command RevokeServer()
    {
        var id = new Argument<string>("license-server-id") { Description = "35 symbols, as 'ostiary server status' prints them there." };
        var reason = Reason();
        return new Command("revoke-server", "Puts a license server on the revocation list: it issues nothing more, and its CALs admit nobody.") { id, reason }.Calls(
            Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).RevokeAsync(
                new RevokeLicenseServerRequest(parse.GetRequiredValue(id), parse.GetRequiredValue(reason)), cancellation),
            Print);
    }

    private static Command RevokePack()
    {
        var pack = new Argument<Guid>("pack") { Description = "The key pack, as 'ostiary packs list' prints it." };
        var reason = Reason();
        return new Command("revoke-pack", "Puts a key pack on the revocation list: nothing more is issued from it.") { pack, reason }.Calls(
            Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).RevokeAsync(
                new RevokeKeyPackRequest(parse.GetRequiredValue(pack), parse.GetRequiredValue(reason)), cancellation),
            Print);
    }

    private static Command Revocations()
    {
        var number = new Argument<long>("number") { Description = "The revocation's number, as 'ostiary clearinghouse revocations list' shows it." };
        var reason = new Option<string>("--reason") { Description = "Why, in a line; it stands in the audit.", HelpName = "TEXT", Required = true };
        return new("revocations", "License servers and key packs that are revoked.")
        {
            ListCommand.Create(
                "list", "Lists what is revoked, and what was.", Role,
                (client, after, limit, cancellation) => new ClearinghouseAdministrationClient(client).RevocationsAsync(after, limit, cancellation),
                "Nothing is revoked.",
                ("Number", entry => entry.Number.ToString(CultureInfo.InvariantCulture)),
                ("Revoked", entry => entry.Subject),
                ("Since", entry => Screen.Time(entry.RevokedAt)),
                ("Reason", entry => KebabCase.Of(entry.Reason)),
                ("Lifted", entry => entry.LiftedAt is null ? "" : Screen.Time(entry.LiftedAt)),
                ("Lifted because", entry => entry.LiftReason ?? "")),
            new Command("lift", "Lifts a revocation: the license server or key pack is good again with the next list.") { number, reason }.Calls(
                Role,
                (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).LiftRevocationAsync(
                    parse.GetRequiredValue(number), new(parse.GetRequiredValue(reason)), cancellation),
                (screen, lifted) => screen.Line(lifted.ListNumber is { } list
                    ? $"The revocation of {lifted.Entry.Subject} is lifted since {Screen.Time(lifted.Entry.LiftedAt)}; list {list} has it no more. License servers learn it within a day."
                    : $"The revocation of {lifted.Entry.Subject} was lifted on {Screen.Time(lifted.Entry.LiftedAt)}, but it has been revoked again since: 'ostiary clearinghouse revocations list'.")),
        };
    }

    private static void Print(Screen screen, ClearinghouseRevocationRecord record)
        => screen.Line($"{record.Subject} is revoked since {Screen.Time(record.RevokedAt)} ({KebabCase.Of(record.Reason)}); list {record.ListNumber} says so. License servers learn it within a day. 'ostiary clearinghouse revocations lift {record.Number}' takes it back.");

    private static Option<ClearinghouseRevocationReason> Reason()
    {
        var names = Enum.GetValues<ClearinghouseRevocationReason>().ToDictionary(reason => KebabCase.Of(reason));
        var option = new Option<ClearinghouseRevocationReason>("--reason")
        {
            Description = $"Why: {string.Join(", ", names.Keys)}.",
            HelpName = "REASON",
            Required = true,
            CustomParser = result =>
            {
                if (names.TryGetValue(result.Tokens[0].Value, out var reason))
                    return reason;
                result.AddError($"--reason is one of {string.Join(", ", names.Keys)}");
                return default;
            },
        };
        option.CompletionSources.Add([.. names.Keys]);
        return option;
    }

    private static int Perform<T>(ParseResult parse, Func<T> ceremony, Func<T, JsonObject> toJson, Action<Screen, T> print)
    {
        try
        {
            var record = ceremony();
            var screen = new Screen(parse.InvocationConfiguration.Output);
            if (parse.GetValue(GlobalOptions.Json))
                screen.Json(toJson(record));
            else
                print(screen, record);
            return ExitCode.Done;
        }
        catch (Exception wrong) when (wrong is CeremonyException or IOException)
        {
            parse.InvocationConfiguration.Error.WriteLine($"ostiary: {wrong.Message}");
            return ExitCode.Failed;
        }
    }

    private static Option<string?> Root() => new("--root") { Description = "Where the root key is (default: STATE/root).", HelpName = "DIR" };

    private static string RootDirectory(ParseResult parse, Option<string?> root) => Path.GetFullPath(parse.GetValue(root) ?? Path.Combine(GlobalOptions.StateDirectory(parse), "root"));

    private static void PrintFiles(Screen screen, IReadOnlyList<CeremonyFile> files) => screen.Table(files, "", ("File", file => file.Path), ("What", file => file.What));

    private static JsonArray ToJson(IReadOnlyList<CeremonyFile> files) => new([.. files.Select(file => new JsonObject { ["path"] = file.Path, ["what"] = file.What })]);
}
