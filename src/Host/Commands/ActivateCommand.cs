using System.CommandLine;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Telephone;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary>
/// <c>ostiary server activate</c>, by each connection method. The request is the same by all of them, so that what was begun by one can be finished by
/// another.
/// </summary>
internal static class ActivateCommand
{
    public static Command Create()
    {
        var methods = new ConnectionMethods();
        var company = new CompanyOptions();
        var command = new Command("activate", "Activates the license server at its clearinghouse.");
        company.AddTo(command);
        methods.AddTo(command);
        command.Add(RemoteServer.Server);
        command.Add(RemoteServer.Fingerprint);
        command.SetAction((parse, cancellation) => ApiCommand.RunAsync(parse, async (screen, json) =>
        {
            using var http = ApiCommand.Connect(parse, ServerCommand.Role);
            var server = new LicenseServerAdministrationClient(http);
            var status = methods.Method(parse) switch
            {
                ConnectionMethod.Web => await ByWebAsync(parse, screen, server, methods, cancellation),
                ConnectionMethod.Telephone => await ByTelephoneAsync(parse, screen, server, methods, company, cancellation),
                _ when methods.Carries(parse) => await CarryAsync(parse, server, methods, company.Read(parse), cancellation),
                _ => await ConnectionMethods.WithRetryAsync(parse, () => server.ActivateAsync(new(company.Read(parse)), cancellation), cancellation),
            };
            if (status is not null && json)
                screen.Json(status);
            else if (status is not null)
                ServerCommand.Print(screen, status);
            return ExitCode.Done;
        }));
        return command;
    }

    private static async Task<LicenseServerStatus?> ByWebAsync(
        ParseResult parse, Screen screen, LicenseServerAdministrationClient server, ConnectionMethods methods, CancellationToken cancellation)
    {
        if (methods.Answer(parse) is { } answer)
            return await server.ActivationAnswerAsync(new(answer), cancellation);
        var asked = await server.ActivationRequestAsync(cancellation);
        if (parse.GetValue(GlobalOptions.Json))
            screen.Json(asked);
        else
            ConnectionMethods.ShowCode(screen, asked.LicenseServerId, asked.RequestCode, asked.Clearinghouse, "ostiary server activate --method web");
        return ConnectionMethods.CanAsk(parse) ? await server.ActivationAnswerAsync(new(ConnectionMethods.AskCode(parse)), cancellation) : null;
    }

    private static async Task<LicenseServerStatus?> ByTelephoneAsync(
        ParseResult parse, Screen screen, LicenseServerAdministrationClient server, ConnectionMethods methods, CompanyOptions company, CancellationToken cancellation)
    {
        if (methods.Answer(parse) is { } answer)
            return await server.ActivationAnswerAsync(new(null, ConnectionMethods.SplitGroups(SpokenForm.ActivationAnswer, answer), methods.Issuing(parse)), cancellation);
        var asked = await server.ActivationRequestAsync(cancellation);
        if (parse.GetValue(GlobalOptions.Json))
        {
            screen.Json(asked);
            return null;
        }

        ConnectionMethods.ShowNumbers(screen, TelephoneNumber.For(asked.TelephoneNumbers, company.Country(parse)));
        screen.Line("1. Call the publisher's telephone desk, and say that you activate a license server.");
        screen.Line("2. Give first name, last name, company and country, and read these groups aloud:");
        ConnectionMethods.ShowGroups(screen, asked.Groups);
        screen.Line($"3. Type the {SpokenForm.ActivationAnswer.Groups} groups that are read to you, now or later:");
        screen.Line("   ostiary server activate --method telephone --answer \"GROUP GROUP …\"");
        return ConnectionMethods.CanAsk(parse)
            ? await server.ActivationAnswerAsync(new(null, ConnectionMethods.AskGroups(parse, SpokenForm.ActivationAnswer), methods.Issuing(parse)), cancellation)
            : null;
    }

    private static async Task<LicenseServerStatus> CarryAsync(
        ParseResult parse, LicenseServerAdministrationClient server, ConnectionMethods methods, CompanyInformation company, CancellationToken cancellation)
    {
        var asked = await server.ActivationRequestAsync(cancellation);
        if (!RequestCode.TryParse(asked.RequestCode, out var code, out var error))
            throw new UsageException($"the license server's request is not what this version understands: {error}");
        var (request, proof) = code.ReadActivation();
        var answer = await ConnectionMethods.WithRetryAsync(
            parse, () => methods.CarryAsync(parse, asked.Clearinghouse, asked.Root, clearinghouse => clearinghouse.ActivateAsync(new(request, proof, company), cancellation)), cancellation);
        using var issuing = System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(answer.IssuingCertificate);
        var back = ResponseCode.Activation(new(answer.Day, answer.KeyId, answer.Term, answer.Signature), issuing.RawData);
        return await server.ActivationAnswerAsync(new(back.Text), cancellation);
    }
}

/// <summary>The company information as options.</summary>
internal sealed class CompanyOptions
{
    private readonly Option<string?> _first = new("--first-name") { Description = "Required, by every method but web and telephone, where it is asked for there." };
    private readonly Option<string?> _last = new("--last-name") { Description = "Required likewise." };
    private readonly Option<string?> _company = new("--company") { Description = "Required likewise." };
    private readonly Option<string?> _country = new("--country") { Description = "Two letters of ISO 3166-1, e.g. CA; required likewise." };
    private readonly Option<string?> _email = new("--email");
    private readonly Option<string?> _unit = new("--organizational-unit");
    private readonly Option<string?> _address = new("--address");
    private readonly Option<string?> _city = new("--city");
    private readonly Option<string?> _region = new("--state-or-province");
    private readonly Option<string?> _postal = new("--postal-code");

    public void AddTo(Command command)
    {
        foreach (var option in new[] { _first, _last, _company, _country, _email, _unit, _address, _city, _region, _postal })
            command.Add(option);
    }

    /// <summary>Two letters; null when it was not given.</summary>
    public string? Country(ParseResult parse) => parse.GetValue(_country);

    /// <exception cref="UsageException">A required one is missing.</exception>
    public CompanyInformation Read(ParseResult parse) => new()
    {
        FirstName = Required(parse, _first),
        LastName = Required(parse, _last),
        Company = Required(parse, _company),
        Country = Required(parse, _country),
        Email = parse.GetValue(_email),
        OrganizationalUnit = parse.GetValue(_unit),
        Address = parse.GetValue(_address),
        City = parse.GetValue(_city),
        State = parse.GetValue(_region),
        PostalCode = parse.GetValue(_postal),
    };

    private static string Required(ParseResult parse, Option<string?> option)
        => parse.GetValue(option) is { Length: > 0 } given ? given : throw new UsageException($"{option.Name} is required");
}
