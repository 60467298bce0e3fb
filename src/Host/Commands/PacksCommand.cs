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
    public static Command Create() => new("packs", "Key packs of this license server.") { Check(), Install(), DrawCommand.Create(), List(), Convert(), Remove() };

    private static Argument<string> Key() => new("key") { Description = "The product key: 25 symbols; spaces, hyphens and case do not matter." };

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
