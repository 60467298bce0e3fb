using System.CommandLine;
using System.Globalization;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary clearinghouse agreements</c>: what was sold by license programs other than retail.</summary>
internal static class AgreementsCommand
{
    public static Command Create() => new("agreements", "Agreements, from which license servers draw CALs.") { Add(), List(), Show(), Change(), Draws(), Release() };

    private static Command Add()
    {
        var program = new Option<string>("--program") { Description = "The license program, e.g. select.", Required = true, HelpName = "PROGRAM" };
        program.CompletionSources.Add([.. LicenseProgram.All.Where(other => other.HasAgreements).Select(other => other.Name)]);
        var numbers = new Option<string[]>("--number") { Description = "A number on its papers.", Required = true, HelpName = "NUMBER", AllowMultipleArgumentsPerToken = true };
        var customer = new Option<string>("--customer") { Description = "Whom it is with.", Required = true };
        var limits = Limits(required: true);
        var (until, servers) = (Until(), Servers());
        var term = new Option<bool>("--packs-end") { Description = "Key packs drawn from it end with it." };
        return new Command("add", "Enters an agreement.") { program, numbers, customer, limits, until, servers, term }.Calls(
            ClearinghouseCommand.Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).AddAgreementAsync(
                new(
                    parse.GetRequiredValue(program), parse.GetRequiredValue(numbers), parse.GetRequiredValue(customer), parse.GetValue(until), parse.GetValue(term),
                    [.. parse.GetRequiredValue(limits).Select(ReadLimit)], parse.GetValue(servers)),
                cancellation),
            Print);
    }

    private static Command List() => ListCommand.Create(
        "list", "Lists agreements.", ClearinghouseCommand.Role,
        (client, after, limit, cancellation) => new ClearinghouseAdministrationClient(client).AgreementsAsync(after, limit, cancellation),
        "No agreement is entered. 'ostiary clearinghouse agreements add' enters one.",
        ("Number", row => row.Id.ToString(CultureInfo.InvariantCulture)),
        ("Program", row => row.Program),
        ("Papers", row => string.Join(", ", row.Numbers)),
        ("Customer", row => row.Customer),
        ("Until", row => row.Until is null ? "no end" : Screen.Time(row.Until)),
        ("Drawn", row => string.Join(", ", row.Limits.Select(Describe))),
        ("State", row => row.Closed ? "closed" : "open"));

    private static Command Show()
    {
        var id = Id();
        return new Command("show", "Shows an agreement.") { id }.Calls(
            ClearinghouseCommand.Role, (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).AgreementAsync(parse.GetRequiredValue(id), cancellation), Print);
    }

    private static Command Change()
    {
        var id = Id();
        var limits = Limits(required: false);
        var (until, servers) = (Until(), Servers());
        var closed = new Option<bool?>("--closed") { Description = "true: nothing is drawn from it any more; false: it is open again.", HelpName = "true|false" };
        return new Command("change", "Changes an agreement: what is not given stays.") { id, limits, until, servers, closed }.Calls(
            ClearinghouseCommand.Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).ChangeAgreementAsync(
                parse.GetRequiredValue(id),
                new(
                    parse.GetValue(until), parse.GetValue(limits) is { Length: > 0 } given ? [.. given.Select(ReadLimit)] : null,
                    parse.GetValue(servers) is { Length: > 0 } named ? named : null, parse.GetValue(closed)),
                cancellation),
            Print);
    }

    private static Command Draws()
    {
        var id = Id();
        var command = ListCommand.Create(
            "draws", "Lists what was drawn from an agreement.", ClearinghouseCommand.Role, null,
            (client, parse, after, limit, cancellation) => new ClearinghouseAdministrationClient(client).DrawsAsync(parse.GetRequiredValue(id), after, limit, cancellation),
            "Nothing was drawn from it.",
            ("Number", row => row.Number.ToString(CultureInfo.InvariantCulture)),
            ("For", row => CatalogueOptions.Describe(row.Quantity, row.Type, row.Version)),
            ("License server", row => row.LicenseServerId),
            ("Drawn", row => Screen.Time(row.DrawnAt)),
            ("Installed", row => Screen.Time(row.RedeemedAt)),
            ("Given back", row => Screen.Time(row.ReleasedAt)));
        command.Add(id);
        return command;
    }

    private static Command Release()
    {
        var number = new Argument<long>("number") { Description = "The draw's number, as 'ostiary clearinghouse agreements draws AGREEMENT' shows it." };
        return new Command("release", "Gives CALs that were drawn and never installed back to their agreement.") { number }.Calls(
            ClearinghouseCommand.Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).ReleaseDrawAsync(parse.GetRequiredValue(number), cancellation),
            (screen, row) => screen.Line(
                $"{CatalogueOptions.Describe(row.Quantity, row.Type, row.Version)} were given back to agreement {row.AgreementId} on {Screen.Time(row.ReleasedAt)}. The product key is good for nothing until they are drawn again."));
    }

    private static Argument<long> Id() => new("agreement") { Description = "Its number, as 'ostiary clearinghouse agreements list' shows it." };

    private static Option<string[]> Limits(bool required) => new("--limit")
    {
        Description = "What may be drawn, TYPE:VERSION:QUANTITY, e.g. device:2025:500; may be repeated.",
        HelpName = "LIMIT",
        Required = required,
        AllowMultipleArgumentsPerToken = true,
    };

    private static Option<DateTimeOffset?> Until() => new("--until")
    {
        Description = "Its end, 00:00 UTC of a day, e.g. 2027-12-31.",
        HelpName = "DATE",
        CustomParser = result =>
        {
            if (DateTimeOffset.TryParseExact(result.Tokens[0].Value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var day))
                return day;
            result.AddError($"--until is a day of the form 2027-12-31; {result.Tokens[0].Value} is not");
            return null;
        },
    };

    private static Option<string[]> Servers() => new("--license-server")
    {
        Description = "A license server that may draw, by License Server ID; may be repeated.",
        HelpName = "LICENSE-SERVER-ID",
        AllowMultipleArgumentsPerToken = true,
    };

    /// <exception cref="UsageException">It is not of that form.</exception>
    private static AgreementLimit ReadLimit(string text)
        => text.Split(':') is [var type, var year, var number]
            && Enum.GetValues<CalType>().Where(known => KebabCase.Of(known) == type).Select(known => (CalType?)known).FirstOrDefault() is { } found
            && int.TryParse(year, NumberStyles.None, CultureInfo.InvariantCulture, out var version) && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var quantity)
                ? new(found, new(version), quantity)
                : throw new UsageException($"--limit is TYPE:VERSION:QUANTITY, e.g. device:2025:500; {text} is not");

    private static string Describe(AgreementLimit limit) => $"{limit.Drawn} of {limit.Quantity} {limit.Type} {limit.Version}";

    private static void Print(Screen screen, AgreementRecord row)
    {
        screen.Facts(
            ("Agreement", row.Id.ToString(CultureInfo.InvariantCulture)),
            ("License program", LicenseProgram.Find(row.Program)?.Title ?? row.Program),
            ("Papers", string.Join(", ", row.Numbers)),
            ("Customer", row.Customer),
            ("Until", row.Until is null ? "no end" : Screen.Time(row.Until)),
            ("Key packs", row.PacksEndWithIt ? "end with it" : "are perpetual"),
            ("State", row.Closed ? "closed" : "open"),
            ("Drawn", string.Join(", ", row.Limits.Select(Describe))),
            ("May draw", row.LicenseServers.Count == 0 ? "whoever has its papers" : string.Join(", ", row.LicenseServers)));
    }
}
