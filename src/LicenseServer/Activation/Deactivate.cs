using System.Formats.Cbor;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Doors;
using Ostiary.LicenseServer.Status;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Trust;

namespace Ostiary.LicenseServer.Activation;

/// <summary>
/// <c>POST /v1/deactivation</c>, and <c>/request</c> and <c>/answer</c> by the clearinghouse's page: 1. in one transaction the request's nonce is stored and the
/// key packs are given up, and nothing is issued from then on; 2. the clearinghouse frees the product keys, and confirms it; 3. the confirmation is checked
/// against the root; 4. it is stored, and the license server stands as not activated. Before step 1 is committed nobody is told; after it there is no way back
/// but to be activated again. Key and certificate stay, and what was issued runs to its end.
/// </summary>
internal static class Deactivate
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/deactivation/request", Request).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<BeginDeactivationRequest>().Answers<CarriedExchange>("Gives the key packs up; answers what is carried to the clearinghouse by hand.");
        routes.MapPost("/v1/deactivation", Handle).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<DeactivateServerRequest>().Answers<LicenseServerStatus>("Gives the key packs up, and deactivates the license server at its clearinghouse.");
        routes.MapPost("/v1/deactivation/answer", Answer).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<CarriedResponse>().Answers<LicenseServerStatus>("Deactivates the license server with what came back.");
    }

    public static ProblemException NotDone()
        => new(LicensingProblem.RuleForbids, "a deactivation has begun, and the clearinghouse has not confirmed it yet; finish it first (ostiary server deactivate)");

    private static async Task Handle(HttpContext context)
    {
        var contact = Reactivate.Check((await Json.ReadAsync(context, ContractsJson.Default.DeactivateServerRequest).ConfigureAwait(false)).Contact);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var clearinghouse = context.RequestServices.GetRequiredService<ClearinghouseConnection>();
        if (!IsDone(ledger))
        {
            // Known to be there before anything is given up.
            var client = clearinghouse.Client;
            var encoded = (await BeginAsync(context, ledger).ConfigureAwait(false)).Encode();
            var response = await client.DeactivateAsync(
                new(encoded, ledger.Identity.Key.Sign(ActivateRequest.ToBeProven(encoded)), contact), context.RequestAborted).ConfigureAwait(false);
            using var issuing = await context.RequestServices.GetRequiredService<TrustPulls>().ReadIssuingAsync(response.IssuingCertificate ?? "", context.RequestAborted).ConfigureAwait(false);
            await AcceptAsync(context, ledger, response.Confirmation ?? [], issuing).ConfigureAwait(false);
        }

        await GetStatus.AnswerAsync(context).ConfigureAwait(false);
    }

    private static async Task Request(HttpContext context)
    {
        if ((await Json.ReadAsync(context, ContractsJson.Default.BeginDeactivationRequest).ConfigureAwait(false)).GivesUp != true)
            throw new ProblemException(LicensingProblem.InvalidField, "givesUp is true where the key packs are to be given up; there is no way back", "givesUp");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var clearinghouse = context.RequestServices.GetRequiredService<ClearinghouseConnection>();
        if (IsDone(ledger))
            throw new ProblemException(LicensingProblem.NotActivated, "the license server is deactivated");
        var encoded = (await BeginAsync(context, ledger).ConfigureAwait(false)).Encode();
        var code = RequestCode.Deactivation(encoded, ledger.Identity.Key.Sign(ActivateRequest.ToBeProven(encoded)));
        await Json.WriteAsync(
            context, new(ledger.Identity.Id.Text, code.Text, clearinghouse.Address?.AbsoluteUri, clearinghouse.Root.ExportCertificatePem()),
            ContractsJson.Default.CarriedExchange).ConfigureAwait(false);
    }

    private static async Task Answer(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ContractsJson.Default.CarriedResponse).ConfigureAwait(false);
        if (CarriedIssuers.ReadCode(body.ResponseCode).ReadDeactivation() is not { } parts)
            throw new ProblemException(LicensingProblem.InvalidField, "responseCode is not that of a deactivation", "responseCode");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        if (!IsDone(ledger))
        {
            await RequireBegunAsync(ledger, context.RequestAborted).ConfigureAwait(false);
            using var issuing = await context.RequestServices.GetRequiredService<CarriedIssuers>().ReadAsync(parts.IssuingCertificate, context.RequestAborted).ConfigureAwait(false);
            await AcceptAsync(context, ledger, parts.Confirmation, issuing).ConfigureAwait(false);
        }

        await GetStatus.AnswerAsync(context).ConfigureAwait(false);
    }

    private static bool IsDone(Ledger ledger) => ledger.Identity.Current is { DeactivatedAt: not null, IsDeactivating: false };

    // Step 1, once; at every call the same request.
    private static async Task<ActivationRequest> BeginAsync(HttpContext context, Ledger ledger)
    {
        if (!ledger.Identity.Current.IsDeactivating)
        {
            var (row, _) = await ledger.WorkAsync(GiveUp, context.RequestAborted).ConfigureAwait(false);
            ledger.Recertify(row);
            // What was decided by the certificates of before is committed before the clearinghouse is told.
            await ledger.WorkAsync(_ => true, context.RequestAborted).ConfigureAwait(false);
            Log.Deactivating(context.RequestServices.GetRequiredService<ILogger<Ledger>>());
        }

        return await RequireBegunAsync(ledger, context.RequestAborted).ConfigureAwait(false);
    }

    private static async Task<ActivationRequest> RequireBegunAsync(Ledger ledger, CancellationToken cancellation)
    {
        await using var db = ledger.Database.OpenReader();
        return PendingOf(ledger, await db.Identity.SingleAsync(cancellation).ConfigureAwait(false));
    }

    private static ActivationRequest PendingOf(Ledger ledger, IdentityRow row)
        => row is { PendingKind: (int)ActivationKind.Deactivate, PendingNonce: { } nonce }
            ? ledger.Identity.Key.Request(ActivationKind.Deactivate, (uint)nonce)
            : throw new ProblemException(LicensingProblem.RuleForbids, "no deactivation was begun here; begin with ostiary server deactivate");

    private static IdentityRow GiveUp(LedgerBatch batch)
    {
        var row = batch.Db.Identity.AsTracking().Single();
        if (row.DeactivatedAt is not null)
            return row;
        if (row.ActivatedAt is null)
            throw new ProblemException(LicensingProblem.NotActivated, "the license server is not activated; there is nothing to deactivate");
        row.BeginDeactivation((int)ActivationKind.Deactivate, Activate.DrawNonce(), batch.Now);
        Activate.Enter(batch, "license-server-deactivating", row);
        foreach (var pack in batch.InstalledPacks())
        {
            pack.RemovedAt = batch.Now;
            batch.Enter("pack-given-up", pack);
        }

        // CALs on their way from agreements go back there; the same draw later is another one.
        batch.Db.Draws.ExecuteDelete();
        return row;
    }

    private static async Task AcceptAsync(HttpContext context, Ledger ledger, byte[] confirmation, X509Certificate2 issuing)
    {
        using var key = issuing.GetECDsaPublicKey();
        if (key is null || !Statement.TryVerify(confirmation, key, out var payload))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "the clearinghouse's confirmation is not signed by its issuing key");
        var confirmed = Decode(payload).Request;
        var (row, _) = await ledger.WorkAsync(
            batch =>
            {
                var row = batch.Db.Identity.AsTracking().Single();
                // Two at once: the second one changes nothing.
                if (row is { DeactivatedAt: not null, PendingKind: null })
                    return row;
                if (!PendingOf(ledger, row).Encode().AsSpan().SequenceEqual(confirmed))
                    throw new ProblemException(LicensingProblem.SignatureInvalid, "the clearinghouse's confirmation is for another request");
                row.EndDeactivation(confirmation);
                Activate.Enter(batch, "license-server-deactivated", row);
                return row;
            },
            context.RequestAborted).ConfigureAwait(false);
        ledger.Recertify(row);
        Log.Deactivated(context.RequestServices.GetRequiredService<ILogger<Ledger>>());
    }

    private static DeactivationStatement Decode(byte[] payload)
    {
        try
        {
            return DeactivationStatement.Decode(payload);
        }
        catch (CborContentException malformed)
        {
            throw new ProblemException(LicensingProblem.SignatureInvalid, $"the confirmation is signed, but not of a form that this version understands: {malformed.Message}");
        }
    }
}
