using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse.Signing;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

public sealed class SignerTests : IAsyncLifetime
{
    private const string LicenseServer = "v1/signatures/license-server";
    private const string Tls = "v1/signatures/clearinghouse-tls";
    private const string KeyPack = "v1/signatures/key-pack";
    private const string GraceExtension = "v1/signatures/grace-extension";
    private const string AuditHead = "v1/signatures/audit-head";
    private const string Time = "v1/signatures/time";
    private const string RevocationList = "v1/signatures/revocation-list";
    private const string Deactivation = "v1/signatures/deactivation";

    private readonly ECDsa _key = TestAuthority.NewKey();
    private TestPublisher _publisher = null!;
    private X509Certificate2 _issuing = null!;

    public async ValueTask InitializeAsync()
    {
        _publisher = await TestPublisher.StartAsync();
        _issuing = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_publisher.At("signer"), "issuing.pem"));
    }

    public async ValueTask DisposeAsync()
    {
        _key.Dispose();
        _issuing.Dispose();
        await _publisher.DisposeAsync();
    }

    [Fact]
    public async Task Its_only_door_is_a_socket_of_its_owner()
    {
        var addresses = _publisher.SignerApp.Urls;

        Assert.Equal([$"http://unix:{_publisher.SignerOptions.Socket}"], addresses);
        Assert.Equal("600", TestPublisher.ModeOf(_publisher.SignerOptions.Socket));
        Assert.Equal(HttpStatusCode.NotFound, (await _publisher.SignerHttp.GetAsync("v1/status", TestPublisher.Cancellation)).StatusCode);
    }

    [Fact]
    public async Task It_signs_certificates_key_packs_and_times()
    {
        var tbs = Certificate().ToBeSigned();
        var signature = await SignedAsync(LicenseServer, tbs);
        Assert.True(_issuing.GetECDsaPublicKey()!.VerifyData(tbs, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        tbs = TlsLeaf().ToBeSigned();
        signature = await SignedAsync(Tls, tbs);
        using var tls = X509CertificateLoader.LoadCertificate(CertificateFields.Assemble(tbs, signature));
        Assert.True(CertificateChain.LeadsTo(_publisher.Root, tls, [_issuing], Now));
        var statement = await SignedAsync(KeyPack, Pack().Encode());
        Assert.True(Statement.TryVerify(statement, _issuing.GetECDsaPublicKey()!, out var payload));
        Assert.Equal(Pack(), KeyPackStatement.Decode(payload));
        var told = new SignedTimeStatement(RandomNumberGenerator.GetBytes(SignedTimeStatement.NonceLength), Now);
        Assert.True(Statement.TryVerify(await SignedAsync(Time, told.Encode()), _issuing.GetECDsaPublicKey()!, out payload));
        Assert.Equal(told.Encode(), payload);
    }

    public static TheoryData<string> CommittedKinds => [LicenseServer, Tls, KeyPack, GraceExtension, RevocationList, Deactivation];

    [Theory]
    [MemberData(nameof(CommittedKinds))]
    public async Task Bytes_of_the_right_form_that_were_never_committed_are_refused_and_committed_ones_are_signed(string route)
    {
        var body = BodyOf(route);
        var before = Asked().Count;

        await RefusedAsync(route, body, "not committed");
        Assert.Equal(before, Asked().Count);
        // Committed as something else is not committed as this.
        await _publisher.CommitAsync(route == KeyPack ? SignedKind.GraceExtension : SignedKind.KeyPack, body);
        await RefusedAsync(route, body, "not committed");
        await SignedAsync(route, body);

        // The log says where the clearinghouse's audit was.
        var entry = Asked()[^1];
        var (number, hash) = (_publisher.Query<long>("SELECT MAX(Number) FROM Audit"), _publisher.Query<byte[]>("SELECT Hash FROM Audit ORDER BY Number DESC LIMIT 1"));
        Assert.Equal((number, Convert.ToHexStringLower(hash)), (entry.AuditNumber!.Value, entry.AuditHash));
    }

    [Fact]
    public async Task Bytes_of_a_transaction_that_is_open_or_was_rolled_back_are_refused()
    {
        var body = Pack().Encode();
        var database = _publisher.ClearinghouseApp.Services.GetRequiredService<Database>();

        var rolledBack = await Assert.ThrowsAsync<InvalidOperationException>(() => database.WriteAsync<bool>(
            async store =>
            {
                await store.AppendToBeSignedAsync(SignedKind.KeyPack, "test", "test", body, Now, TestPublisher.Cancellation);
                await store.SaveChangesAsync(TestPublisher.Cancellation);
                Assert.Equal(1, await store.ToBeSigned.CountAsync(row => row.Kind == SignedKind.KeyPack, TestPublisher.Cancellation));
                await RefusedAsync(KeyPack, body, "not committed");
                throw new InvalidOperationException("rolled back");
            },
            TestPublisher.Cancellation));

        Assert.Equal("rolled back", rolledBack.Message);
        await RefusedAsync(KeyPack, body, "not committed");
        await SignedAsync(KeyPack, body);
    }

    [Theory]
    [InlineData("UPDATE Audit SET Commitment=zeroblob(32)")]
    [InlineData("UPDATE Audit SET Salt=zeroblob(16)")]
    [InlineData("UPDATE Audit SET Subject='somebody else'")]
    [InlineData("UPDATE Audit SET Hash=zeroblob(32)")]
    public async Task A_row_whose_audit_entry_does_not_hold_is_refused(string tampering)
    {
        var body = Pack().Encode();
        await _publisher.CommitAsync(SignedKind.KeyPack, body);

        _publisher.Execute($"{tampering} WHERE Number=(SELECT MAX(Number) FROM Audit)");

        await RefusedAsync(KeyPack, body, "does not hold");
    }

    [Fact]
    public async Task Without_the_clearinghouses_database_it_signs_nothing_and_says_so()
    {
        var body = Pack().Encode();
        await _publisher.CommitAsync(SignedKind.KeyPack, body);
        await _publisher.StopClearinghouseAsync();
        await SignedWithoutCommitAsync(KeyPack, body);
        File.Move(_publisher.SignerOptions.ClearinghouseDatabase, _publisher.SignerOptions.ClearinghouseDatabase + ".away");

        using var content = new ByteArrayContent(body);
        using var response = await _publisher.SignerHttp.PostAsync(KeyPack, content, TestPublisher.Cancellation);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.False(File.Exists(_publisher.SignerOptions.ClearinghouseDatabase));
        Assert.Contains(_publisher.LogLines, line => line.StartsWith("Error", StringComparison.Ordinal) && line.Contains("database cannot be read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_signs_a_head_of_the_audit_that_is_there_and_no_other()
    {
        await _publisher.CommitAsync(SignedKind.KeyPack, Pack().Encode());
        var head = new AuditHeadStatement(_publisher.Query<long>("SELECT MAX(Number) FROM Audit"), _publisher.Query<byte[]>("SELECT Hash FROM Audit ORDER BY Number DESC LIMIT 1"), Now);

        Assert.True(Statement.TryVerify(await SignedWithoutCommitAsync(AuditHead, head.Encode()), _issuing.GetECDsaPublicKey()!, out var payload));

        Assert.Equal(head.Encode(), payload);
        Assert.Equal((head.Number, Convert.ToHexStringLower(head.Hash)), (Entries()[^1].AuditNumber!.Value, Entries()[^1].AuditHash));
        await RefusedAsync(AuditHead, (head with { Number = head.Number + 1 }).Encode(), "no entry");
        await RefusedAsync(AuditHead, (head with { Hash = new byte[32] }).Encode(), "no entry");
        await RefusedAsync(AuditHead, (head with { At = Now.AddDays(2) }).Encode(), "dated");
        await RefusedAsync(AuditHead, [.. head.Encode(), 0], "after");
        await RefusedAsync(AuditHead, Pack().Encode(), "type");
    }

    [Fact]
    public async Task It_signs_no_time_but_its_own()
    {
        var told = new SignedTimeStatement(new byte[SignedTimeStatement.NonceLength], Now);
        await SignedAsync(Time, (told with { Now = Now.AddMinutes(5) }).Encode());
        await RefusedAsync(Time, (told with { Now = Now.AddMinutes(6) }).Encode(), "at the signer");
        await RefusedAsync(Time, (told with { Now = Now.AddYears(-1) }).Encode(), "at the signer");
        await RefusedAsync(Time, Pack().Encode(), "type");
        await RefusedAsync(Time, [.. told.Encode(), 0], "after");
    }

    [Fact]
    public async Task It_signs_a_revocation_list_in_its_one_form_and_of_its_day_only()
    {
        var key = KeyFingerprint.Of(_key);
        var list = new ClearinghouseRevocationsStatement(
            7, Now, [new(key, ClearinghouseRevocationReason.KeyCompromised, Now.AddDays(-3))], [new(Guid.NewGuid(), ClearinghouseRevocationReason.Refunded, Now)]);

        Assert.True(Statement.TryVerify(await SignedAsync(RevocationList, list.Encode()), _issuing.GetECDsaPublicKey()!, out var payload));

        Assert.Equal(list.Encode(), payload);
        await SignedAsync(RevocationList, (list with { LicenseServers = [], KeyPacks = [] }).Encode());
        await RefusedAsync(RevocationList, (list with { IssuedAt = Now.AddDays(2) }).Encode(), "dated");
        await RefusedAsync(RevocationList, (list with { IssuedAt = Now.AddDays(-2) }).Encode(), "dated");
        await RefusedAsync(RevocationList, (list with { KeyPacks = [list.KeyPacks[0] with { RevokedAt = Now.AddMinutes(1) }] }).Encode(), "later");
        await RefusedAsync(RevocationList, (list with { Number = 0 }).Encode(), "number");
        await RefusedAsync(RevocationList, (list with { LicenseServers = [list.LicenseServers[0], list.LicenseServers[0]] }).Encode(), "ascend");
        await RefusedAsync(RevocationList, (list with { LicenseServers = [list.LicenseServers[0] with { Reason = (ClearinghouseRevocationReason)99 }] }).Encode(), "one form");
        await RefusedAsync(RevocationList, new WithdrawnIssuingKeysStatement(1, Now, []).Encode(), "type");
        await RefusedAsync(RevocationList, Pack().Encode(), "type");
        await RefusedAsync(RevocationList, [.. list.Encode(), 0], "after");
        _publisher.Time.Advance(TimeSpan.FromDays(3 * 365));
        await RefusedAsync(RevocationList, (list with { IssuedAt = Now }).Encode(), "signs from");
    }

    [Fact]
    public async Task It_signs_the_confirmation_of_a_deactivation_and_of_nothing_else()
    {
        var asked = ActivationRequest.Of(_key, ActivationKind.Deactivate, 7);
        var confirmation = new DeactivationStatement(asked.Encode(), Now);

        Assert.True(Statement.TryVerify(await SignedAsync(Deactivation, confirmation.Encode()), _issuing.GetECDsaPublicKey()!, out var payload));

        Assert.Equal(confirmation.Encode(), payload);
        await SignedAsync(Deactivation, (confirmation with { DeactivatedAt = Now.AddDays(-30) }).Encode());
        await RefusedAsync(Deactivation, (confirmation with { DeactivatedAt = Now.AddDays(2) }).Encode(), "dated");
        await RefusedAsync(Deactivation, (confirmation with { Request = ActivationRequest.Of(_key, ActivationKind.Activate, 7).Encode() }).Encode(), "deactivation");
        await RefusedAsync(Deactivation, (confirmation with { Request = new byte[ActivationRequest.Length] }).Encode(), "deactivation");
        await RefusedAsync(Deactivation, Pack().Encode(), "type");
        await RefusedAsync(Deactivation, [.. confirmation.Encode(), 0], "after");
        _publisher.Time.Advance(TimeSpan.FromDays(3 * 365));
        await RefusedAsync(Deactivation, confirmation.Encode(), "signs from");
    }

    [Fact]
    public async Task It_refuses_every_certificate_but_a_license_servers()
    {
        using var other = new TestAuthority();
        using var rsa = RSA.Create(2048);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var good = Certificate();
        var begin = good.NotBefore;

        await RefusedAsync(LicenseServer, TlsLeaf().ToBeSigned(), "profile");
        await RefusedAsync(LicenseServer, CertificateProfiles.Issuing(_issuing, "Example Ltd", Spki, TestAuthority.Serial(), begin, begin.AddYears(1)).ToBeSigned(), "profile");
        await RefusedAsync(LicenseServer, CertificateProfiles.LicenseServer(other.Issuing, Spki, TestAuthority.Serial(), begin, begin.AddYears(1)).ToBeSigned(), "issuer");
        await RefusedAsync(LicenseServer, CertificateProfiles.LicenseServer(null, Spki, TestAuthority.Serial(), begin, begin.AddYears(1)).ToBeSigned(), "issuer");
        await RefusedAsync(LicenseServer, (good with { Extensions = [.. good.Extensions.Skip(1)] }).ToBeSigned(), "profile");
        await RefusedAsync(LicenseServer, (good with { Extensions = [new X509BasicConstraintsExtension(true, true, 1, true), .. good.Extensions.Skip(1)] }).ToBeSigned(), "profile");
        await RefusedAsync(LicenseServer, (good with { Extensions = [.. good.Extensions, new X509Extension("2.5.29.99", [5, 0], false)] }).ToBeSigned(), "profile");
        await RefusedAsync(LicenseServer, (good with { Subject = new X500DistinguishedName("CN=somebody").RawData }).ToBeSigned(), "profile");
        await RefusedAsync(LicenseServer, (good with { SubjectPublicKeyInfo = rsa.ExportSubjectPublicKeyInfo() }).ToBeSigned(), "P-256");
        await RefusedAsync(LicenseServer, (good with { SubjectPublicKeyInfo = p384.ExportSubjectPublicKeyInfo() }).ToBeSigned(), "P-256");
        await RefusedAsync(LicenseServer, (good with { Serial = [1, 2, 3] }).ToBeSigned(), "serial");
        await RefusedAsync(LicenseServer, [], "TBSCertificate");
        await RefusedAsync(LicenseServer, [.. good.ToBeSigned(), 0], "TBSCertificate");
        await RefusedAsync(LicenseServer, RandomNumberGenerator.GetBytes(300), "TBSCertificate");
        Assert.Single(Asked()); // The clearinghouse's own TLS certificate.
    }

    [Fact]
    public async Task It_refuses_dates_that_are_not_inside_its_issuer_or_too_long()
    {
        var good = Certificate();

        await RefusedAsync(LicenseServer, (good with { NotBefore = new(2026, 3, 9, 0, 0, 0, TimeSpan.Zero) }).ToBeSigned(), "inside");
        await RefusedAsync(LicenseServer, (good with { NotAfter = new(2038, 3, 11, 0, 0, 0, TimeSpan.Zero) }).ToBeSigned(), "inside");
        await RefusedAsync(LicenseServer, (good with { NotAfter = good.NotBefore.AddYears(10).AddSeconds(1) }).ToBeSigned(), "allow");
        await RefusedAsync(LicenseServer, (good with { NotBefore = Now.AddDays(2) }).ToBeSigned(), "allow");
        await RefusedAsync(LicenseServer, (good with { NotAfter = good.NotBefore }).ToBeSigned(), "allow");
        await RefusedAsync(Tls, (TlsLeaf() with { NotAfter = Now.AddDays(101) }).ToBeSigned(), "allow");
    }

    [Fact]
    public async Task It_refuses_every_statement_but_a_key_pack()
    {
        await RefusedAsync(KeyPack, new RedemptionRequest("x", new byte[16], Now).Encode(), "type");
        await RefusedAsync(KeyPack, (Pack() with { Quantity = 16_384 }).Encode(), "limits");
        await RefusedAsync(KeyPack, (Pack() with { Version = new(2023) }).Encode(), "ladder");
        await RefusedAsync(KeyPack, (Pack() with { IssuedAt = Now.AddDays(2) }).Encode(), "dated");
        await RefusedAsync(KeyPack, (Pack() with { ExpiresAt = Now.AddDays(-1) }).Encode(), "ends before");
        await RefusedAsync(KeyPack, [.. Pack().Encode(), 0], "after");
        await RefusedAsync(KeyPack, Certificate().ToBeSigned(), "malformed");
    }

    [Fact]
    public async Task It_signs_nothing_after_the_issuing_keys_two_years()
    {
        _publisher.Time.SetUtcNow(_publisher.Ceremony.IssuingSignsUntil);
        await SignedAsync(KeyPack, Pack().Encode());

        _publisher.Time.Advance(TimeSpan.FromSeconds(1));

        await RefusedAsync(KeyPack, Pack().Encode(), "signs from");
        await RefusedAsync(LicenseServer, Certificate().ToBeSigned(), "signs from");
        await RefusedAsync(Tls, TlsLeaf().ToBeSigned(), "signs from");
    }

    [Fact]
    public async Task Every_signature_has_its_entry_and_the_chain_goes_on_after_a_restart()
    {
        var tbs = Certificate().ToBeSigned();
        await SignedAsync(LicenseServer, tbs);
        await _publisher.StopSignerAsync();
        await _publisher.StartSignerAsync();
        await SignedAsync(KeyPack, Pack().Encode());

        var entries = Entries();
        Assert.Equal(["clearinghouse-tls-certificate", "license-server-certificate", "key-pack"], Asked().Select(entry => entry.Kind));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(tbs)), Asked()[1].Digest);
        Assert.All(entries.Zip(entries.Skip(1)), pair => Assert.True(pair.Second.Follows(pair.First)));
        Assert.Equal("600", TestPublisher.ModeOf(_publisher.SignerOptions.LogFile));
    }

    [Fact]
    public async Task A_line_that_a_crash_cut_is_removed_and_a_changed_one_stops_the_signer()
    {
        await SignedAsync(KeyPack, Pack().Encode());
        await _publisher.StopSignerAsync();
        var path = _publisher.SignerOptions.LogFile;
        var whole = await File.ReadAllTextAsync(path, TestPublisher.Cancellation);

        await File.AppendAllTextAsync(path, """{"number":3,"at":"2026""", TestPublisher.Cancellation);
        await _publisher.StartSignerAsync();
        await _publisher.StopSignerAsync();
        Assert.Equal(whole, await File.ReadAllTextAsync(path, TestPublisher.Cancellation));

        foreach (var changed in new[]
        {
            whole.Replace("key-pack", "key-bag", StringComparison.Ordinal),
            whole[(whole.IndexOf('\n', StringComparison.Ordinal) + 1)..],
            "rubbish\n" + whole,
        })
        {
            await File.WriteAllTextAsync(path, changed, TestPublisher.Cancellation);
            await Assert.ThrowsAsync<InvalidDataException>(_publisher.StartSignerAsync);
            await _publisher.StopSignerAsync();
        }
    }

    [Fact]
    public async Task A_second_signer_on_the_same_directory_does_not_start()
    {
        await using var second = SignerRole.Build(_publisher.SignerOptions, _publisher.Time, _ => { });

        Assert.Contains("in use", (await Assert.ThrowsAsync<IOException>(() => second.StartAsync(TestPublisher.Cancellation))).Message, StringComparison.Ordinal);
        await SignedAsync(KeyPack, Pack().Encode());
    }

    [Fact]
    public void Options_say_everything_that_is_missing_at_once()
    {
        var errors = new SignerOptions { StateDirectory = "/nowhere/" + new string('d', 100), ClearinghouseDatabase = "" }.Check();

        Assert.Equal(5, errors.Count);
        Assert.Throws<ArgumentException>(() => SignerRole.Build(new SignerOptions { StateDirectory = "", ClearinghouseDatabase = "x" }, _publisher.Time, _ => { }));
    }

    private DateTimeOffset Now => _publisher.Time.GetUtcNow();

    private byte[] Spki => TestAuthority.Spki(_key);

    private CertificateFields Certificate()
    {
        var begin = new DateTimeOffset(Now.UtcDateTime.Date, TimeSpan.Zero);
        return CertificateProfiles.LicenseServer(_issuing, Spki, TestAuthority.Serial(), begin, begin.AddYears(10));
    }

    private CertificateFields TlsLeaf() => CertificateProfiles.ClearinghouseTls(_issuing, Spki, TestAuthority.Serial(), Now, Now.AddDays(90));

    private KeyPackStatement Pack()
        => new(Guid.Parse("0197a1b2-0000-7000-8000-000000000001"), KeyFingerprint.Of(_key), CalType.Device, new(2022), 5, "retail", Now, null);

    /// <summary>Committed, as the clearinghouse does, and signed.</summary>
    private async Task<byte[]> SignedAsync(string route, byte[] body)
    {
        if (KindOf(route) is { } kind)
            await _publisher.CommitAsync(kind, body);
        return await SignedWithoutCommitAsync(route, body);
    }

    private byte[] BodyOf(string route) => route switch
    {
        LicenseServer => Certificate().ToBeSigned(),
        Tls => TlsLeaf().ToBeSigned(),
        KeyPack => Pack().Encode(),
        GraceExtension => new GraceExtensionStatement(Guid.NewGuid(), new string('a', 32), 5, Now).Encode(),
        RevocationList => new ClearinghouseRevocationsStatement(7, Now, [], []).Encode(),
        Deactivation => new DeactivationStatement(ActivationRequest.Of(_key, ActivationKind.Deactivate, 7).Encode(), Now).Encode(),
        _ => throw new ArgumentException(route),
    };

    private async Task<byte[]> SignedWithoutCommitAsync(string route, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        using var response = await _publisher.SignerHttp.PostAsync(route, content, TestPublisher.Cancellation);
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadAsByteArrayAsync(TestPublisher.Cancellation);
    }

    private static string? KindOf(string route) => route switch
    {
        LicenseServer => SignedKind.LicenseServer,
        Tls => SignedKind.ClearinghouseTls,
        KeyPack => SignedKind.KeyPack,
        GraceExtension => SignedKind.GraceExtension,
        RevocationList => SignedKind.RevocationList,
        Deactivation => SignedKind.Deactivation,
        Time => null,
        _ => throw new ArgumentException(route),
    };

    private async Task RefusedAsync(string route, byte[] body, string reason)
    {
        using var content = new ByteArrayContent(body);
        using var response = await _publisher.SignerHttp.PostAsync(route, content, TestPublisher.Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        var problem = (await response.Content.ReadFromJsonAsync(ContractsJson.Default.ProblemBody, TestPublisher.Cancellation))!;
        Assert.Equal(LicensingProblem.NotAllowed, problem.Code);
        Assert.Contains(reason, problem.Detail, StringComparison.Ordinal);
    }

    // Heads of the audit are signed by and by, whatever a test asks for.
    private List<SigningLogEntry> Asked() => [.. Entries().Where(entry => entry.Kind != SignedKind.AuditHead)];

    private List<SigningLogEntry> Entries()
    {
        using var reader = new StreamReader(new FileStream(_publisher.SignerOptions.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize(line, SigningLogJson.Default.SigningLogEntry)!)];
    }
}
