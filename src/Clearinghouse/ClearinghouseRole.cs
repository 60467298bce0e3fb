using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Activation;
using Ostiary.Clearinghouse.Doors;
using Ostiary.Clearinghouse.Grace;
using Ostiary.Clearinghouse.KeyPacks;
using Ostiary.Clearinghouse.Operations;
using Ostiary.Clearinghouse.Pages;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Revocations;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Telephone;
using Ostiary.Clearinghouse.Tls;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;

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
            server.Listen(IPEndPoint.Parse(options.Listen), https => https.IsDoor(Door.Public).UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = handshake => server.ApplicationServices.GetRequiredService<TlsCertificate>().ForHandshakeAsync(handshake.CancellationToken),
            }));
            server.ListenUnixSocket(options.AdministrationSocket, socket => socket.IsDoor(Door.Administration));
        });

        // Storage and keys.
        builder.Services.AddSingleton(options);
        builder.Services.AddDbContextFactory<ClearinghouseStore>(context => Database.Configure(context, options));
        builder.Services.AddSingleton<Database>();
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

        // Use cases.
        builder.Services.AddSingleton<Activations>();
        builder.Services.AddSingleton<Redemptions>();
        builder.Services.AddSingleton<ActivateLicenseServer>();
        builder.Services.AddSingleton<CheckProductKey>();
        builder.Services.AddSingleton<RedeemProductKey>();
        builder.Services.AddSingleton<AnswerTelephone>();
        builder.Services.AddSingleton<CarriedRequests>();
        builder.Services.AddSingleton<CarryPages>();
        builder.Services.AddRazorComponents();
        builder.Services.AddSingleton<MintProductKeys>();
        builder.Services.AddSingleton<ExtendGrace>();
        builder.Services.AddSingleton<ListProductKeys>();
        builder.Services.AddSingleton<FindProductKey>();
        builder.Services.AddSingleton<ShowStatus>();
        builder.Services.AddSingleton<TellTime>();
        builder.Services.AddSingleton<RevocationLists>();
        builder.Services.AddSingleton<Revoke>();
        builder.Services.AddSingleton<ShowTrust>();
        builder.Services.AddSingleton<ReplaceDocuments>();

        var app = builder.Build();
        var logger = app.Services.GetRequiredService<ILogger<Startup>>();
        app.UseProblemAnswers(logger);
        app.UseRouting();
        app.UseDoors();
        app.UseAttemptLimit(new AttemptLimit(options.AttemptsPerMinute, time), logger);

        app.MapGet("/v1/root", (Issuers issuers) => TypedResults.Text(CertificateChain.ToPem([issuers.Root]), "application/x-pem-file")).Through(Door.Public);
        app.MapGet("/v1/trust", (HttpContext context, ShowTrust use) => use.HandleAsync(context)).Through(Door.Public);
        app.MapPost("/v1/activations", (HttpContext context, ActivateLicenseServer use) => use.HandleAsync(context)).Through(Door.Public).Limited();
        app.MapPost("/v1/product-keys/check", (HttpContext context, CheckProductKey use) => use.HandleAsync(context)).Through(Door.Public).Limited();
        app.MapPost("/v1/key-packs", (HttpContext context, RedeemProductKey use) => use.HandleAsync(context)).Through(Door.Public).Limited();
        app.MapPost("/v1/time", (HttpContext context, TellTime use) => use.HandleAsync(context)).Through(Door.Public).Limited();
        app.MapPost("/v1/replacements", (HttpContext context, ReplaceDocuments use) => use.HandleAsync(context)).Through(Door.Public).Limited();

        CarryPages.Map(app);

        app.MapPost("/v1/telephone/activations", (HttpContext context, AnswerTelephone use) => use.ActivateAsync(context)).Through(Door.Administration);
        app.MapPost("/v1/telephone/key-packs", (HttpContext context, AnswerTelephone use) => use.RedeemAsync(context)).Through(Door.Administration);
        app.MapGet("/v1/status", (HttpContext context, ShowStatus use) => use.HandleAsync(context)).Through(Door.Administration);
        app.MapPost("/v1/product-keys", (HttpContext context, MintProductKeys use) => use.HandleAsync(context)).Through(Door.Administration);
        app.MapGet("/v1/product-keys", (HttpContext context, ListProductKeys use) => use.HandleAsync(context)).Through(Door.Administration);
        app.MapPost("/v1/product-keys/find", (HttpContext context, FindProductKey use) => use.HandleAsync(context)).Through(Door.Administration);
        app.MapPost("/v1/revocations/license-servers", (HttpContext context, Revoke use) => use.LicenseServerAsync(context)).Through(Door.Administration);
        app.MapPost("/v1/revocations/key-packs", (HttpContext context, Revoke use) => use.KeyPackAsync(context)).Through(Door.Administration);
        app.MapPost("/v1/grace-extensions", (HttpContext context, ExtendGrace use) => use.HandleAsync(context)).Through(Door.Administration);
        return app;
    }

    /// <summary>Where the HTTPS door of a started clearinghouse is, also when the system chose the port.</summary>
    /// <exception cref="InvalidOperationException">It has not started.</exception>
    public static Uri AddressOf(WebApplication clearinghouse) => clearinghouse.Services.GetRequiredService<ListeningAddress>().Actual;
}
