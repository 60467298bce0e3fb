using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class ActivationTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;

    public async ValueTask InitializeAsync() => _publisher = await TestPublisher.StartAsync();

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();

    [Fact]
    public async Task A_license_server_gets_a_certificate_that_leads_to_the_published_root()
    {
        using var server = new TestLicenseServer();

        var answer = await server.ActivateAsync(_publisher);

        var root = CertificateChain.FromPem(await _publisher.Http.GetStringAsync("v1/root", TestPublisher.Cancellation)).Single();
        Assert.Equal(_publisher.Ceremony.Root, KeyFingerprint.Of(root));
        var issuing = CertificateChain.FromPem(answer.IssuingCertificate);
        Assert.True(CertificateChain.LeadsTo(root, server.Certificate, issuing, _publisher.Time.GetUtcNow()));
        Assert.True(CertificateProfiles.HasOnlyUsage(server.Certificate, OstiaryOids.LicenseServerUsage));
        Assert.Equal($"CN={server.Id}", server.Certificate.Subject);
        Assert.Equal(new DateTime(2026, 3, 10, 0, 0, 0, DateTimeKind.Utc), server.Certificate.NotBefore.ToUniversalTime());
        Assert.Equal(new DateTime(2036, 3, 10, 0, 0, 0, DateTimeKind.Utc), server.Certificate.NotAfter.ToUniversalTime());
    }

    [Fact]
    public async Task The_same_request_gets_the_same_answer_for_ever()
    {
        using var server = new TestLicenseServer();
        var first = await server.ActivateAsync(_publisher);

        _publisher.Time.Advance(TimeSpan.FromDays(30));
        await _publisher.RestartClearinghouseAsync();
        var second = await server.ActivateAsync(_publisher);

        Assert.Equal((first.Day, first.KeyId, first.Term, first.IssuingCertificate), (second.Day, second.KeyId, second.Term, second.IssuingCertificate));
        Assert.Equal(first.Signature, second.Signature);
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
    }

    [Fact]
    public async Task A_new_nonce_is_a_new_activation()
    {
        using var server = new TestLicenseServer();
        await server.ActivateAsync(_publisher);
        var again = server.Request with { Nonce = server.Request.Nonce + 1 };

        var answer = await _publisher.Client.ActivateAsync(
            new(again.Encode(), server.Prove(again.Encode()), TestPublisher.Company), TestPublisher.Cancellation);

        Assert.NotNull(new ActivationAnswer(answer.Day, answer.KeyId, answer.Term, answer.Signature).TryAssemble(again, CertificateChain.FromPem(answer.IssuingCertificate)[0]));
        Assert.Equal(2L, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
    }

    [Fact]
    public async Task A_hundred_at_once_with_one_request_get_one_answer()
    {
        using var server = new TestLicenseServer();
        var request = server.NewActivation();

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => _publisher.Client.ActivateAsync(request, TestPublisher.Cancellation)));

        Assert.Single(answers.Select(answer => Convert.ToHexString(answer.Signature)).Distinct());
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='activation'"));
    }

    [Fact]
    public async Task A_proof_by_another_key_of_other_bytes_or_cut_is_refused()
    {
        using var server = new TestLicenseServer();
        using var other = new TestLicenseServer();
        var good = server.NewActivation();

        foreach (var proof in new[] { other.Prove(good.Request), server.Prove(other.Request.Encode()), good.Proof[..63], [] })
        {
            var problem = await Assert.ThrowsAsync<ProblemException>(() => _publisher.Client.ActivateAsync(good with { Proof = proof }, TestPublisher.Cancellation));
            Assert.Equal((LicensingProblem.SignatureInvalid, "proof"), (problem.Problem, problem.Field));
        }

        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
    }

    [Fact]
    public async Task A_malformed_request_and_missing_members_are_named()
    {
        using var server = new TestLicenseServer();
        var good = server.NewActivation();
        async Task<string?> FieldOf(ActivateRequest request)
        {
            var problem = await Assert.ThrowsAsync<ProblemException>(() => _publisher.Client.ActivateAsync(request, TestPublisher.Cancellation));
            Assert.Equal(LicensingProblem.InvalidField, problem.Problem);
            return problem.Field;
        }

        Assert.Equal("request", await FieldOf(good with { Request = new byte[38] }));
        Assert.Equal("request", await FieldOf(good with { Request = good.Request[..37] }));
        Assert.Equal("company.country", await FieldOf(good with { Company = TestPublisher.Company with { Country = "Canada" } }));
        Assert.Equal("company.lastName", await FieldOf(good with { Company = TestPublisher.Company with { LastName = "" } }));
        Assert.Equal("company", await FieldOf(good with { Company = null! }));
        Assert.Equal("request", await FieldOf(good with { Request = null! }));
        Assert.Equal("proof", await FieldOf(good with { Proof = null! }));
    }

    [Fact]
    public async Task Who_asked_is_kept_beside_and_not_in_the_certificate_nor_in_the_log()
    {
        using var server = await _publisher.NewLicenseServerAsync();

        Assert.Equal("Lovelace", _publisher.Query<string>("SELECT Company_LastName FROM Companies"));
        Assert.DoesNotContain("Lovelace", System.Text.Encoding.Latin1.GetString(server.Certificate.RawData), StringComparison.Ordinal);
        Assert.DoesNotContain(_publisher.LogLines, line => line.Contains("Lovelace", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_the_signer_nothing_is_signed_and_trying_again_later_is_right()
    {
        using var server = new TestLicenseServer();
        await _publisher.StopSignerAsync();

        var problem = await Assert.ThrowsAsync<ProblemException>(() => server.ActivateAsync(_publisher));
        Assert.Equal(LicensingProblem.TemporarilyUnavailable, problem.Problem);

        await _publisher.StartSignerAsync();
        await server.ActivateAsync(_publisher);
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
    }

    [Fact]
    public async Task After_the_issuing_keys_two_years_what_was_signed_is_still_answered_and_nothing_new_is_signed()
    {
        using var early = new TestLicenseServer();
        using var late = new TestLicenseServer();
        var first = await early.ActivateAsync(_publisher);

        _publisher.Time.Advance(TimeSpan.FromDays(800));

        // Over the connection that is kept: by now the TLS certificate is over, too, and cannot be renewed.
        Assert.Equal(first.Signature, (await early.ActivateAsync(_publisher)).Signature);
        var problem = await Assert.ThrowsAsync<ProblemException>(() => late.ActivateAsync(_publisher));
        Assert.Equal(LicensingProblem.TemporarilyUnavailable, problem.Problem);
    }
}
