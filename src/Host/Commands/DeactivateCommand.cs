using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary server deactivate</c>: the key packs are given up, and their product keys are free. Interrupted, the same command goes on.</summary>
internal static class DeactivateCommand
{
    public static Command Create()
    {
        var methods = new ConnectionMethods();
        var contact = new ContactOptions();
        var yes = new Option<bool>("--yes") { Description = "It is meant: nothing is issued from then on. Asked for in a terminal when not given." };
        var command = new Command("deactivate", "Gives the key packs up and deactivates the license server; what was issued runs to its end.") { yes };
        contact.AddTo(command);
        methods.AddTwoTo(command);
        command.Add(RemoteServer.Server);
        command.Add(RemoteServer.Fingerprint);
        command.SetAction((parse, cancellation) => ApiCommand.RunAsync(parse, async (screen, json) =>
        {
            using var http = ApiCommand.Connect(parse, ServerCommand.Role);
            var server = new LicenseServerAdministrationClient(http);
            var web = methods.Method(parse) == ConnectionMethod.Web;
            var who = web ? null : contact.Read(parse);
            if (methods.Answer(parse) is null)
                await ConfirmAsync(parse, screen, server, yes, cancellation);
            var status = web ? await ByWebAsync(parse, screen, server, methods, cancellation)
                : methods.Carries(parse) ? await CarryAsync(parse, server, methods, who!, cancellation)
                : await ConnectionMethods.WithRetryAsync(parse, () => server.DeactivateAsync(new(who!), cancellation), cancellation);
            if (status is not null && json)
                screen.Json(status);
            else if (status is not null)
                Print(screen, status);
            return ExitCode.Done;
        }));
        return command;
    }

    // Nothing to be asked where it has begun before: what is given up stays so.
    private static async Task ConfirmAsync(ParseResult parse, Screen screen, LicenseServerAdministrationClient server, Option<bool> yes, CancellationToken cancellation)
    {
        if (parse.GetValue(yes) || (await server.StatusAsync(cancellation)).IssuesNothingReason == RefusalReason.LicenseServerDeactivated)
            return;
        if (!ConnectionMethods.CanAsk(parse))
            throw new UsageException("--yes is required: the key packs are given up, and the license server issues nothing more");
        screen.Line("The key packs are given up: the license server issues nothing more, temporary CALs neither. What it has issued runs to its end.");
        parse.InvocationConfiguration.Output.Write("Deactivate it? (yes/no) ");
        if (Console.ReadLine()?.Trim().ToUpperInvariant() is not "YES")
            throw new UsageException("it was not confirmed; nothing has changed");
    }

    private static async Task<LicenseServerStatus?> ByWebAsync(
        ParseResult parse, Screen screen, LicenseServerAdministrationClient server, ConnectionMethods methods, CancellationToken cancellation)
    {
        if (methods.Answer(parse) is { } answer)
            return await server.DeactivationAnswerAsync(new(answer), cancellation);
        var asked = await server.DeactivationRequestAsync(cancellation);
        if (parse.GetValue(GlobalOptions.Json))
            screen.Json(asked);
        else
            ConnectionMethods.ShowCode(screen, asked.LicenseServerId, asked.RequestCode, asked.Clearinghouse, "ostiary server deactivate --method web");
        return ConnectionMethods.CanAsk(parse) ? await server.DeactivationAnswerAsync(new(ConnectionMethods.AskCode(parse)), cancellation) : null;
    }

    private static async Task<LicenseServerStatus> CarryAsync(
        ParseResult parse, LicenseServerAdministrationClient server, ConnectionMethods methods, ContactPerson contact, CancellationToken cancellation)
    {
        var asked = await server.DeactivationRequestAsync(cancellation);
        var (request, proof) = ReactivateCommand.Parse(asked).ReadActivation();
        var answer = await ConnectionMethods.WithRetryAsync(
            parse, () => methods.CarryAsync(parse, asked.Clearinghouse, asked.Root, clearinghouse => clearinghouse.DeactivateAsync(new(request, proof, contact), cancellation)), cancellation);
        using var issuing = X509Certificate2.CreateFromPem(answer.IssuingCertificate);
        return await server.DeactivationAnswerAsync(new(ResponseCode.Deactivation(answer.Confirmation, issuing.RawData).Text), cancellation);
    }

    private static void Print(Screen screen, LicenseServerStatus status)
    {
        ServerCommand.Print(screen, status);
        screen.Line("Deactivated. The product keys of its key packs can be redeemed again, here after 'ostiary server activate', or on another license server.");
    }
}
