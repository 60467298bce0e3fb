using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary packs draw</c>: CALs from an agreement, by each connection method.</summary>
internal static class DrawCommand
{
    public static Command Create()
    {
        var agreement = new AgreementOptions();
        var methods = new ConnectionMethods();
        var command = new Command("draw", "Draws CALs from an agreement with the publisher and installs their key pack.");
        agreement.AddTo(command);
        methods.AddTo(command);
        command.Add(RemoteServer.Server);
        command.Add(RemoteServer.Fingerprint);
        command.SetAction((parse, cancellation) => ApiCommand.RunAsync(parse, async (screen, json) =>
        {
            using var http = ApiCommand.Connect(parse, ServerCommand.Role);
            var server = new LicenseServerAdministrationClient(http);
            var pack = methods.Method(parse) switch
            {
                ConnectionMethod.Web => await ByWebAsync(parse, screen, server, methods, agreement, cancellation),
                ConnectionMethod.Telephone => await ByTelephoneAsync(screen, server, agreement.Read(parse), cancellation),
                _ when methods.Carries(parse) => await CarryAsync(parse, server, methods, agreement.Read(parse), cancellation),
                _ => await ConnectionMethods.WithRetryAsync(parse, () => server.DrawPackAsync(agreement.Read(parse), cancellation), cancellation),
            };
            if (pack is not null && json)
                screen.Json(pack);
            else if (pack is not null)
            {
                screen.Line($"Drawn and installed {CatalogueOptions.Describe(pack.Quantity, pack.Type, pack.Version)} as key pack {pack.PackId}.");
                screen.Line(CatalogueOptions.NotMicrosoft);
            }

            return ExitCode.Done;
        }));
        return command;
    }

    private static async Task<PackRecord?> ByWebAsync(
        ParseResult parse, Screen screen, LicenseServerAdministrationClient server, ConnectionMethods methods, AgreementOptions agreement, CancellationToken cancellation)
    {
        if (methods.Answer(parse) is { } answer)
            return await server.DrawAnswerAsync(new(answer), cancellation);
        var asked = await server.DrawRequestAsync(agreement.Read(parse), cancellation);
        if (parse.GetValue(GlobalOptions.Json))
            screen.Json(asked);
        else
            ConnectionMethods.ShowCode(screen, asked.LicenseServerId, asked.RequestCode, asked.Clearinghouse, "ostiary packs draw --method web");
        return ConnectionMethods.CanAsk(parse) ? await server.DrawAnswerAsync(new(ConnectionMethods.AskCode(parse)), cancellation) : null;
    }

    // What is drawn by telephone is a product key, which is installed as any other.
    private static async Task<PackRecord?> ByTelephoneAsync(Screen screen, LicenseServerAdministrationClient server, DrawPackRequest wanted, CancellationToken cancellation)
    {
        var id = (await server.StatusAsync(cancellation)).LicenseServerId;
        screen.Line("1. Call the publisher's telephone desk, and say that you draw CALs from an agreement.");
        screen.Line($"2. Read aloud the License Server ID, {id}, and:");
        screen.Facts(
            [("License program", LicenseProgram.Find(wanted.Program)?.Title ?? wanted.Program), .. wanted.Numbers.Select((number, index) => ($"Number {index + 1}", number)),
                ("CALs", CatalogueOptions.Describe(wanted.Quantity, wanted.Type, wanted.Version))]);
        screen.Line("3. You are given a product key of 5 groups. Install it, by telephone too, in the same call:");
        screen.Line("   ostiary packs install KEY --method telephone");
        return null;
    }

    private static async Task<PackRecord> CarryAsync(
        ParseResult parse, LicenseServerAdministrationClient server, ConnectionMethods methods, DrawPackRequest wanted, CancellationToken cancellation)
    {
        var asked = await server.DrawRequestAsync(wanted, cancellation);
        if (!RequestCode.TryParse(asked.RequestCode, out var code, out var error))
            throw new UsageException($"the license server's request is not what this version understands: {error}");
        var drawn = await ConnectionMethods.WithRetryAsync(
            parse, () => methods.CarryAsync(parse, asked.Clearinghouse, asked.Root, clearinghouse => clearinghouse.DrawAsync(new(code.Content, asked.Certificate), cancellation)), cancellation);
        var wish = await server.PackRequestAsync(new(drawn.ProductKey), cancellation);
        if (!RequestCode.TryParse(wish.RequestCode, out var redeem, out error))
            throw new UsageException($"the license server's request is not what this version understands: {error}");
        var answer = await ConnectionMethods.WithRetryAsync(
            parse, () => methods.CarryAsync(parse, wish.Clearinghouse, wish.Root, clearinghouse => clearinghouse.RedeemAsync(new(redeem.Content, wish.Certificate), cancellation)), cancellation);
        using var issuing = X509Certificate2.CreateFromPem(answer.IssuingCertificate);
        return await server.DrawAnswerAsync(new(ResponseCode.Draw(drawn.ProductKey, answer.KeyPack, issuing.RawData).Text), cancellation);
    }
}

/// <summary>An agreement's program and numbers, and what is drawn from it, as options.</summary>
internal sealed class AgreementOptions
{
    private static readonly string[] Programs = [.. LicenseProgram.All.Where(program => program.HasAgreements).Select(program => program.Name)];

    private readonly Option<string?> _program = new("--program") { Description = $"The license program: {string.Join(", ", Programs)}.", HelpName = "PROGRAM" };
    private readonly Option<string[]> _numbers = new("--number") { Description = "A number on the agreement's papers; Open License has two, in the order of its papers.", HelpName = "NUMBER", AllowMultipleArgumentsPerToken = true };
    private readonly Option<CalType> _type = new("--type") { Description = "device or user.", HelpName = "TYPE" };
    private readonly Option<CalVersion> _version = CatalogueOptions.Version("--version", "The version of the CALs.");
    private readonly Option<int> _quantity = new("--quantity") { Description = "How many CALs.", HelpName = "N" };

    public void AddTo(Command command)
    {
        _program.CompletionSources.Add(Programs);
        foreach (var option in new Option[] { _program, _numbers, _type, _version, _quantity })
            command.Add(option);
    }

    /// <exception cref="UsageException">A required one is missing, or a number is not of the program's form.</exception>
    public DrawPackRequest Read(ParseResult parse)
    {
        var name = parse.GetValue(_program) ?? throw new UsageException("--program is required");
        var program = LicenseProgram.Find(name) is { HasAgreements: true } found ? found : throw new UsageException($"--program is one of {string.Join(", ", Programs)}; {name} is not");
        if (program.Read(parse.GetValue(_numbers) ?? [], out var numbers) is { } error)
            throw new UsageException($"--number: {error}");
        return parse.GetValue(_quantity) is > 0 and var quantity
            ? new(program.Name, numbers, parse.GetValue(_type), parse.GetValue(_version), quantity)
            : throw new UsageException("--quantity is required");
    }
}
