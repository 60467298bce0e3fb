using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Ostiary.Clearinghouse.Files;
using Ostiary.Clearinghouse.Http;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Doors;

namespace Ostiary.Clearinghouse.Signing;

/// <summary>
/// The signer: holds the issuing key and signs nine kinds of documents, which it finds committed in the clearinghouse's database (times aside), for whoever opens its
/// unix socket. Bodies are the bytes to be signed, answers the signature (license servers: 64 bytes, IEEE P1363; TLS: Ecdsa-Sig-Value, DER) or the signed statement (key
/// packs, grace extensions, times, revocation lists, successions, deactivations, audit heads: COSE_Sign1).
/// </summary>
public static class SignerRole
{
    internal const string IssuerRoute = "/v1/issuer";
    internal const string LicenseServerRoute = "/v1/signatures/license-server";
    internal const string ClearinghouseTlsRoute = "/v1/signatures/clearinghouse-tls";
    internal const string KeyPackRoute = "/v1/signatures/key-pack";
    internal const string GraceExtensionRoute = "/v1/signatures/grace-extension";
    internal const string TimeRoute = "/v1/signatures/time";
    internal const string RevocationListRoute = "/v1/signatures/revocation-list";
    internal const string DeactivationRoute = "/v1/signatures/deactivation";
    internal const string SuccessionRoute = "/v1/signatures/succession";
    internal const string AuditHeadRoute = "/v1/signatures/audit-head";

    /// <summary>Where the clearinghouse's audit was when the signer signed last, by the signer's log; the hash in hexadecimal. The signer may be running.</summary>
    /// <returns>Null where nothing was signed that is committed.</returns>
    /// <exception cref="InvalidDataException">The log's own chain does not hold.</exception>
    public static (long Number, string Hash)? LastAuditPosition(string logFile)
        => SigningLog.Read(logFile).LastOrDefault(entry => entry.AuditNumber is not null) is { AuditNumber: { } number, AuditHash: { } hash } ? (number, hash) : null;

    /// <summary>Builds the role. Starting it takes the state directory and opens <see cref="SignerOptions.Socket"/>; signals are the program's.</summary>
    /// <exception cref="ArgumentException">The options are not right; the message holds every error.</exception>
    public static WebApplication Build(SignerOptions options, TimeProvider time, Action<ILoggingBuilder> logging)
    {
        if (options.Check() is { Count: > 0 } errors)
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(options));

        var builder = Listeners.CreateBuilder(time, logging, server => server.ListenUnixSocket(options.Socket, socket => socket.IsDoor(Door.Signing)));
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(_ => new CommittedReader(options.ClearinghouseDatabase, options.Database));
        builder.Services.AddSingleton<ICommittedDocuments, CommittedDocuments>();
        builder.Services.AddSingleton<Signer>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Signer>());

        var app = builder.Build();
        app.Use(ProblemResponses.Catch);
        app.UseRouting();
        app.Use(DoorGuard.Guard);
        app.MapGet(IssuerRoute, (Signer signer) => signer.Issuer()).At(Door.Signing);
        app.MapPost(LicenseServerRoute, (HttpContext context, Signer signer) => signer.SignLicenseServerAsync(context)).At(Door.Signing);
        app.MapPost(ClearinghouseTlsRoute, (HttpContext context, Signer signer) => signer.SignClearinghouseTlsAsync(context)).At(Door.Signing);
        app.MapPost(KeyPackRoute, (HttpContext context, Signer signer) => signer.SignKeyPackAsync(context)).At(Door.Signing);
        app.MapPost(GraceExtensionRoute, (HttpContext context, Signer signer) => signer.SignGraceExtensionAsync(context)).At(Door.Signing);
        app.MapPost(TimeRoute, (HttpContext context, Signer signer) => signer.SignTimeAsync(context)).At(Door.Signing);
        app.MapPost(RevocationListRoute, (HttpContext context, Signer signer) => signer.SignRevocationListAsync(context)).At(Door.Signing);
        app.MapPost(SuccessionRoute, (HttpContext context, Signer signer) => signer.SignSuccessionAsync(context)).At(Door.Signing);
        app.MapPost(AuditHeadRoute, (HttpContext context, Signer signer) => signer.SignAuditHeadAsync(context)).At(Door.Signing);
        app.MapPost(DeactivationRoute, (HttpContext context, Signer signer) => signer.SignDeactivationAsync(context)).At(Door.Signing);
        return app;
    }
}

/// <summary>The signer's state, from start to stop: the state directory's lock, the issuing key and the log.</summary>
internal sealed class Signer(SignerOptions options, ICommittedDocuments committed, TimeProvider time, ILogger<Signer> logger) : IHostedLifecycleService, IDisposable
{
    private StateLock? _lock;
    private IssuingKey? _issuing;
    private SigningLog? _log;

    private IssuingKey Issuing => _issuing ?? throw new InvalidOperationException("the signer has not started");

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        _lock = StateLock.Take(options.StateDirectory);
        _issuing = IssuingKey.Read(options.StateDirectory);
        _log = SigningLog.Open(options.LogFile);
        logger.IssuingKeyInUse(KeyFingerprint.Of(_issuing.Certificate).Hex, IssuingKey.SignsUntil(_issuing.Certificate));
        return Task.CompletedTask;
    }

    /// <summary>The issuing certificate and the root, PEM.</summary>
    public IResult Issuer() => TypedResults.Text(CertificateChain.ToPem([Issuing.Certificate, Issuing.Root]), CertificateChain.ContentType);

    public Task<IResult> SignLicenseServerAsync(HttpContext context)
        => SignAsync(context, SignedKind.LicenseServer, body => SigningRules.CheckLicenseServer(body, Issuing.Certificate, time.GetUtcNow()), SignLicenseServer);

    public Task<IResult> SignClearinghouseTlsAsync(HttpContext context)
        => SignAsync(context, SignedKind.ClearinghouseTls, body => SigningRules.CheckClearinghouseTls(body, Issuing.Certificate, time.GetUtcNow()), body => CertificateFields.Sign(body, Issuing.Key));

    public Task<IResult> SignKeyPackAsync(HttpContext context)
        => SignAsync(context, SignedKind.KeyPack, body => SigningRules.CheckKeyPack(body, Issuing.Certificate, time.GetUtcNow()), body => Statement.Sign(body, Issuing.Key));

    public Task<IResult> SignGraceExtensionAsync(HttpContext context)
        => SignAsync(context, SignedKind.GraceExtension, body => SigningRules.CheckGraceExtension(body, Issuing.Certificate, time.GetUtcNow()), body => Statement.Sign(body, Issuing.Key));

    public Task<IResult> SignTimeAsync(HttpContext context)
        => SignAsync(context, SignedKind.Time, body => SigningRules.CheckTime(body, Issuing.Certificate, time.GetUtcNow()), body => Statement.Sign(body, Issuing.Key));

    public Task<IResult> SignRevocationListAsync(HttpContext context)
        => SignAsync(context, SignedKind.RevocationList, body => SigningRules.CheckRevocationList(body, Issuing.Certificate, time.GetUtcNow()), body => Statement.Sign(body, Issuing.Key));

    public Task<IResult> SignAuditHeadAsync(HttpContext context)
        => SignAsync(context, SignedKind.AuditHead, body => SigningRules.CheckAuditHead(body, Issuing.Certificate, time.GetUtcNow()), body => Statement.Sign(body, Issuing.Key));

    public Task<IResult> SignSuccessionAsync(HttpContext context)
        => SignAsync(context, SignedKind.Succession, body => SigningRules.CheckSuccession(body, Issuing.Certificate, time.GetUtcNow()), body => Statement.Sign(body, Issuing.Key));

    public Task<IResult> SignDeactivationAsync(HttpContext context)
        => SignAsync(context, SignedKind.Deactivation, body => SigningRules.CheckDeactivation(body, Issuing.Certificate, time.GetUtcNow()), body => Statement.Sign(body, Issuing.Key));

    // The server's limit on a body holds.
    private static async Task<byte[]> ReadBytesAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.ToArray();
    }

    // The form of activation answers, which may have to be typed.
    private byte[] SignLicenseServer(byte[] toBeSigned)
        => Issuing.Key.SignData(toBeSigned, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    private async Task<IResult> SignAsync(HttpContext context, string kind, Func<byte[], string?> check, Func<byte[], byte[]> sign)
    {
        var body = await ReadBytesAsync(context);
        if (check(body) is { } refusal)
        {
            logger.SigningRefused(kind, refusal);
            throw new ProblemException(LicensingProblem.NotAllowed, refusal);
        }

        var position = await CommittedAsync(kind, body, context.RequestAborted);

        // On the disk first: no signature leaves without its entry.
        var entry = _log!.Append(kind, body, position, time.GetUtcNow());
        var signed = sign(body);
        logger.Signed(kind, entry.Digest, entry.Number);
        return TypedResults.Bytes(signed, "application/octet-stream");
    }

    /// <summary>Where the clearinghouse's audit commits to it; null for what is committed nowhere. The form has been checked.</summary>
    private async Task<AuditPosition?> CommittedAsync(string kind, byte[] body, CancellationToken cancellation)
    {
        if (kind == SignedKind.Time)
            return null;
        if (kind != SignedKind.AuditHead)
            return await committed.RequireAsync(kind, body, cancellation);
        var head = AuditHeadStatement.Decode(body);
        var position = new AuditPosition(head.Number, head.Hash);
        if (await committed.HasAsync(position, cancellation))
            return position;
        var refusal = $"the clearinghouse's audit has no entry {head.Number} with this hash";
        logger.SigningRefused(kind, refusal);
        throw new ProblemException(LicensingProblem.NotAllowed, refusal);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _log?.Dispose();
        _issuing?.Dispose();
        _lock?.Dispose();
    }
}
