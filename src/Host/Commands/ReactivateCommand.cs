using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary server reactivate</c>: a new certificate for the same key, and the key packs that the license server has lost.</summary>
internal static class ReactivateCommand
{
    private static readonly string[] Reasons = [.. Enum.GetValues<ReactivationReason>().Select(KebabCase.Of)];

    public static Command Create()
    {
        var methods = new ConnectionMethods();
        var contact = new ContactOptions();
        var reason = new Option<string?>("--reason") { Description = $"{string.Join(", ", Reasons)}; required, but with --answer.", HelpName = "REASON" };
        reason.CompletionSources.Add(Reasons);
        var command = new Command("reactivate", "Activates the license server again: a new certificate for the same key; what was issued stays good.") { reason };
        contact.AddTo(command);
        methods.AddTwoTo(command);
        command.Add(RemoteServer.Server);
        command.Add(RemoteServer.Fingerprint);
        command.SetAction((parse, cancellation) => ApiCommand.RunAsync(parse, async (screen, json) =>
        {
            using var http = ApiCommand.Connect(parse, ServerCommand.Role);
            var server = new LicenseServerAdministrationClient(http);
            var done = methods.Method(parse) switch
            {
                ConnectionMethod.Web => await ByWebAsync(parse, screen, server, methods, reason, cancellation),
                _ when methods.Carries(parse) => await CarryAsync(parse, server, methods, Read(parse, reason), contact.Read(parse), cancellation),
                _ => await ConnectionMethods.WithRetryAsync(parse, () => server.ReactivateAsync(new(Read(parse, reason), contact.Read(parse)), cancellation), cancellation),
            };
            if (done is not null && json)
                screen.Json(done);
            else if (done is not null)
                Print(screen, done, parse.GetValue(reason));
            return ExitCode.Done;
        }));
        return command;
    }

    private static async Task<ReactivationProgress?> ByWebAsync(
        ParseResult parse, Screen screen, LicenseServerAdministrationClient server, ConnectionMethods methods, Option<string?> reason, CancellationToken cancellation)
    {
        if (methods.Answer(parse) is { } answer)
            return await server.ReactivationAnswerAsync(new(answer), cancellation);
        while (true)
        {
            var asked = await server.ReactivationRequestAsync(new(Read(parse, reason)), cancellation);
            if (parse.GetValue(GlobalOptions.Json))
                screen.Json(asked);
            else
                ConnectionMethods.ShowCode(screen, asked.LicenseServerId, asked.RequestCode, asked.Clearinghouse, "ostiary server reactivate --method web");
            if (!ConnectionMethods.CanAsk(parse))
                return null;
            var done = await server.ReactivationAnswerAsync(new(ConnectionMethods.AskCode(parse)), cancellation);
            if (!done.More)
                return done;
            screen.Line($"{done.Restored} key packs are here again; there are more, which come by another code.");
        }
    }

    private static async Task<ReactivationProgress> CarryAsync(
        ParseResult parse, LicenseServerAdministrationClient server, ConnectionMethods methods, ReactivationReason reason, ContactPerson contact, CancellationToken cancellation)
    {
        for (var restored = 0; ;)
        {
            var asked = await server.ReactivationRequestAsync(new(reason), cancellation);
            var code = Parse(asked);
            var (request, proof) = code.ReadActivation();
            var answer = await ConnectionMethods.WithRetryAsync(
                parse,
                () => methods.CarryAsync(parse, asked.Clearinghouse, asked.Root, clearinghouse => clearinghouse.ReactivateAsync(new(request, proof, contact, code.ReadAfter()), cancellation)),
                cancellation);
            var done = await server.ReactivationAnswerAsync(new(ResponseCode.Reactivation(Bundle(answer.Activation, answer.KeyPacks, answer.Next)).Text), cancellation);
            restored += done.Restored;
            if (!done.More)
                return done with { Restored = restored };
        }
    }

    /// <summary>A request as it came from the license server.</summary>
    /// <exception cref="UsageException">Another version has made it.</exception>
    internal static RequestCode Parse(CarriedExchange asked)
        => RequestCode.TryParse(asked.RequestCode, out var code, out var error) ? code : throw new UsageException($"the license server's request is not what this version understands: {error}");

    /// <summary>What a clearinghouse answered, as a code holds it.</summary>
    internal static CarriedDocuments Bundle(ActivateResponse activation, IReadOnlyList<RedeemResponse> packs, long? next) => new(
        new(activation.Day, activation.KeyId, activation.Term, activation.Signature), Der(activation.IssuingCertificate),
        [.. packs.Select(pack => (pack.KeyPack, Der(pack.IssuingCertificate)))], next);

    private static byte[] Der(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return certificate.RawData;
    }

    private static ReactivationReason Read(ParseResult parse, Option<string?> option)
    {
        var given = parse.GetValue(option);
        return Array.IndexOf(Reasons, given) is >= 0 and var index
            ? Enum.GetValues<ReactivationReason>()[index]
            : throw new UsageException(given is null ? $"--reason is required: {string.Join(", ", Reasons)}" : $"--reason is one of {string.Join(", ", Reasons)}; {given} is not");
    }

    private static void Print(Screen screen, ReactivationProgress done, string? reason)
    {
        ServerCommand.Print(screen, done.Server);
        screen.Line($"Reactivated until {Screen.Time(done.Server.CertificateUntil)}; {done.Restored} lost key packs are here again.");
        if (done.More)
            screen.Line("There are more, which come by another code: ostiary server reactivate --method web, with the same reason.");
        if (reason == KebabCase.Of(ReactivationReason.KeyCompromised))
            screen.Line("! key-compromised: A reactivation keeps the key. Whoever has it can still issue CALs in this license server's name: let another key follow it: 'ostiary server succeed --stolen'.");
    }
}
