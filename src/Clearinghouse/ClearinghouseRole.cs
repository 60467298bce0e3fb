using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.Agreements;
using Ostiary.Clearinghouse.Audit;
using Ostiary.Clearinghouse.Customers;
using Ostiary.Clearinghouse.Grace;
using Ostiary.Clearinghouse.Http;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.Operations;
using Ostiary.Clearinghouse.Pages;
using Ostiary.Clearinghouse.Pages.Operators;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Revocations;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Successions;
using Ostiary.Clearinghouse.Telephone;
using Ostiary.Clearinghouse.Tls;
using Ostiary.Clearinghouse.Transfers;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Telephone;
using Ostiary.Contracts.Trust;
using Ostiary.Doors;
using Ostiary.Doors.Accounts;

namespace Ostiary.Clearinghouse;

/// <summary>The clearinghouse: activates license servers, mints product keys and makes them key packs. Every signature is the signer's.</summary>
public static class ClearinghouseRole
{
    /// <summary>
    /// Builds the role. Starting it takes the state directory, opens the database and, last, the two doors: HTTPS at <see cref="ClearinghouseOptions.Listen"/>
    /// and the operators' socket. At the first start the signer must be running. Signals are the program's.
    /// </summary>
    /// <exception cref="ArgumentException">The options are not right; the message holds every error.</exception>
    public static WebApplication Build(ClearinghouseOptions options, TimeProvider time, Action<ILoggingBuilder> logging)
    {
        if (options.Check() is { Count: > 0 } errors)
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(options));

        var builder = Listeners.CreateBuilder(time, logging, server =>
        {
            server.Listen(IPEndPoint.Parse(options.Listen), https =>
            {
                server.ApplicationServices.GetRequiredService<ListeningAddress>().PublicListener = https;
                https.IsDoor(Door.Public);
                https.UseHttps(Tls(server));
            });
            if (options.OperatorsEndPoint is { } operators)
                server.Listen(operators, https =>
                {
                    server.ApplicationServices.GetRequiredService<ListeningAddress>().OperatorsListener = https;
                    https.IsDoor(Door.Administration);
                    https.UseHttps(Tls(server));
                });
            server.ListenUnixSocket(options.AdministrationSocket, socket => socket.IsDoor(Door.Administration, isLocal: true));
        });

        // Storage and keys.
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(_ => Database.Of(options));
        builder.Services.AddSingleton(_ => ProductKeySecrets.Read(options.SecretsFile));
        builder.Services.AddSingleton<PublishedTrust>();
        builder.Services.AddSingleton(services => new SignerClient(
            ApiClient.OverUnixSocket(options.SignerSocket, options.SignerTimeout), services.GetRequiredService<ILogger<SignerClient>>()));
        builder.Services.AddSingleton<Issuers>();
        builder.Services.AddSingleton<TlsCertificate>();
        builder.Services.AddSingleton<ListeningAddress>();

        // What starts before the doors open, and what runs beside.
        builder.Services.AddHostedService<Startup>();
        builder.Services.AddHostedService<Housekeeping>();
        builder.Services.AddSingleton<KeyUpkeep>().AddHostedService(services => services.GetRequiredService<KeyUpkeep>());
        builder.Services.AddSingleton<EraseRedeemedTexts>();
        builder.Services.AddSingleton<EraseOldCompanies>();

        // Operators' accounts, and what each route says of itself.
        builder.Services.AddSingleton<IAccountStore, StoredAccounts>();
        builder.Services.AddSingleton<Passwords>();
        builder.Services.AddSingleton(new AttemptLimit(options.SignInsPerMinute, time));
        builder.Services.AddSingleton<DeclaredRoutes>().AddHostedService(services => services.GetRequiredService<DeclaredRoutes>());
        builder.Services.AddApiDescription(Door.Administration, "Ostiary clearinghouse: administration");
        builder.Services.AddApiDescription(Door.Public, "Ostiary clearinghouse: license servers");

        // Use cases.
        builder.Services.AddSingleton<Activations>();
        builder.Services.AddSingleton<Redemptions>();
        builder.Services.AddSingleton<Deactivations>();
        builder.Services.AddSingleton<ActivateLicenseServer>();
        builder.Services.AddSingleton<ReactivateLicenseServer>();
        builder.Services.AddSingleton<DeactivateLicenseServer>();
        builder.Services.AddSingleton<CheckProductKey>();
        builder.Services.AddSingleton(services => new WrongKeys(services.GetRequiredService<Database>().WrongKeys, time));
        builder.Services.AddSingleton<RedeemProductKey>();
        builder.Services.AddSingleton<TransferKeyPack>();
        builder.Services.AddSingleton<AgreementDraws>();
        builder.Services.AddSingleton<DrawCals>();
        builder.Services.AddSingleton<ReleaseDraws>();
        builder.Services.AddSingleton<AnswerTelephone>();
        builder.Services.AddSingleton<CarriedRequests>();
        builder.Services.AddSingleton<QrReader>();
        builder.Services.AddSingleton<CarryPages>();
        builder.Services.AddSingleton<OperatorPages>();
        builder.Services.AddRazorComponents();
        builder.Services.AddSingleton<MintProductKeys>();
        builder.Services.AddSingleton<ExtendGrace>();
        builder.Services.AddSingleton<ListProductKeys>();
        builder.Services.AddSingleton<FindProductKey>();
        builder.Services.AddSingleton<ShowStatus>();
        builder.Services.AddSingleton<TellTime>();
        builder.Services.AddSingleton<RevocationLists>();
        builder.Services.AddSingleton<Revoke>();
        builder.Services.AddSingleton<LiftRevocation>();
        builder.Services.AddSingleton<AuditHeads>();
        builder.Services.AddSingleton<ShowTrust>();
        builder.Services.AddSingleton<ReplaceDocuments>();
        builder.Services.AddSingleton<Successions.Successions>();
        builder.Services.AddSingleton<SucceedKey>();
        builder.Services.AddSingleton<NameSuccessor>();
        builder.Services.AddSingleton<MovePacks>();

        var app = builder.Build();
        app.Use(ProblemResponses.Catch);
        app.UseRouting();
        app.Use(PageAnswers.Catch);
        app.Use(DoorGuard.Guard);
        Map(app, new LimitedMetadata(new AttemptLimit(options.AttemptsPerMinute, time), app.Services.GetRequiredService<ILogger<LimitedMetadata>>()));
        app.Services.GetRequiredService<DeclaredRoutes>().Routes = app;
        return app;
    }

    private static void Map(WebApplication app, LimitedMetadata limited)
    {
        app.MapGet("/v1/root", (Issuers issuers) => TypedResults.Text(CertificateChain.ToPem([issuers.Root]), CertificateChain.ContentType)).At(Door.Public)
            .AnswersFile("The published root, PEM.", CertificateChain.ContentType);
        app.MapGet("/v1/issuing", (Issuers issuers, ClearinghouseOptions options) => TypedResults.Text(
                TelephoneNumber.Write(TelephoneNumber.Of(options.TelephoneNumbers)) + CertificateChain.ToPem(issuers.Known), CertificateChain.ContentType)).At(Door.Public)
            .AnswersFile("The issuing certificates, PEM, with the telephone desk's numbers before them: the file that goes with packages and with product keys.", CertificateChain.ContentType);
        app.MapPost("/v1/activations", (HttpContext context, ActivateLicenseServer use) => use.HandleAsync(context)).At(Door.Public).WithMetadata(limited)
            .Takes<ActivateRequest>().Answers<ActivateResponse>("Certifies a license server's key; the same request gets the same answer.");
        app.MapPost("/v1/reactivations", (HttpContext context, ReactivateLicenseServer use) => use.HandleAsync(context)).At(Door.Public).WithMetadata(limited)
            .Takes<ReactivateRequest>().Answers<ReactivateResponse>("Certifies the key of an activated license server again, and gives its key packs again; the same request gets the same certificate.");
        app.MapPost("/v1/deactivations", (HttpContext context, DeactivateLicenseServer use) => use.HandleAsync(context)).At(Door.Public).WithMetadata(limited)
            .Takes<DeactivateRequest>().Answers<DeactivateResponse>("Frees the product keys of a license server that has given its key packs up; the same request gets the same confirmation.");
        app.MapPost("/v1/product-keys/check", (HttpContext context, CheckProductKey use) => use.HandleAsync(context)).At(Door.Public).WithMetadata(limited)
            .Takes<CheckProductKeyRequest>().Answers<CheckProductKeyResponse>("What a product key is for, and its state; spends nothing.");
        app.MapPost("/v1/key-packs", (HttpContext context, RedeemProductKey use) => use.HandleAsync(context)).At(Door.Public).WithMetadata(limited)
            .Takes<RedeemRequest>().Answers<RedeemResponse>("Makes a product key a key pack; the same key from the same license server gets the same pack.");
        app.MapPost("/v1/time", (HttpContext context, TellTime use) => use.HandleAsync(context)).At(Door.Public).WithMetadata(limited)
            .Takes<TimeRequest>().Answers<ClearinghouseTimeAnswer>("What time it is, signed.");
        app.MapGet("/v1/trust", (HttpContext context, ShowTrust use) => use.HandleAsync(context)).At(Door.Public)
            .Answers<TrustDocuments>("What followers trust by: roots, withdrawn issuing keys, and what is revoked.");
        app.MapGet("/v1/audit-head", (AuditHeads heads) => heads.Show()).At(Door.Public)
            .Answers<AuditHeadDocument>("Where the clearinghouse's audit chain is, signed: whoever keeps it can tell later that nothing was cut off or changed.");
        app.MapPost("/v1/replacements", (HttpContext context, ReplaceDocuments use) => use.HandleAsync(context)).At(Door.Public).WithMetadata(limited)
            .Takes<ReplacementRequest>().Answers<ReplacementAnswer>("A license server's documents as they are signed now, in the place of those under a withdrawn key.");
        app.MapPost("/v1/key-packs/transfers", (HttpContext context, MovePacks use) => use.HandleAsync(context)).At(Door.Public).WithMetadata(limited)
            .Takes<MovePacksRequest>().Answers<MovePacksResponse>("Key packs that another license server has signed away, for the one that asks; the same request gets the same answer.");
        app.MapPost("/v1/key-packs/transfers/undo", (HttpContext context, MovePacks use) => use.UndoAsync(context)).At(Door.Public).WithMetadata(limited)
            .Takes<UndoTransferRequest>().Answers<UndoTransferRequest>("A license server takes a transfer back that was not received yet.");
        app.MapPost("/v1/successions", (HttpContext context, SucceedKey use) => use.HandleAsync(context)).At(Door.Public).WithMetadata(limited)
            .Takes<SucceedRequest>().Answers<SucceedResponse>("A license server's key is followed by another; the same request gets the same answer.");
        app.MapPost("/v1/draws", (HttpContext context, DrawCals use) => use.HandleAsync(context)).At(Door.Public).WithMetadata(limited)
            .Takes<DrawCalsRequest>().Answers<DrawCalsResponse>("Draws CALs from an agreement, as a product key for the license server that asks; the same request gets the same key.");
        CarryPages.Map(app, limited);
        app.MapApiDescription(Door.Public);

        app.MapPost("/v1/telephone/activations", (HttpContext context, AnswerTelephone use) => use.ActivateAsync(context)).At(Door.Administration).For(AccountRole.Operator)
            .Takes<TelephoneActivationRequest>().Answers<TelephoneAnswer>("An activation whose request was read aloud: what is read back.");
        app.MapPost("/v1/telephone/key-packs", (HttpContext context, AnswerTelephone use) => use.RedeemAsync(context)).At(Door.Administration).For(AccountRole.Operator)
            .Takes<TelephoneRedemptionRequest>().Answers<TelephoneAnswer>("A product key that was read aloud: what is read back.");
        app.MapPost("/v1/telephone/draws", (HttpContext context, DrawCals use) => use.ByTelephoneAsync(context)).At(Door.Administration).For(AccountRole.Operator)
            .Takes<TelephoneDrawRequest>().Answers<ProductKeyRecord>("Draws CALs from an agreement whose numbers were read aloud, as a product key.");
        ManageAgreements.Map(app);
        ReleaseDraws.Map(app);
        ManageCustomers.Map(app);
        app.MapGet("/v1/status", (HttpContext context, ShowStatus use) => use.HandleAsync(context)).At(Door.Administration).For(AccountRole.Reader)
            .Answers<ClearinghouseStatus>("Keys, counts, and whether the signer answers.");
        app.MapPost("/v1/product-keys", (HttpContext context, MintProductKeys use) => use.HandleAsync(context)).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<MintRequest>().Answers<MintResponse>("Mints product keys and shows them in clear.");
        app.MapGet("/v1/product-keys", (HttpContext context, ListProductKeys use) => use.HandleAsync(context)).At(Door.Administration).For(AccountRole.Reader)
            .AnswersPage<ProductKeyRecord>("Product keys by number, without their texts.");
        app.MapPost("/v1/product-keys/find", (HttpContext context, FindProductKey use) => use.HandleAsync(context)).At(Door.Administration).For(AccountRole.Operator)
            .Takes<FindProductKeyRequest>().Answers<ProductKeyRecord>("One product key, with its text while that is kept.");
        app.MapPost("/v1/revocations/license-servers", (HttpContext context, Revoke use) => use.LicenseServerAsync(context)).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<RevokeLicenseServerRequest>().Answers<ClearinghouseRevocationRecord>("Revokes a license server.");
        app.MapPost("/v1/revocations/key-packs", (HttpContext context, Revoke use) => use.KeyPackAsync(context)).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<RevokeKeyPackRequest>().Answers<ClearinghouseRevocationRecord>("Revokes a key pack.");
        app.MapPost("/v1/license-servers/{id}/succession", (HttpContext context, string id, NameSuccessor use) => use.HandleAsync(context, id)).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<SucceedServerRequest>().Answers<SuccessionRecord>("Another license server follows one whose key is lost or stolen.");
        LiftRevocation.Map(app);
        app.MapGet("/v1/trust/documents", (HttpContext context, ShowTrust use) => use.HandleAsync(context)).At(Door.Administration).For(AccountRole.Reader)
            .Answers<TrustDocuments>("What followers trust by, as a file for license servers without a network.");
        app.MapPost("/v1/transfers", (HttpContext context, TransferKeyPack use) => use.HandleAsync(context)).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<TransferRequest>().Answers<TransferRecord>("Takes a product key from the license server that has redeemed it, for another one.");
        app.MapPost("/v1/grace-extensions", (HttpContext context, ExtendGrace use) => use.HandleAsync(context)).At(Door.Administration).For(AccountRole.Administrator)
            .Takes<ExtendGraceRequest>().Answers<ExtendGraceResponse>("Extends one machine's grace period.");
        OperatorPages.Map(app);
        ListAudit.Map(app);
        SignIn.Map(app);
        ManageAccounts.Map(app);
        ManageTokens.Map(app);
        app.MapApiDescription(Door.Administration);
    }

    private static TlsHandshakeCallbackOptions Tls(KestrelServerOptions server) => new()
    {
        OnConnection = handshake => server.ApplicationServices.GetRequiredService<TlsCertificate>().ForHandshakeAsync(handshake.CancellationToken),
    };

    /// <summary>Where operators reach a started clearinghouse over HTTPS.</summary>
    /// <exception cref="InvalidOperationException">It has not started, or operators come by the unix socket only.</exception>
    public static Uri OperatorsAddressOf(WebApplication clearinghouse) => clearinghouse.Services.GetRequiredService<ListeningAddress>().Operators
        ?? throw new InvalidOperationException("the clearinghouse has no HTTPS door for operators");

    /// <summary>Where the HTTPS door of a started clearinghouse is, also when the system chose the port.</summary>
    /// <exception cref="InvalidOperationException">It has not started.</exception>
    public static Uri AddressOf(WebApplication clearinghouse) => clearinghouse.Services.GetRequiredService<ListeningAddress>().Actual;
}
