using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
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
using Ostiary.Contracts.Trust;
using Ostiary.Doors;
using Ostiary.LicenseServer.Packs;
using Ostiary.LicenseServer.Status;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Trust;

namespace Ostiary.LicenseServer.Activation;

/// <summary>
/// <c>POST /v1/reactivation</c>, and <c>/request</c> and <c>/answer</c> by the clearinghouse's page: 1. the nonce is stored beside the accepted request, so that
/// every retry is the same request; 2. the clearinghouse answers a certificate for the same key and the key packs that it has for it; 3. all of it is checked
/// against the root; 4. certificate and the key packs that are not here are stored in one transaction, and the request is the accepted one; 5. where more key
/// packs are to come, steps 2 to 4 again. What was issued stays good, and what is here stays as it is.
/// </summary>
internal static class Reactivate
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/reactivation/answer", Answer).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<CarriedResponse>().Answers<ReactivationProgress>("Reactivates the license server with what came back.");
        routes.MapPost("/v1/reactivation", Handle).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<ReactivateServerRequest>().Answers<ReactivationProgress>("Activates the license server again: a new certificate for the same key, and the key packs that it has lost.");
        routes.MapPost("/v1/reactivation/request", Request).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<CarriedReactivationRequest>().Answers<CarriedExchange>("What is carried to the clearinghouse by hand.");
    }

    private static async Task Handle(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ContractsJson.Default.ReactivateServerRequest).ConfigureAwait(false);
        var kind = KindOf(body.Reason);
        var contact = Check(body.Contact);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var clearinghouse = context.RequestServices.GetRequiredService<ClearinghouseConnection>();
        // Without a root there is nothing to check an answer against: not asked for in vain.
        _ = clearinghouse.Root;
        var asked = await Activate.PendingAsync(ledger, kind, context.RequestAborted).ConfigureAwait(false);
        var encoded = asked.Encode();
        var (restored, after) = (0, await AfterAsync(ledger, context.RequestAborted).ConfigureAwait(false));
        do
        {
            var response = await clearinghouse.Client.ReactivateAsync(
                new(encoded, ledger.Identity.Key.Sign(ActivateRequest.ToBeProven(encoded)), contact, after), context.RequestAborted).ConfigureAwait(false);
            var answer = Json.Require(response.Activation, "activation");
            var issuers = context.RequestServices.GetRequiredService<TrustPulls>();
            using var issuing = await issuers.ReadIssuingAsync(answer.IssuingCertificate ?? "", context.RequestAborted).ConfigureAwait(false);
            var packs = new List<(byte[], byte[])>();
            foreach (var pack in response.KeyPacks ?? [])
            {
                using var signer = await issuers.ReadIssuingAsync(pack.IssuingCertificate ?? "", context.RequestAborted).ConfigureAwait(false);
                packs.Add((pack.KeyPack ?? [], signer.RawData));
            }

            restored += await AcceptAsync(context, asked, new(answer.Day, answer.KeyId, answer.Term, answer.Signature ?? []), issuing, packs, response.Next, after).ConfigureAwait(false);
            after = response.Next;
        }
        while (after is not null);
        await AnswerAsync(context, restored, more: false).ConfigureAwait(false);
    }

    private static async Task Request(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ContractsJson.Default.CarriedReactivationRequest).ConfigureAwait(false);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var clearinghouse = context.RequestServices.GetRequiredService<ClearinghouseConnection>();
        var root = clearinghouse.Root.ExportCertificatePem();
        var encoded = (await Activate.PendingAsync(ledger, KindOf(body.Reason), context.RequestAborted).ConfigureAwait(false)).Encode();
        var code = RequestCode.Reactivation(
            encoded, ledger.Identity.Key.Sign(ActivateRequest.ToBeProven(encoded)), await AfterAsync(ledger, context.RequestAborted).ConfigureAwait(false));
        await Json.WriteAsync(context, new(ledger.Identity.Id.Text, code.Text, clearinghouse.Address?.AbsoluteUri, root), ContractsJson.Default.CarriedExchange).ConfigureAwait(false);
    }

    private static async Task Answer(HttpContext context)
    {
        var body = await Json.ReadAsync(context, ContractsJson.Default.CarriedResponse).ConfigureAwait(false);
        if (CarriedIssuers.ReadCode(body.ResponseCode).ReadDocuments(CodeKind.Reactivation) is not { } documents)
            throw new ProblemException(LicensingProblem.InvalidField, "responseCode is not that of a reactivation", "responseCode");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var issuers = context.RequestServices.GetRequiredService<CarriedIssuers>();
        var asked = await AskedAsync(ledger, context.RequestAborted).ConfigureAwait(false);
        using var issuing = await issuers.ReadAsync(documents.IssuingCertificate, context.RequestAborted).ConfigureAwait(false);
        foreach (var other in documents.KeyPacks.Select(pack => pack.IssuingCertificate).Where(other => other != documents.IssuingCertificate).DistinctBy(Convert.ToHexString))
            (await issuers.ReadAsync(other, context.RequestAborted).ConfigureAwait(false)).Dispose();
        var after = await AfterAsync(ledger, context.RequestAborted).ConfigureAwait(false);
        var restored = await AcceptAsync(context, asked, documents.Answer, issuing, documents.KeyPacks, documents.Next, after).ConfigureAwait(false);
        await AnswerAsync(context, restored, documents.Next is not null).ConfigureAwait(false);
    }

    private static async Task AnswerAsync(HttpContext context, int restored, bool more)
        => await Json.WriteAsync(
            context, new(await GetStatus.ReadAsync(context).ConfigureAwait(false), restored, more), ContractsJson.Default.ReactivationProgress).ConfigureAwait(false);

    private static ActivationKind KindOf(ReactivationReason? reason)
        => reason is { } given && Enum.IsDefined(given)
            ? ActivationKinds.Of(given)
            : throw new ProblemException(LicensingProblem.InvalidField, $"reason is one of {string.Join(", ", Enum.GetValues<ReactivationReason>().Select(KebabCase.Of))}", "reason");

    /// <exception cref="ProblemException">Something is missing or wrong; it names all of it.</exception>
    internal static ContactPerson Check(ContactPerson? contact)
        => Json.Require(contact, "contact").Check() is { Count: > 0 } errors
            ? throw new ProblemException(LicensingProblem.InvalidField, string.Join("; ", errors.Select(error => $"{error.Field} {error.Error}")), $"contact.{errors[0].Field}")
            : contact!;

    // Where the key packs of a reactivation go on that stopped on its way.
    private static async Task<long?> AfterAsync(Ledger ledger, CancellationToken cancellation)
    {
        await using var db = ledger.Database.OpenReader();
        return (await db.Identity.SingleAsync(cancellation).ConfigureAwait(false)).PendingAfter;
    }

    // The pending one; once it is answered, the accepted one: its answer given again changes nothing.
    private static async Task<ActivationRequest> AskedAsync(Ledger ledger, CancellationToken cancellation)
    {
        await using var db = ledger.Database.OpenReader();
        var row = await db.Identity.SingleAsync(cancellation).ConfigureAwait(false);
        var (kind, nonce) = row.PendingKind is { } pending ? (pending, row.PendingNonce) : (row.AcceptedKind ?? 0, row.ActivationNonce);
        return ((ActivationKind)kind).Reason() is not null && nonce is { } asked
            ? ledger.Identity.Key.Request((ActivationKind)kind, (uint)asked)
            : throw new ProblemException(LicensingProblem.RuleForbids, "no reactivation was asked for here; begin with ostiary server reactivate");
    }

    /// <returns>How many key packs are here again.</returns>
    private static async Task<int> AcceptAsync(
        HttpContext context, ActivationRequest asked, ActivationAnswer answer, X509Certificate2 issuing, IReadOnlyList<(byte[] Statement, byte[] IssuingCertificate)> packs, long? next, long? after)
    {
        if (next is { } further && (further <= (after ?? 0) || packs.Count > ReactivateResponse.MaxKeyPacks))
            throw new ProblemException(LicensingProblem.SignatureInvalid, "the clearinghouse's answer goes on where it began");
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var (certificate, trust) = Activate.Verify(context, asked, answer, issuing);
        var verified = packs.Select(pack => (Statement: Verify(pack.Statement, pack.IssuingCertificate, ledger), pack)).ToList();
        var ((row, restored), _) = await ledger.WorkAsync(
            batch => Record(batch, asked, certificate, issuing.RawData, trust, verified, next), context.RequestAborted).ConfigureAwait(false);
        ledger.Recertify(row);
        var logger = context.RequestServices.GetRequiredService<ILogger<Ledger>>();
        Log.Activated(logger, ledger.Identity.Current.Until);
        foreach (var pack in restored)
            Log.PackInstalled(logger, pack.PackId, pack.Quantity, pack.Version.Year);
        return restored.Count;
    }

    private static (IdentityRow Identity, IReadOnlyList<Pack> Restored) Record(
        LedgerBatch batch, ActivationRequest asked, byte[] certificate, byte[] issuing, PublisherTrust trust,
        IReadOnlyList<(KeyPackStatement Statement, (byte[] Signed, byte[] IssuingCertificate) Pack)> packs, long? next)
    {
        var row = batch.Db.Identity.AsTracking().Single();
        if (row.PendingKind == (int)ActivationKind.Deactivate)
            throw Deactivate.NotDone();
        // An answer that comes a second time, by another hand, changes nothing.
        if (row.PendingNonce != asked.Nonce && row.ActivationNonce != asked.Nonce)
            throw new ProblemException(LicensingProblem.RuleForbids, "this answer is for a request that another one has followed");
        if (row.PendingNonce == asked.Nonce)
            Activate.Accept(batch, row, "license-server-reactivated", asked, certificate, issuing, trust, next);
        var restored = new List<Pack>();
        foreach (var (statement, (signed, signer)) in packs)
            // What is here stays as it is: converted, or removed by an administrator.
            if (trust.RevocationOf(statement.PackId) is null && !batch.Db.Packs.Any(pack => pack.PackId == statement.PackId))
                restored.Add(InstallPack.Install(batch, statement, signed, signer, HashOf(statement.PackId), "pack-given-again"));
        return (row, restored);
    }

    // The product key of a pack that was lost is not known here. The same key typed again finds the pack by its number.
    private static byte[] HashOf(Guid packId) => SHA256.HashData([.. Encoding.ASCII.GetBytes("Ostiary key pack given again"), .. packId.ToByteArray(bigEndian: true)]);

    private static KeyPackStatement Verify(byte[] signed, byte[] issuingCertificate, Ledger ledger)
    {
        using var issuing = X509CertificateLoader.LoadCertificate(issuingCertificate);
        var statement = InstallPack.Verify(signed, issuing);
        return statement.LicenseServer == ledger.Identity.Key.Fingerprint
            ? statement
            : throw new ProblemException(LicensingProblem.SignatureInvalid, $"key pack {statement.PackId} in the clearinghouse's answer is for another license server");
    }
}
