using System.Security.Cryptography;
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
using Ostiary.Contracts.Trust;
using Ostiary.Doors;
using Ostiary.LicenseServer.Audit;
using Ostiary.LicenseServer.Status;
using Ostiary.LicenseServer.Storage;
using Ostiary.LicenseServer.Trust;

namespace Ostiary.LicenseServer.Activation;

/// <summary>
/// <c>POST /v1/activation</c>, automatic: 1. the nonce is stored, so that every retry is the same request; 2. the clearinghouse answers;
/// 3. the answer is checked against the root; 4. certificate and chain are stored; 5. they are used from then on. The key stays the same.
/// </summary>
internal static class Activate
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/activation", Handle).At(Door.Administration).For(AccountRole.Administrator)
        .Takes<ActivateServerRequest>().Answers<LicenseServerStatus>("Activates the license server at its clearinghouse.");

    private static async Task Handle(HttpContext context)
    {
        var request = await Json.ReadAsync(context, ContractsJson.Default.ActivateServerRequest).ConfigureAwait(false);
        if (request.Company is null)
            throw new ProblemException(LicensingProblem.InvalidField, "company is required", "company");
        if (request.Company.Check() is { Count: > 0 } errors)
            throw new ProblemException(LicensingProblem.InvalidField, string.Join("; ", errors.Select(error => $"{error.Field} {error.Error}")), errors[0].Field);
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        if (!ledger.Identity.Current.IsActivated)
            await ActivateAsync(context, ledger, request.Company).ConfigureAwait(false);
        await GetStatus.AnswerAsync(context).ConfigureAwait(false);
    }

    private static async Task ActivateAsync(HttpContext context, Ledger ledger, CompanyInformation company)
    {
        var clearinghouse = context.RequestServices.GetRequiredService<ClearinghouseConnection>();
        // Without a root there is nothing to check an answer against: not asked for in vain.
        _ = clearinghouse.Root;
        var asked = await RequestAsync(context).ConfigureAwait(false);
        var encoded = asked.Encode();
        var response = await clearinghouse.Client.ActivateAsync(
            new(encoded, ledger.Identity.Key.Sign(ActivateRequest.ToBeProven(encoded)), company), context.RequestAborted).ConfigureAwait(false);

        using var issuing = await context.RequestServices.GetRequiredService<TrustPulls>().ReadIssuingAsync(response.IssuingCertificate ?? "", context.RequestAborted).ConfigureAwait(false);
        await AcceptAsync(context, asked, new(response.Day, response.KeyId, response.Term, response.Signature ?? []), issuing).ConfigureAwait(false);
    }

    /// <summary>What is asked of a clearinghouse to be activated, the same at every call.</summary>
    /// <exception cref="ProblemException">A deactivation has begun and is not confirmed.</exception>
    internal static async Task<ActivationRequest> RequestAsync(HttpContext context)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        if (ledger.Identity.Current.IsDeactivating)
            throw Deactivate.NotDone();
        return ledger.Identity.Current.DeactivatedAt is null
            ? await AcceptedAsync(ledger, context.RequestAborted).ConfigureAwait(false)
            : await PendingAsync(ledger, ActivationKind.Activate, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>
    /// The request whose answer is the license server's certificate, or that of its first activation while there is none. What is pending beside it does not count:
    /// the clearinghouse may not know it.
    /// </summary>
    internal static async Task<ActivationRequest> AcceptedAsync(Ledger ledger, CancellationToken cancellation)
    {
        var ((kind, nonce), _) = await ledger.WorkAsync(
            batch =>
            {
                var row = batch.Db.Identity.AsTracking().Single();
                row.ActivationNonce ??= DrawNonce();
                return ((ActivationKind)(row.AcceptedKind ?? (int)ActivationKind.Activate), (uint)row.ActivationNonce.Value);
            },
            cancellation).ConfigureAwait(false);
        return ledger.Identity.Key.Request(kind, nonce);
    }

    /// <summary>A request beside the accepted one: stored before it is sent, the same until it is answered.</summary>
    internal static async Task<ActivationRequest> PendingAsync(Ledger ledger, ActivationKind kind, CancellationToken cancellation)
    {
        var (nonce, _) = await ledger.WorkAsync(
            batch =>
            {
                var row = batch.Db.Identity.AsTracking().Single();
                // Since the caller looked, another one may have begun to deactivate.
                if (row.PendingKind == (int)ActivationKind.Deactivate)
                    throw Deactivate.NotDone();
                row.Ask((int)kind, DrawNonce());
                return (uint)row.PendingNonce!.Value;
            },
            cancellation).ConfigureAwait(false);
        return ledger.Identity.Key.Request(kind, nonce);
    }

    internal static uint DrawNonce() => BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint)));

    /// <summary>Checks an answer, by whatever way it came, and is activated by it.</summary>
    /// <exception cref="ProblemException">It is not signed by this issuing key, is for another request, or does not lead to the root now.</exception>
    internal static async Task AcceptAsync(HttpContext context, ActivationRequest asked, ActivationAnswer answer, X509Certificate2 issuing)
    {
        var ledger = context.RequestServices.GetRequiredService<Ledger>();
        var (certificate, trust) = Verify(context, asked, answer, issuing);
        var (row, _) = await ledger.WorkAsync(batch => Record(batch, asked, certificate, issuing.RawData, trust), context.RequestAborted).ConfigureAwait(false);
        ledger.Recertify(row);
        Log.Activated(context.RequestServices.GetRequiredService<ILogger<Ledger>>(), ledger.Identity.Current.Until);
    }

    /// <summary>The certificate of an answer, DER.</summary>
    /// <exception cref="ProblemException">It is not signed by this issuing key, is for another request, or does not lead to the root now.</exception>
    internal static (byte[] Certificate, PublisherTrust Trust) Verify(HttpContext context, ActivationRequest asked, ActivationAnswer answer, X509Certificate2 issuing)
    {
        var trust = context.RequestServices.GetRequiredService<ClearinghouseConnection>().Trust;
        var certificate = answer.TryAssemble(asked, issuing)
            ?? throw new ProblemException(LicensingProblem.SignatureInvalid, "the clearinghouse's answer is not signed by its issuing key, or is for another request");
        CheckLeadsToRoot(certificate, issuing, trust, context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow());
        return (certificate, trust);
    }

    private static void CheckLeadsToRoot(byte[] certificate, X509Certificate2 issuing, PublisherTrust trust, DateTimeOffset now)
    {
        using var own = X509CertificateLoader.LoadCertificate(certificate);
        if (!trust.LeadsTo(own, [issuing], now))
            throw new ProblemException(LicensingProblem.SignatureInvalid,
                $"the certificate from the clearinghouse, valid from {own.NotBefore.ToUniversalTime():u}, does not lead to the published root at {now:u}; check this machine's clock");
    }

    internal static IdentityRow Record(LedgerBatch batch, ActivationRequest asked, byte[] certificate, byte[] issuing, PublisherTrust trust)
    {
        var row = batch.Db.Identity.AsTracking().Single();
        // Two activations at once get the same answer; the second one changes nothing.
        if (row.ActivatedAt is not null)
            return row;
        Accept(batch, row, "license-server-activated", asked, certificate, issuing, trust, null);
        return row;
    }

    internal static void Accept(
        LedgerBatch batch, IdentityRow row, string kind, ActivationRequest asked, byte[] certificate, byte[] issuing, PublisherTrust trust, long? next)
    {
        row.Accept((int)asked.Kind, asked.Nonce, certificate, issuing, trust.Roots[0].RawData, batch.Now, next);
        row.Know(trust.Encode());
        Enter(batch, kind, row);
    }

    /// <summary>The audit entry of the identity's row.</summary>
    internal static void Enter(LedgerBatch batch, string kind, IdentityRow row)
        => batch.Audit(kind, CanonicalContent.Identity, row.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), number =>
        {
            row.LedgerNumber = number;
            return CanonicalContent.Of(row);
        });
}
