using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>A publisher: root and issuing key.</summary>
public sealed class FakePublisher : IDisposable
{
    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public FakePublisher()
    {
        var now = DateTimeOffset.UtcNow;
        Root = Make(CertificateProfiles.Root("Test", _rootKey, Serial(), now.AddDays(-1), now.AddYears(25)), _rootKey);
        Issuing = Make(CertificateProfiles.Issuing(Root, "Test", IssuingKey.ExportSubjectPublicKeyInfo(), Serial(), now.AddDays(-1), now.AddYears(12)), _rootKey);
    }

    public X509Certificate2 Root { get; }

    public X509Certificate2 Issuing { get; }

    public ECDsa IssuingKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public static byte[] Serial() => CertificateFields.MakeSerial(RandomNumberGenerator.GetBytes(CertificateFields.SerialLength));

    public static X509Certificate2 Make(CertificateFields fields, ECDsa signer)
    {
        var toBeSigned = fields.ToBeSigned();
        return X509CertificateLoader.LoadCertificate(CertificateFields.Assemble(toBeSigned, CertificateFields.Sign(toBeSigned, signer)));
    }

    public void Dispose()
    {
        _rootKey.Dispose();
        IssuingKey.Dispose();
    }
}

/// <summary>
/// A license server as a host sees it: HTTPS with mutual TLS on a port of the system's choosing, real certificates and signatures, and
/// rules that the test turns. Its memory lives through a stop and a start on the same port.
/// </summary>
public sealed class FakeLicenseServer : IAsyncDisposable
{
    private readonly FakePublisher _publisher;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;
    private readonly ConcurrentDictionary<string, GrantedCal> _issued = new();
    private readonly Guid _hostId = Guid.NewGuid();
    private WebApplication? _app;
    private int _port;
    private long _ledger;

    public FakeLicenseServer(FakePublisher publisher)
    {
        _publisher = publisher;
        var now = DateTimeOffset.UtcNow;
        _certificate = FakePublisher.Make(
            CertificateProfiles.LicenseServer(publisher.Issuing, _key.ExportSubjectPublicKeyInfo(), FakePublisher.Serial(), now.AddDays(-1), now.AddYears(10)), publisher.IssuingKey);
        Fingerprint = KeyFingerprint.Of(_key);
    }

    public KeyFingerprint Fingerprint { get; }

    public string Token { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    public string Invitation => new Invitation(new Uri($"https://127.0.0.1:{_port}/"), Fingerprint, Token).Format();

    /// <summary>Every CAL is refused with this.</summary>
    public RefusalReason? Refuses { get; set; }

    /// <summary>Answers take this long.</summary>
    public TimeSpan Slow { get; set; }

    /// <summary>How long a host certificate lives.</summary>
    public TimeSpan HostCertificateLife { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long a permanent CAL lives from now on.</summary>
    public TimeSpan PermanentLife { get; set; } = TimeSpan.FromDays(60);

    /// <summary>The ledger heads are signed by another key.</summary>
    public bool SignsWrongly { get; set; }

    public LicensingMode Mode { get; set; } = LicensingMode.PerDevice;

    /// <summary>What it says to the group in which the host is.</summary>
    public HostGroupPolicy Policy { get; set; } = new();

    /// <summary>Host and port, as policy names it.</summary>
    public string Authority => $"127.0.0.1:{_port}";

    public ConcurrentQueue<DeviceCalRequest> Asked { get; } = new();

    public ConcurrentQueue<UserCalRequest> AskedForUsers { get; } = new();

    /// <summary>How long a User CAL lives from now on.</summary>
    public TimeSpan UserLife { get; set; } = TimeSpan.FromDays(60);

    /// <summary>The leases are for somebody else.</summary>
    public bool LeasesWrongly { get; set; }

    public ConcurrentQueue<ValidationRequest> Validated { get; } = new();

    public ConcurrentQueue<ReportedSession> Reported { get; } = new();

    public int Renewals { get; private set; }

    /// <summary>What time it says it is.</summary>
    public Func<DateTimeOffset> Clock { get; set; } = () => DateTimeOffset.UtcNow;

    /// <summary>The copy of the grace record that it keeps.</summary>
    public byte[]? Grace { get; set; }

    /// <summary>The revocation list that it gives; its date is made anew at each answer unless it is set here.</summary>
    public RevocationListStatement Revocations { get; set; } = new(1, default, [], [], []);

    /// <summary>Refuses in the first pass only.</summary>
    public bool RefusesFirstPass { get; set; }

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.Services.AddRoutingCore();
        using var tlsKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = DateTimeOffset.UtcNow;
        var leaf = FakePublisher.Make(
            CertificateProfiles.LicenseServerTls(_certificate, tlsKey.ExportSubjectPublicKeyInfo(), FakePublisher.Serial(), now.AddDays(-1), now.AddYears(5)), _key).CopyWithPrivateKey(tlsKey);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _port, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = leaf;
            https.ServerCertificateChain = [_certificate, _publisher.Issuing];
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (_, _, _) => true;
        })));
        _app = builder.Build();
        _app.UseRouting();
        _app.MapPost("/v1/hosts/join", (Delegate)JoinAsync);
        _app.MapGet("/v1/hosts/policy", () => Results.Json(Policy, ContractsJson.Default.HostGroupPolicy));
        _app.MapPost("/v1/hosts/renew", (Delegate)RenewAsync);
        _app.MapPost("/v1/device-cals", (Delegate)GrantAsync);
        _app.MapPost("/v1/user-cals", (Delegate)GrantUserAsync);
        _app.MapPost("/v1/validations", (Delegate)ValidateAsync);
        _app.MapPost("/v1/sessions", (Delegate)ReportAsync);
        _app.MapPost("/v1/reports", () => Results.Json(new object(), ContractsJson.Default.Object));
        _app.MapPost("/v1/grace", (Delegate)KeepGraceAsync);
        _app.MapPost("/v1/time", (Delegate)TimeAsync);
        _app.MapPost("/v1/recovery", () => Results.Json(new RecoveryAnswer(false), ContractsJson.Default.RecoveryAnswer));
        _app.MapGet("/v1/revocations", (Delegate)RevocationsAsync);
        await _app.StartAsync();
        _port = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
    }

    public async Task StopAsync()
    {
        if (_app is not { } app)
            return;
        _app = null;
        using var now = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    /// <summary>A CAL as this server signs it.</summary>
    public GrantedCal Issue(byte[] hardwareId, bool temporary, TimeSpan life, CalVersion? version = null, ECDsa? signer = null)
    {
        var now = DateTimeOffset.UtcNow;
        var data = new DeviceCalData(version ?? CalVersion.Newest, temporary, temporary ? Guid.Empty : Guid.NewGuid(), DeviceCalData.DigestHardwareId(Fingerprint, hardwareId));
        var notBefore = life > TimeSpan.Zero ? now.AddMinutes(-1) : now.Add(life).AddDays(-30);
        using var certificate = FakePublisher.Make(
            CertificateProfiles.DeviceCal(_certificate, data, FakePublisher.Serial(), notBefore, now.Add(life)), signer ?? _key);
        return new(
            certificate.SerialNumber.ToLowerInvariant(), data.Version, temporary, certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime(),
            DeviceCal.WriteStored(certificate.RawData, [_certificate, _publisher.Issuing]));
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _key.Dispose();
        _certificate.Dispose();
    }

    private async Task<IResult> JoinAsync(HttpContext http)
    {
        var request = await ReadAsync<JoinRequest>(http);
        return request.Token == Token
            ? Results.Json(Membership(http), ContractsJson.Default.Membership)
            : Results.Json(
                ProblemBody.Of(LicensingProblem.InvitationInvalid), ContractsJson.Default.ProblemBody,
                ProblemBody.ContentType, 403);
    }

    private IResult RenewAsync(HttpContext http)
    {
        Renewals++;
        return Results.Json(Membership(http), ContractsJson.Default.Membership);
    }

    private Membership Membership(HttpContext http)
    {
        var now = Clock();
        var id = _hostId;
        using var host = FakePublisher.Make(
            CertificateProfiles.SessionHost(
                _certificate, http.Connection.ClientCertificate!.PublicKey.ExportSubjectPublicKeyInfo(), new(id, CalVersion.Newest, Mode),
                FakePublisher.Serial(), now.AddMinutes(-1), now.Add(HostCertificateLife)), _key);
        return new(id, CertificateChain.ToPem([host, _certificate, _publisher.Issuing]), _publisher.Root.ExportCertificatePem(), CalVersion.Newest, Mode, Grace);
    }

    // First connection: temporary. After a validated logon: permanent. Presented again: the same.
    private async Task<IResult> GrantAsync(HttpContext http)
    {
        var request = await ReadAsync<DeviceCalRequest>(http);
        Asked.Enqueue(request);
        await Task.Delay(Slow, http.RequestAborted);
        if ((Refuses ?? (RefusesFirstPass && request.Pass == AskingPass.Permanent ? RefusalReason.NoCalAvailable : null)) is { } reason)
            return Results.Json(new DeviceCalAnswer(null, reason, "0 of 2 CALs are free", Head()), ContractsJson.Default.DeviceCalAnswer);
        var known = _issued.GetValueOrDefault(request.Device.HardwareId);
        var hardwareId = Convert.FromHexString(request.Device.HardwareId);
        var granted = known is null ? Issue(hardwareId, true, TimeSpan.FromDays(90))
            : known.Temporary && Validated.Any(validation => validation.Serial == known.Serial) ? Issue(hardwareId, false, PermanentLife)
            : known;
        _issued[request.Device.HardwareId] = granted;
        if (request.Presented is { } presented && granted.Stored!.AsSpan().SequenceEqual(presented))
            granted = granted with { Stored = null };
        return Results.Json(new DeviceCalAnswer(granted, null, null, Head()), ContractsJson.Default.DeviceCalAnswer);
    }

    private async Task<IResult> GrantUserAsync(HttpContext http)
    {
        var request = await ReadAsync<UserCalRequest>(http);
        AskedForUsers.Enqueue(request);
        await Task.Delay(Slow, http.RequestAborted);
        if (Refuses is { } reason)
            return Results.Json(new UserCalAnswer(null, reason, "0 of 2 User CALs are free", Head()), ContractsJson.Default.UserCalAnswer);
        var now = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        var serial = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{request.User.Realm} {request.User.StableId ?? request.User.Name}")).AsSpan(0, 16));
        var digest = UserLeaseStatement.DigestUser(_hostId, LeasesWrongly ? new("mallory", "", null) : request.User);
        var lease = new UserLeaseStatement(_hostId, serial, CalVersion.Newest, digest, now, now + UserLife);
        return Results.Json(
            new UserCalAnswer(new(serial, CalVersion.Newest, now, now + UserLife, false, Statement.Sign(lease.Encode(), _key)), null, null, Head()), ContractsJson.Default.UserCalAnswer);
    }

    private async Task<IResult> ValidateAsync(HttpContext http)
    {
        Validated.Enqueue(await ReadAsync<ValidationRequest>(http));
        return Results.Json(new ValidationAnswer(true, Head()), ContractsJson.Default.ValidationAnswer);
    }

    private async Task<IResult> ReportAsync(HttpContext http)
    {
        foreach (var session in (await ReadAsync<SessionReport>(http)).Sessions)
            Reported.Enqueue(session);
        return Results.Json(new object(), ContractsJson.Default.Object);
    }

    // The record that began first counts; of one period the newest.
    private async Task<IResult> KeepGraceAsync(HttpContext http)
    {
        if ((await ReadAsync<GraceCopyRequest>(http)).Record is { } told && (Grace is null || Order(told).CompareTo(Order(Grace)) < 0))
            Grace = told;
        return Results.Json(new GraceCopyAnswer(Grace), ContractsJson.Default.GraceCopyAnswer);

        static (DateTimeOffset, long) Order(byte[] record)
            => Statement.TryReadUnverified(record, out var payload) && GraceRecordStatement.Decode(payload) is var read ? (read.StartedAt, -read.Generation) : default;
    }

    // For a host whose certificate holds, as a license server demands it.
    private async Task<IResult> TimeAsync(HttpContext http)
    {
        var now = Clock();
        return http.Connection.ClientCertificate is { } host && host.NotBefore.ToUniversalTime() <= now && now <= host.NotAfter.ToUniversalTime()
            ? Results.Json(new TimeAnswer(Statement.Sign(new SignedTimeStatement((await ReadAsync<TimeRequest>(http)).Nonce, now).Encode(), _key)), ContractsJson.Default.TimeAnswer)
            : Results.Json(ProblemBody.Of(LicensingProblem.HostNotJoined), ContractsJson.Default.ProblemBody, ProblemBody.ContentType, 403);
    }

    private async Task<IResult> RevocationsAsync(HttpContext http, long after, int wait)
    {
        for (var end = DateTimeOffset.UtcNow.AddSeconds(wait); Revocations.Number <= after && DateTimeOffset.UtcNow < end;)
            await Task.Delay(50, http.RequestAborted);
        var list = Revocations;
        return Results.Json(
            new RevocationAnswer(Statement.Sign((list.IssuedAt == default ? list with { IssuedAt = Clock() } : list).Encode(), _key)), ContractsJson.Default.RevocationAnswer);
    }

    private LedgerHead Head()
    {
        var number = Interlocked.Increment(ref _ledger);
        var hash = SHA256.HashData(BitConverter.GetBytes(number));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new(number, hash, (SignsWrongly ? other : _key).SignData(LedgerHead.ToBeSigned(number, hash), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
    }

    private static async Task<T> ReadAsync<T>(HttpContext http)
        => (T)(await JsonSerializer.DeserializeAsync(http.Request.Body, typeof(T), ContractsJson.Default, http.RequestAborted))!;
}
