using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Telephone;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary packs</c>: the key packs of the license server.</summary>
internal static class PacksCommand
{
    public static Command Create() => new("packs", "Key packs of this license server.") { Check(), Install(), DrawCommand.Create(), List(), Convert(), Remove(), Transfer(), Receive() };

    private static Argument<string> Key() => new("key") { Description = "The product key: 25 symbols; spaces, hyphens and case do not matter." };

    private static Command Transfer()
    {
        var packs = new Argument<Guid[]>("pack") { Description = "Key packs, as 'packs list' shows them.", Arity = ArgumentArity.OneOrMore };
        var to = new Option<string?>("--to") { Description = "The License Server ID that they are for.", HelpName = "LICENSE-SERVER-ID" };
        var file = new Option<FileInfo?>("--out") { Description = "Where they go, with what was issued of them: for 'ostiary packs receive' there. It holds names.", HelpName = "FILE" };
        var undo = new Option<bool>("--undo") { Description = "Takes the transfer back, as long as it was not received." };
        var command = new Command("transfer", "Signs key packs away to another license server, with the CALs that were issued of them. From then on nothing is issued of them here.") { packs, to, file, undo };
        command.Validators.Add(result =>
        {
            if (result.GetValue(undo) ? result.GetValue(to) is not null || result.GetValue(file) is not null : result.GetValue(to) is null || result.GetValue(file) is null)
                result.AddError("--to LICENSE-SERVER-ID and --out FILE say where the key packs go; --undo stands by itself");
        });
        command.Add(RemoteServer.Server);
        command.Add(RemoteServer.Fingerprint);
        command.SetAction((parse, cancellation) => ApiCommand.RunAsync(parse, async (screen, json) =>
        {
            using var http = ApiCommand.Connect(parse, ServerCommand.Role);
            var server = new LicenseServerAdministrationClient(http);
            if (parse.GetValue(undo))
            {
                var undone = await server.UndoTransferAsync(parse.GetRequiredValue(packs)[0], cancellation);
                if (json)
                    screen.Json(undone);
                else
                    screen.Line($"Taken back: {undone.KeyPacks.Count} key packs and {undone.Cals} CALs are this license server's again. Delete the file.");
                return ExitCode.Done;
            }

            var transferred = await server.TransferAsync(new(parse.GetRequiredValue(packs), parse.GetValue(to)!), cancellation);
            var path = parse.GetValue(file)!.FullName;
            await using (var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
                await System.Text.Json.JsonSerializer.SerializeAsync(stream, transferred, ContractsJson.Default.TransferFile, cancellation);
            screen.Line($"Written. Nothing is issued of these key packs here any more. On license server {parse.GetValue(to)}: ostiary packs receive FILE");
            screen.Line("Session hosts that are joined here and shall go on join there: ostiary hosts invite there, ostiary hosts join INVITATION on each. Their devices get their CALs anew with the same seat and end; persons keep their User CALs.");
            return ExitCode.Done;
        }));
        return command;
    }

    private static Command Receive()
    {
        var file = new Argument<FileInfo>("file") { Description = "What 'ostiary packs transfer' has written on the other license server." };
        var command = new Command("receive", "Takes key packs that another license server has signed away to this one, with the CALs that it had issued of them. The same file again changes nothing.") { file };
        command.Add(RemoteServer.Server);
        command.Add(RemoteServer.Fingerprint);
        command.SetAction((parse, cancellation) => ApiCommand.RunAsync(parse, async (screen, json) =>
        {
            var path = parse.GetRequiredValue(file);
            if (!path.Exists || path.Length > TransferFile.MaxLength)
                throw new UsageException($"{path.FullName} is not there, or has more than {TransferFile.MaxLength} bytes");
            TransferFile? read;
            try
            {
                await using var stream = path.OpenRead();
                read = await System.Text.Json.JsonSerializer.DeserializeAsync(stream, ContractsJson.Default.TransferFile, cancellation);
            }
            catch (System.Text.Json.JsonException)
            {
                throw new UsageException($"{path.FullName} is no file of transferred key packs");
            }

            using var http = ApiCommand.Connect(parse, ServerCommand.Role);
            var received = await ConnectionMethods.WithRetryAsync(
                parse, () => new LicenseServerAdministrationClient(http).ReceiveAsync(read ?? throw new UsageException($"{path.FullName} is empty"), cancellation), cancellation);
            if (json)
                screen.Json(received);
            else
            {
                screen.Line($"{received.KeyPacks.Count} key packs of {received.From} are here, with {received.Cals} CALs that hold their seats{(received.Left > 0 ? $" ({received.Left} more were of devices and persons that hold one here already)" : "")}.");
                screen.Line("Session hosts of that license server that shall go on join here: ostiary hosts invite, then ostiary hosts join INVITATION on each. Delete the file: it holds names.");
            }

            return ExitCode.Done;
        }));
        return command;
    }

    private static Command Check()
    {
        var key = Key();
        return new Command("check", "Shows what a product key is for. Spends nothing.") { key }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).CheckPackAsync(new(parse.GetRequiredValue(key)), cancellation),
            (screen, found) =>
            {
                screen.Line($"{CatalogueOptions.Describe(found.Quantity, found.Type, found.Version)}, program {found.Program}: " + found.State switch
                {
                    ProductKeyState.Available => "can be installed.",
                    ProductKeyState.RedeemedHere => "is installed on this license server.",
                    _ => "is installed on another license server.",
                });
                screen.Line(CatalogueOptions.NotMicrosoft);
            });
    }

    private static Command Install()
    {
        var key = Key();
        var methods = new ConnectionMethods();
        var command = new Command("install", "Redeems a product key and installs its key pack.") { key };
        methods.AddTo(command);
        command.Add(RemoteServer.Server);
        command.Add(RemoteServer.Fingerprint);
        command.SetAction((parse, cancellation) => ApiCommand.RunAsync(parse, async (screen, json) =>
        {
            using var http = ApiCommand.Connect(parse, ServerCommand.Role);
            var server = new LicenseServerAdministrationClient(http);
            var productKey = parse.GetRequiredValue(key);
            var pack = methods.Method(parse) switch
            {
                ConnectionMethod.Web => await InstallByWebAsync(parse, screen, server, methods, productKey, cancellation),
                ConnectionMethod.Telephone => await InstallByTelephoneAsync(parse, screen, server, methods, productKey, cancellation),
                _ when methods.Carries(parse) => await CarryAsync(parse, server, methods, productKey, cancellation),
                _ => await ConnectionMethods.WithRetryAsync(parse, () => server.InstallPackAsync(new(productKey), cancellation), cancellation),
            };
            if (pack is not null && json)
                screen.Json(pack);
            else if (pack is not null)
            {
                screen.Line($"Installed {CatalogueOptions.Describe(pack.Quantity, pack.Type, pack.Version)} as key pack {pack.PackId}.");
                screen.Line(CatalogueOptions.NotMicrosoft);
            }

            return ExitCode.Done;
        }));
        return command;
    }

    private static async Task<PackRecord?> InstallByWebAsync(
        ParseResult parse, Screen screen, LicenseServerAdministrationClient server, ConnectionMethods methods, string productKey, CancellationToken cancellation)
    {
        if (methods.Answer(parse) is { } answer)
            return await server.PackAnswerAsync(new(productKey, answer), cancellation);
        var asked = await server.PackRequestAsync(new(productKey), cancellation);
        if (parse.GetValue(GlobalOptions.Json))
            screen.Json(asked);
        else
            ConnectionMethods.ShowCode(screen, asked.LicenseServerId, asked.RequestCode, asked.Clearinghouse, "ostiary packs install KEY --method web");
        return ConnectionMethods.CanAsk(parse) ? await server.PackAnswerAsync(new(productKey, ConnectionMethods.AskCode(parse)), cancellation) : null;
    }

    private static async Task<PackRecord?> InstallByTelephoneAsync(
        ParseResult parse, Screen screen, LicenseServerAdministrationClient server, ConnectionMethods methods, string productKey, CancellationToken cancellation)
    {
        if (methods.Answer(parse) is { } answer)
            return await server.PackAnswerAsync(new(productKey, null, ConnectionMethods.SplitGroups(SpokenForm.KeyPackAnswer, answer), methods.Issuing(parse)), cancellation);
        var asked = await server.PackRequestAsync(new(productKey), cancellation);
        if (parse.GetValue(GlobalOptions.Json))
        {
            screen.Json(asked);
            return null;
        }

        screen.Line("1. Call the publisher's telephone desk, and say that you install a key pack.");
        screen.Line($"2. Read aloud the License Server ID, {asked.LicenseServerId}, and the product key.");
        screen.Line($"3. Type the {SpokenForm.KeyPackAnswer.Groups} groups that are read to you, now or later:");
        screen.Line("   ostiary packs install KEY --method telephone --answer \"GROUP GROUP …\"");
        return ConnectionMethods.CanAsk(parse)
            ? await server.PackAnswerAsync(new(productKey, null, ConnectionMethods.AskGroups(parse, SpokenForm.KeyPackAnswer), methods.Issuing(parse)), cancellation)
            : null;
    }

    private static async Task<PackRecord> CarryAsync(
        ParseResult parse, LicenseServerAdministrationClient server, ConnectionMethods methods, string productKey, CancellationToken cancellation)
    {
        var asked = await server.PackRequestAsync(new(productKey), cancellation);
        if (!RequestCode.TryParse(asked.RequestCode, out var code, out var error))
            throw new UsageException($"the license server's request is not what this version understands: {error}");
        var answer = await ConnectionMethods.WithRetryAsync(
            parse, () => methods.CarryAsync(parse, asked.Clearinghouse, asked.Root, clearinghouse => clearinghouse.RedeemAsync(new(code.Content, asked.Certificate), cancellation)), cancellation);
        using var issuing = X509Certificate2.CreateFromPem(answer.IssuingCertificate);
        return await server.PackAnswerAsync(new(productKey, ResponseCode.KeyPack(answer.KeyPack, issuing.RawData).Text), cancellation);
    }

    private static Argument<Guid> PackId() => new("pack") { Description = "The key pack, as 'ostiary packs list' prints it." };

    private static Command Convert()
    {
        var pack = PackId();
        var count = new Option<int>("--count") { Description = "How many free seats.", Required = true };
        return new Command("convert", "Makes User CALs of free Device CALs, or the other way round, as a key pack of their own.") { pack, count }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).ConvertPackAsync(parse.GetRequiredValue(pack), new(parse.GetRequiredValue(count)), cancellation),
            (screen, made) => screen.Line($"Converted: {CatalogueOptions.Describe(made.Quantity, made.Type, made.Version)} as key pack {made.PackId}."));
    }

    private static Command Remove()
    {
        var pack = PackId();
        var force = new Option<bool>("--force") { Description = "Also where seats of it are issued; they run to their end as over-use." };
        return new Command("remove", "Removes a key pack. Its product key can be installed here again.") { pack, force }.Calls(
            ServerCommand.Role,
            (client, parse, cancellation) => new LicenseServerAdministrationClient(client).RemovePackAsync(parse.GetRequiredValue(pack), parse.GetValue(force), cancellation),
            (screen, removal) => screen.Line(removal.Detail));
    }

    private static Command List() => ListCommand.Create(
        "list", "Lists key packs.", ServerCommand.Role,
        (client, after, limit, cancellation) => new LicenseServerAdministrationClient(client).PacksAsync(after, limit, cancellation),
        "No key pack is installed. 'ostiary packs install KEY' installs one.",
        ("Key pack", pack => pack.PackId.ToString()),
        ("Type", pack => pack.Type.ToString()),
        ("Version", pack => pack.Version.ToString()),
        ("Total", pack => pack.Quantity.ToString(CultureInfo.InvariantCulture)),
        ("Issued", pack => pack.Issued.ToString(CultureInfo.InvariantCulture)),
        ("Available", pack => ((pack.RemovedAt is null && pack.RevokedAt is null ? pack.Quantity : 0) - pack.Issued).ToString(CultureInfo.InvariantCulture)),
        ("Program", pack => pack.Program),
        ("Installed", pack => Screen.Time(pack.InstalledAt)),
        ("Expires", pack => pack.ExpiresAt is null ? "never" : Screen.Time(pack.ExpiresAt)),
        ("Revoked", pack => pack.RevokedAt is null ? "" : $"{Screen.Time(pack.RevokedAt)}, {pack.RevocationReason}"));
}
