using System.CommandLine;
using System.Text;
using System.Text.Json;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Trust;
using Ostiary.Host.Terminal;

namespace Ostiary.Host.Commands;

/// <summary>
/// <c>ostiary clearinghouse trust export</c> and <c>ostiary server trust install</c>: roots, withdrawn issuing keys and the revocation list by hand, for a license
/// server without a network.
/// </summary>
internal static class TrustCommand
{
    /// <summary>Both lists full have some 100 KB.</summary>
    private const int MaxFileLength = 384 * 1024;

    public static Command CreateForClearinghouse()
    {
        var file = new Option<FileInfo>("--out") { Description = "Where it goes, for 'ostiary server trust install'.", HelpName = "FILE", Required = true };
        return new("trust", "What license servers trust by: roots, withdrawn issuing keys, and what is revoked.")
        {
            new Command("export", "Writes it into a file, for license servers without a network.") { file }.Calls(
                ClearinghouseCommand.Role,
                async (client, parse, cancellation) =>
                {
                    var documents = await new ClearinghouseAdministrationClient(client).TrustAsync(cancellation);
                    await File.WriteAllBytesAsync(parse.GetRequiredValue(file).FullName, JsonSerializer.SerializeToUtf8Bytes(documents, ContractsJson.Default.TrustDocuments), cancellation);
                    return documents;
                },
                (screen, _) => screen.Line("Written. On the license server: ostiary server trust install FILE")),
        };
    }

    public static Command CreateForServer()
    {
        var file = new Argument<FileInfo?>("file")
        {
            Description = "What 'ostiary clearinghouse trust export' wrote, or the clearinghouse's address with /v1/trust saved as a file. Not needed with --carry.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var answers = new Option<string[]>("--answer")
        {
            Description = "A response code of the clearinghouse's page, or its file; as often as there were request codes, in their order.",
            HelpName = "TEXT|FILE",
        };
        var methods = new ConnectionMethods();
        var install = new Command("install", "Takes what there is to know of the publisher by hand; it is checked as if it came over the network.") { file, answers };
        methods.AddCarryTo(install);
        install.Add(RemoteServer.Server);
        install.Add(RemoteServer.Fingerprint);
        install.SetAction((parse, cancellation) => ApiCommand.RunAsync(parse, async (screen, json) =>
        {
            using var http = ApiCommand.Connect(parse, ServerCommand.Role);
            var server = new LicenseServerAdministrationClient(http);
            var done = methods.Carries(parse)
                ? await CarryAsync(parse, server, methods, cancellation)
                : await server.InstallTrustAsync(new(Read(parse.GetValue(file)), [.. (parse.GetValue(answers) ?? []).Select(ConnectionMethods.TextOf)]), cancellation);
            if (json)
                screen.Json(done);
            else
                Print(screen, done);
            return done.Taken ? ExitCode.Done : ExitCode.Failed;
        }));
        return new("trust", "What this license server knows of its publisher.") { install };
    }

    private static async Task<InstalledTrust> CarryAsync(ParseResult parse, LicenseServerAdministrationClient server, ConnectionMethods methods, CancellationToken cancellation)
    {
        // Without documents nothing is taken: the answer says where the clearinghouse is, and which root it must have.
        var known = await server.InstallTrustAsync(new(new("")), cancellation);
        var documents = await ConnectionMethods.WithRetryAsync(
            parse, () => methods.CarryAsync(parse, known.Clearinghouse, known.Root, clearinghouse => clearinghouse.TrustAsync(cancellation)), cancellation);
        var first = await server.InstallTrustAsync(new(documents), cancellation);
        if (first.Taken)
            return first;
        var codes = new List<string>();
        foreach (var asked in first.Requests)
        {
            var request = ReactivateCommand.Parse(asked).Content;
            var answer = await ConnectionMethods.WithRetryAsync(
                parse, () => methods.CarryAsync(parse, asked.Clearinghouse, asked.Root, clearinghouse => clearinghouse.ReplaceAsync(new(request), cancellation)), cancellation);
            codes.Add(Contracts.Activation.ResponseCode.Replacement(ReactivateCommand.Bundle(answer.Activation, answer.KeyPacks, null)).Text);
        }

        return await server.InstallTrustAsync(new(documents, codes), cancellation);
    }

    private static TrustDocuments Read(FileInfo? file)
    {
        if (file is null)
            throw new UsageException("the file is required, but with --carry");
        try
        {
            if (file.Length > MaxFileLength)
                throw new UsageException($"{file} has {file.Length} bytes; at most {MaxFileLength} are taken");
            return JsonSerializer.Deserialize(File.ReadAllText(file.FullName, Encoding.UTF8), ContractsJson.Default.TrustDocuments) is { Certificates: not null } documents
                ? documents
                : throw new UsageException($"{file} is not what 'ostiary clearinghouse trust export' writes");
        }
        catch (JsonException)
        {
            throw new UsageException($"{file} is not what 'ostiary clearinghouse trust export' writes");
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} cannot be read: {unreadable.Message}");
        }
    }

    private static void Print(Screen screen, InstalledTrust done)
    {
        if (done.Taken)
        {
            screen.Facts(("Roots", $"{done.Roots}"), ("Withdrawn issuing keys, list", $"{done.Withdrawals}"), ("Revocation list", $"{done.Revocations}"));
            return;
        }

        screen.Line("An issuing key that has signed documents of this license server was withdrawn. Nothing is taken before they are signed again:");
        for (var index = 0; index < done.Requests.Count; index++)
        {
            screen.Line("");
            screen.Line($"Request {index + 1} of {done.Requests.Count}");
            ConnectionMethods.ShowCode(
                screen, done.Requests[index].LicenseServerId, done.Requests[index].RequestCode, done.Requests[index].Clearinghouse,
                $"ostiary server trust install FILE{string.Concat(Enumerable.Range(1, done.Requests.Count - 1).Select(number => $" --answer FILE{number}"))}");
        }
    }
}
