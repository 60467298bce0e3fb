using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Doors;
using Ostiary.LicenseServer.Activation;
using Ostiary.LicenseServer.Storage;

namespace Ostiary.LicenseServer.Packs;

/// <summary>
/// <c>POST /v1/packs/draws</c>: 1. the draw's nonce is stored under a hash of what is wanted, so that every retry is the same draw; 2. the clearinghouse
/// draws a product key; 3. it is redeemed and its pack installed as any other; 4. the nonce is forgotten, so that the next draw of the same kind is another.
/// <c>POST /v1/packs/draws/request</c> and <c>/answer</c> are the same by the clearinghouse's page.
/// </summary>
internal static class DrawPack
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/packs/draws", Handle).At(Door.Administration).For(AccountRole.Operator)
            .Takes<DrawPackRequest>().Answers<PackRecord>("Draws CALs from an agreement and installs their key pack.");
        routes.MapPost("/v1/packs/draws/request", Request).At(Door.Administration).For(AccountRole.Operator)
            .Takes<DrawPackRequest>().Answers<CarriedRedemption>("What is carried to the clearinghouse by hand to draw CALs from an agreement.");
        routes.MapPost("/v1/packs/draws/answer", Answer).At(Door.Administration).For(AccountRole.Operator)
            .Takes<CarriedDrawAnswer>().Answers<PackRecord>("Installs the key pack that came back.");
    }

    private static async Task Handle(HttpContext context)
    {
        var wanted = Check(await Json.ReadAsync(context, ContractsJson.Default.DrawPackRequest).ConfigureAwait(false));
        var clearinghouse = context.RequestServices.GetRequiredService<ClearinghouseConnection>();
        var identity = context.RequestServices.GetRequiredService<Ledger>().Identity;
        var request = await RequestAsync(context, wanted).ConfigureAwait(false);
        var drawn = await clearinghouse.Client.DrawAsync(new(request, identity.Current.Certificate.ExportCertificatePem()), context.RequestAborted).ConfigureAwait(false);
        var pack = await InstallPack.InstallAsync(context, ProductKeyText.Parse(drawn.ProductKey)).ConfigureAwait(false);
        await EndAsync(context, wanted, pack).ConfigureAwait(false);
    }

    private static async Task Request(HttpContext context)
    {
        var wanted = Check(await Json.ReadAsync(context, ContractsJson.Default.DrawPackRequest).ConfigureAwait(false));
        var code = new RequestCode(CodeKind.Draw, await RequestAsync(context, wanted).ConfigureAwait(false));
        var clearinghouse = context.RequestServices.GetRequiredService<ClearinghouseConnection>();
        var identity = context.RequestServices.GetRequiredService<Ledger>().Identity;
        await Json.WriteAsync(
            context,
            new(identity.Id.Text, code.Text, clearinghouse.Address?.AbsoluteUri, clearinghouse.Root.ExportCertificatePem(), identity.Current.Certificate.ExportCertificatePem()),
            ContractsJson.Default.CarriedRedemption).ConfigureAwait(false);
    }

    private static async Task Answer(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.CarriedDrawAnswer).ConfigureAwait(false);
        if (CarriedIssuers.ReadCode(request.ResponseCode).ReadDraw() is not { } parts)
            throw new ProblemException(LicensingProblem.InvalidField, "responseCode is not that of a draw from an agreement", "responseCode");
        var productKey = ProductKeyText.Parse(parts.ProductKey);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var pack = await InstallPack.FindAsync(ledger, productKey, context.RequestAborted).ConfigureAwait(false);
        if (pack is null)
        {
            using var issuing = await context.RequestServices.GetRequiredService<CarriedIssuers>().ReadAsync(parts.IssuingCertificate, context.RequestAborted).ConfigureAwait(false);
            pack = await InstallPack.AcceptAsync(context, productKey, parts.Statement, issuing).ConfigureAwait(false);
        }

        await EndAsync(context, null, pack).ConfigureAwait(false);
    }

    // The nonce has done its work. What came back by hand says what was wanted by the pack that it made.
    private static async Task EndAsync(HttpContext context, DrawPackRequest? wanted, Pack pack)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        await ledger.WorkAsync(
            batch =>
            {
                var hash = wanted is null ? null : HashOf(wanted);
                var kind = KindOf(pack.Program, pack.Type, pack.Version, pack.Quantity);
                return batch.Db.Draws.Where(row => hash != null ? row.WantedHash == hash : row.Kind == kind).ExecuteDelete();
            },
            context.RequestAborted).ConfigureAwait(false);
        await Json.WriteAsync(context, ListPacks.RecordOf(pack), ContractsJson.Default.PackRecord).ConfigureAwait(false);
    }

    private static async Task<byte[]> RequestAsync(HttpContext context, DrawPackRequest wanted)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        if (!ledger.Identity.Current.IsActivated)
            throw new ProblemException(LicensingProblem.NotActivated, "key packs are installed on an activated license server; activate it first (ostiary server activate)");
        var hash = HashOf(wanted);
        var (draw, _) = await ledger.WorkAsync(batch => Prepare(batch, hash, wanted), context.RequestAborted).ConfigureAwait(false);
        return ledger.Identity.Key.SignStatement(
            new DrawRequest(wanted.Program, wanted.Numbers, wanted.Type, wanted.Version, wanted.Quantity, draw.Nonce, draw.RequestedAt).Encode());
    }

    private static Draw Prepare(LedgerBatch batch, byte[] hash, DrawPackRequest wanted)
    {
        if (batch.Db.Draws.SingleOrDefault(row => row.WantedHash == hash) is { } before)
            return before;
        var draw = new Draw
        {
            WantedHash = hash,
            Kind = KindOf(wanted.Program, wanted.Type, wanted.Version, wanted.Quantity),
            Nonce = RandomNumberGenerator.GetBytes(DrawRequest.NonceLength),
            RequestedAt = batch.Now,
        };
        batch.Db.Add(draw);
        batch.Db.SaveChanges();
        return draw;
    }

    private static DrawPackRequest Check(DrawPackRequest request)
    {
        if (LicenseProgram.Find(Json.Text(request.Program, "program", 64)) is not { HasAgreements: true } program)
            throw new ProblemException(
                LicensingProblem.InvalidField, $"program is one with agreements: {string.Join(", ", LicenseProgram.All.Where(other => other.HasAgreements))}", "program");
        if (program.Read(request.Numbers ?? [], out var numbers) is { } error)
            throw new ProblemException(LicensingProblem.InvalidField, error, "numbers");
        if (!request.Version.IsKnown)
            throw new ProblemException(LicensingProblem.InvalidField, $"version {request.Version} is not on the ladder: {string.Join(", ", CalVersion.All)}", "version");
        return request.Quantity is >= 1 and <= KeyPackStatement.MaxQuantity
            ? request with { Numbers = numbers }
            : throw new ProblemException(LicensingProblem.InvalidField, $"quantity is {request.Quantity}; 1 to {KeyPackStatement.MaxQuantity} are taken", "quantity");
    }

    private static byte[] HashOf(DrawPackRequest wanted)
        => SHA256.HashData(Encoding.UTF8.GetBytes($"{KindOf(wanted.Program, wanted.Type, wanted.Version, wanted.Quantity)} {string.Join('/', wanted.Numbers)}"));

    private static string KindOf(string program, CalType type, CalVersion version, int quantity) => $"{program} {KebabCase.Of(type)} {version} {quantity}";
}
