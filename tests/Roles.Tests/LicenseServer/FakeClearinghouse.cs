using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Contracts.Trust;
using Ostiary.Roles.Tests.Clearinghouse;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>A clearinghouse as a license server sees it: real certificates and signatures over HTTPS, and mistakes that the test asks for.</summary>
internal sealed class FakeClearinghouse : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Guid> _packs = new();
    private readonly ConcurrentDictionary<string, string> _drawn = new();

    private FakeClearinghouse(WebApplication app, TestAuthority authority)
    {
        _app = app;
        Authority = authority;
    }

    public TestAuthority Authority { get; }

    public Uri Address { get; private set; } = null!;

    /// <summary>Every activation request that came, as bytes.</summary>
    public ConcurrentQueue<byte[]> Activations { get; } = new();

    /// <summary>Every deactivation request that came, as bytes.</summary>
    public ConcurrentQueue<byte[]> Deactivations { get; } = new();

    /// <summary>Every redemption request that came, opened.</summary>
    public ConcurrentQueue<RedemptionRequest> Redemptions { get; } = new();

    /// <summary>Every draw request that came, opened.</summary>
    public ConcurrentQueue<DrawRequest> Draws { get; } = new();

    /// <summary>The next answer is lost on its way: the work is done and the connection breaks.</summary>
    public bool LoseNextAnswer { get; set; }

    /// <summary>Signs what it answers; another key than the issuing one makes a forger of it.</summary>
    public ECDsa Signer { get; set; } = null!;

    /// <summary>Whom key packs are made out to; null for whoever asks.</summary>
    public KeyFingerprint? MadeOutTo { get; set; }

    public int Quantity { get; set; } = 5;

    /// <summary>What time it says it is; null where it has no such route.</summary>
    public DateTimeOffset? Now { get; set; }

    /// <summary>The time answers another question than the one that was asked.</summary>
    public bool TimeOfAnother { get; set; }

    /// <summary>What it publishes; null for its root and nothing else.</summary>
    public TrustDocuments? Trust { get; set; }

    public static async Task<FakeClearinghouse> StartAsync(TestAuthority authority)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore();
        using var key = TestAuthority.NewKey();
        using var bare = TestAuthority.Sign(
            CertificateProfiles.ClearinghouseTls(authority.Issuing, TestAuthority.Spki(key), TestAuthority.Serial(), TestAuthority.Begin, TestAuthority.Begin.AddYears(1)), authority.IssuingKey);
        var context = SslStreamCertificateContext.Create(bare.CopyWithPrivateKey(key), [authority.Issuing], offline: true);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.UseHttps(
            new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = context }) })));
        var app = builder.Build();
        var clearinghouse = new FakeClearinghouse(app, authority) { Signer = authority.IssuingKey };
        app.Run(clearinghouse.HandleAsync);
        await app.StartAsync(TestPublisher.Cancellation);
        clearinghouse.Address = new(app.Urls.Single());
        return clearinghouse;
    }

    public static string NewProductKey() => ProductKey.Mint(CalType.Device, new(2022), 5, RandomNumberGenerator.GetBytes(ProductKey.RandomLength)).Text;

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/v1/activations":
                await AnswerAsync(context, Activate(await ReadAsync(context, ContractsJson.Default.ActivateRequest)), ContractsJson.Default.ActivateResponse);
                break;
            case "/v1/reactivations":
                var again = await ReadAsync(context, ContractsJson.Default.ReactivateRequest);
                await AnswerAsync(context, new(Activate(new(again.Request, again.Proof, TestPublisher.Company)), []), ContractsJson.Default.ReactivateResponse);
                break;
            case "/v1/deactivations":
                var ended = await ReadAsync(context, ContractsJson.Default.DeactivateRequest);
                Deactivations.Enqueue(ended.Request);
                await AnswerAsync(
                    context, new(Statement.Sign(new DeactivationStatement(ended.Request, TestAuthority.Begin).Encode(), Signer), Authority.Issuing.ExportCertificatePem()), ContractsJson.Default.DeactivateResponse);
                break;
            case "/v1/product-keys/check":
                var check = await ReadAsync(context, ContractsJson.Default.CheckProductKeyRequest);
                await AnswerAsync(context, new CheckProductKeyResponse(
                    _packs.ContainsKey(check.ProductKey) ? ProductKeyState.RedeemedHere : ProductKeyState.Available, CalType.Device, new(2022), Quantity, "retail"), ContractsJson.Default.CheckProductKeyResponse);
                break;
            case "/v1/key-packs":
                await AnswerAsync(context, Redeem(await ReadAsync(context, ContractsJson.Default.RedeemRequest)), ContractsJson.Default.RedeemResponse);
                break;
            case "/v1/successions":
                await AnswerAsync(context, Succeed(await ReadAsync(context, ContractsJson.Default.SucceedRequest)), ContractsJson.Default.SucceedResponse);
                break;
            case "/v1/key-packs/transfers":
                await AnswerAsync(context, Move(await ReadAsync(context, ContractsJson.Default.MovePacksRequest)), ContractsJson.Default.MovePacksResponse);
                break;
            case "/v1/key-packs/transfers/undo":
                await AnswerAsync(context, await ReadAsync(context, ContractsJson.Default.UndoTransferRequest), ContractsJson.Default.UndoTransferRequest);
                break;
            case "/v1/replacements":
                var replaced = await ReadAsync(context, ContractsJson.Default.ReplacementRequest);
                Assert.True(Statement.TryReadUnverified(replaced.Request, out var wanted));
                await AnswerAsync(context, new(Certify(ReplacementRequestStatement.Decode(wanted).Activation), []), ContractsJson.Default.ReplacementAnswer);
                break;
            case "/v1/draws":
                var draw = await ReadAsync(context, ContractsJson.Default.DrawCalsRequest);
                await AnswerAsync(context, new(Draw(draw.Request, draw.LicenseServerCertificate)), ContractsJson.Default.DrawCalsResponse);
                break;
            case "/v1/trust":
                await AnswerAsync(context, Trust ?? new(Authority.Root.ExportCertificatePem()), ContractsJson.Default.TrustDocuments);
                break;
            case "/v1/time" when Now is { } now:
                var asked = await ReadAsync(context, ContractsJson.Default.TimeRequest);
                var told = new SignedTimeStatement(TimeOfAnother ? new byte[SignedTimeStatement.NonceLength] : asked.Nonce, now);
                await AnswerAsync(context, new(Statement.Sign(told.Encode(), Signer), Authority.Issuing.ExportCertificatePem()), ContractsJson.Default.ClearinghouseTimeAnswer);
                break;
            default:
                context.Response.StatusCode = 404;
                context.Response.ContentType = ProblemBody.ContentType;
                await JsonSerializer.SerializeAsync(context.Response.Body, ProblemBody.Of(LicensingProblem.ProductKeyUnknown), ContractsJson.Default.ProblemBody, context.RequestAborted);
                break;
        }
    }

    private ActivateResponse Activate(ActivateRequest request)
    {
        Activations.Enqueue(request.Request);
        Assert.True(ActivationRequest.TryDecode(request.Request, out var asked));
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(asked.SubjectPublicKeyInfo(), out _);
        Assert.True(key.VerifyData(ActivateRequest.ToBeProven(request.Request), request.Proof, HashAlgorithmName.SHA256));
        return Certify(request.Request);
    }

    /// <summary>It says of every license server that it stands in the place of the authority's, which is lost.</summary>
    private SucceedResponse Succeed(SucceedRequest request)
    {
        Assert.True(ActivationRequest.TryDecode(request.Request, out var asked));
        var statement = new SuccessionStatement(KeyFingerprint.Of(Authority.LicenseServer), KeyFingerprint.Of(asked.SubjectPublicKeyInfo()), SuccessionCause.Lost, TestAuthority.Begin);
        return new(
            Statement.Sign(statement.Encode(), Signer), Authority.Issuing.ExportCertificatePem(), CertificateChain.ToPem([Authority.LicenseServer, Authority.Issuing]), Certify(request.Request), []);
    }

    /// <summary>A key pack without CALs, that the authority's license server has signed away.</summary>
    public TransferFile TransferTo(string licenseServerId)
    {
        var pack = Guid.NewGuid();
        var rows = new TransferRows([new(pack, pack, CalType.Device, Quantity, null)], [], []).Encode();
        var statement = new TransferStatement(Guid.NewGuid(), KeyFingerprint.Of(Authority.LicenseServer), licenseServerId, [pack], 0, SHA256.HashData(rows), TestAuthority.Begin);
        return new(Statement.Sign(statement.Encode(), Authority.LicenseServerKey), CertificateChain.ToPem([Authority.LicenseServer, Authority.Issuing]), rows);
    }

    private MovePacksResponse Move(MovePacksRequest request)
    {
        Assert.True(ActivationRequest.TryDecode(request.Request, out var asked));
        Assert.True(Statement.TryReadUnverified(request.Statement, out var payload));
        var pack = Assert.Single(TransferStatement.Decode(payload).KeyPacks);
        var statement = new KeyPackStatement(
            new Guid([.. pack.ToByteArray().Reverse()]), KeyFingerprint.Of(asked.SubjectPublicKeyInfo()), CalType.Device, new(2022), Quantity, "retail", TestAuthority.Begin, null);
        return new([new(pack, new(Statement.Sign(statement.Encode(), Signer), Authority.Issuing.ExportCertificatePem()))]);
    }

    private ActivateResponse Certify(byte[] request)
    {
        Assert.True(ActivationRequest.TryDecode(request, out var asked));
        var day = (ushort)(TestAuthority.Begin - DateTimeOffset.UnixEpoch).TotalDays;
        var keyId = KeyFingerprint.Of(Authority.Issuing).KeyId;
        var signature = Signer.SignData(ActivationAnswer.ToBeSigned(asked, day, keyId, 10, Authority.Issuing), HashAlgorithmName.SHA256);
        return new(day, keyId, 10, signature, Authority.Issuing.ExportCertificatePem());
    }

    /// <summary>Answers a key pack's request code as the clearinghouse's page does.</summary>
    public string Carry(CarriedRedemption carried)
    {
        Assert.True(RequestCode.TryParse(carried.RequestCode, out var code, out var error), error);
        return ResponseCode.KeyPack(Redeem(new(code.Content, carried.Certificate)).KeyPack, Authority.Issuing.RawData).Text;
    }

    /// <summary>Answers a reactivation's request code as the clearinghouse's page does, with no key packs.</summary>
    public string Carry(CarriedExchange carried)
    {
        Assert.True(RequestCode.TryParse(carried.RequestCode, out var code, out var error), error);
        var (request, proof) = code.ReadActivation();
        var answer = Activate(new(request, proof, TestPublisher.Company));
        return ResponseCode.Reactivation(new(new(answer.Day, answer.KeyId, answer.Term, answer.Signature), Authority.Issuing.RawData, [])).Text;
    }

    /// <summary>Answers a draw's request code as the clearinghouse's page does.</summary>
    public string CarryDraw(CarriedRedemption carried)
    {
        Assert.True(RequestCode.TryParse(carried.RequestCode, out var code, out var error), error);
        var productKey = Draw(code.Content, carried.Certificate);
        return ResponseCode.Draw(productKey, Sign(productKey, carried.Certificate), Authority.Issuing.RawData).Text;
    }

    private string Draw(byte[] request, string certificate)
    {
        using var licenseServer = X509Certificate2.CreateFromPem(certificate);
        using var key = licenseServer.GetECDsaPublicKey()!;
        Assert.True(Statement.TryVerify(request, key, out var payload));
        var draw = DrawRequest.Decode(payload);
        Draws.Enqueue(draw);
        return _drawn.GetOrAdd(Convert.ToHexString(draw.Nonce), _ => ProductKey.Mint(draw.Type, draw.Version, draw.Quantity, RandomNumberGenerator.GetBytes(ProductKey.RandomLength)).Text);
    }

    private RedeemResponse Redeem(RedeemRequest request)
    {
        using var licenseServer = X509Certificate2.CreateFromPem(request.LicenseServerCertificate);
        using var key = licenseServer.GetECDsaPublicKey()!;
        Assert.True(Statement.TryVerify(request.Request, key, out var payload));
        var redemption = RedemptionRequest.Decode(payload);
        Redemptions.Enqueue(redemption);
        return new(Sign(redemption.ProductKey, request.LicenseServerCertificate), Authority.Issuing.ExportCertificatePem());
    }

    private byte[] Sign(string productKeyText, string certificate)
    {
        using var licenseServer = X509Certificate2.CreateFromPem(certificate);
        var statement = new KeyPackStatement(
            _packs.GetOrAdd(productKeyText, PackIdOf), MadeOutTo ?? KeyFingerprint.Of(licenseServer), CalType.Device, new(2022), Quantity, "retail", TestAuthority.Begin, null);
        return Statement.Sign(statement.Encode(), Signer);

        Guid PackIdOf(string productKey) => KeyPackAnswer.PackIdOf(ProductKey.TryParse(productKey, out var key, out _) ? key : throw new InvalidOperationException(), KeyFingerprint.Of(licenseServer));
    }

    private static async Task<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
        => (await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted))!;

    private async Task AnswerAsync<T>(HttpContext context, T answer, JsonTypeInfo<T> type)
    {
        // License servers ask for that by themselves.
        if (LoseNextAnswer && context.Request.Path != "/v1/trust")
        {
            LoseNextAnswer = false;
            context.Abort();
            return;
        }

        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, answer, type, context.RequestAborted);
    }
}
