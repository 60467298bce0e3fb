using System.CommandLine;
using System.Globalization;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Statements;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary><c>ostiary clearinghouse servers</c>: the license servers that were activated, and who stands behind them.</summary>
internal static class CustomersCommand
{
    public static Command Create() => new("servers", "License servers that were activated, and who stands behind them.") { List(), Company(), Export(), Erase(), Transfer(), Succeed() };

    private static Command List()
    {
        var search = new Option<string?>("--search") { Description = "A part of a License Server ID, company, last name or e-mail.", HelpName = "TEXT" };
        return ListCommand.Create(
            "list", "Lists license servers.", ClearinghouseCommand.Role, search,
            (client, parse, after, limit, cancellation) => new ClearinghouseAdministrationClient(client).LicenseServersAsync(parse.GetValue(search), after, limit, cancellation),
            "No license server is activated.",
            ("License Server ID", row => row.LicenseServerId),
            ("Company", row => row.Company?.Company ?? "(erased)"),
            ("Country", row => row.Company?.Country ?? ""),
            ("Activated", row => Screen.Time(row.ActivatedAt)),
            ("Certificate until", row => Screen.Time(row.CertificateUntil)),
            ("Key packs", row => row.KeyPacks.ToString(CultureInfo.InvariantCulture)));
    }

    private static Command Company()
    {
        var id = Id();
        var company = new CompanyOptions();
        var command = new Command("company", "Changes who stands behind a license server: all of it is given anew.") { id };
        company.AddTo(command);
        return command.Calls(
            ClearinghouseCommand.Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).ChangeCompanyAsync(parse.GetRequiredValue(id), company.Read(parse), cancellation),
            (screen, row) => screen.Line($"Changed: {row.LicenseServerId} is of {row.Company!.Company}."));
    }

    private static Command Export()
    {
        var id = Id();
        var file = new Option<FileInfo>("--out") { Description = "Where it goes, JSON.", HelpName = "FILE", Required = true };
        return new Command("export", "Writes all that is kept of a license server and its owner, to be handed out on request.") { id, file }.Calls(
            ClearinghouseCommand.Role,
            async (client, parse, cancellation) =>
            {
                var export = await new ClearinghouseAdministrationClient(client).ExportCustomerAsync(parse.GetRequiredValue(id), cancellation);
                await File.WriteAllTextAsync(
                    parse.GetRequiredValue(file).FullName, System.Text.Json.JsonSerializer.Serialize(export, ContractsJson.Default.CustomerExport) + Environment.NewLine, cancellation);
                return export;
            },
            (screen, export) => screen.Line($"Written: {export.KeyPacks.Count} key packs and {export.Audit.Count} audit entries of {export.Server.LicenseServerId}."));
    }

    private static Command Erase()
    {
        var id = Id();
        return new Command("erase", "Erases who stands behind a license server. Its certificate, key packs and the audit chain stay whole.") { id }.Calls(
            ClearinghouseCommand.Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).EraseCompanyAsync(parse.GetRequiredValue(id), cancellation),
            (screen, row) => screen.Line($"Erased: nobody stands behind {row.LicenseServerId} here any more."));
    }

    private static Command Transfer()
    {
        var pack = new Argument<Guid>("pack") { Description = "The key pack, as 'ostiary packs list' shows it on the license server that has it." };
        var to = new Option<string>("--to") { Description = "The License Server ID that may install its product key from now on.", HelpName = "LICENSE-SERVER-ID", Required = true };
        return new Command("transfer", "Takes a key pack from the license server that has it; its product key is good for another one.") { pack, to }.Calls(
            ClearinghouseCommand.Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).TransferAsync(new(parse.GetRequiredValue(pack), parse.GetRequiredValue(to)), cancellation),
            (screen, done) =>
            {
                screen.Line($"Product key {done.ProductKeyId} is good for {done.To} now, and its key pack at {done.From} is revoked (list {done.ListNumber}).");
                screen.Line("On the other license server: ostiary packs install KEY");
            });
    }

    private static Command Succeed()
    {
        var id = Id();
        var to = new Option<string>("--to") { Description = "The License Server ID that follows; the same customer's, as you have checked.", HelpName = "LICENSE-SERVER-ID", Required = true };
        var lost = new Option<bool>("--lost") { Description = "Nobody has the old key any more. Without it the old key is taken for stolen, and revoked." };
        return new Command("succeed", "Another license server follows one whose key is lost or stolen: key packs, product keys and agreements are its own, and hosts pin it.") { id, to, lost }.Calls(
            ClearinghouseCommand.Role,
            (client, parse, cancellation) => new ClearinghouseAdministrationClient(client).SucceedAsync(
                parse.GetRequiredValue(id), new(parse.GetRequiredValue(to), parse.GetValue(lost) ? SuccessionCause.Lost : SuccessionCause.Stolen), cancellation),
            (screen, done) =>
            {
                screen.Line($"{done.To} follows {done.From} ({KebabCase.Of(done.Cause)}) with {done.KeyPacks} key packs{(done.ListNumber is { } number ? $", and {done.From} is revoked (list {number})" : "")}.");
                screen.Line(done.Cause == SuccessionCause.Lost ? "On the license server that follows: ostiary server succeed --lost" : "On the license server: ostiary server succeed --stolen, if it has not gone on by itself");
            });
    }

    private static Argument<string> Id() => new("license-server-id") { Description = "The License Server ID, 35 symbols." };
}
