using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>What a clearinghouse does when a license server's key is followed by another.</summary>
public sealed class SuccessionTests : IAsyncLifetime
{
    private readonly TestLicenseServer _next = new();
    private TestPublisher _publisher = null!;
    private TestLicenseServer _old = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    private PublisherTrust Trust => PublisherTrust.Of(_publisher.Root);

    private DateTimeOffset Now => _publisher.Time.GetUtcNow();

    public async ValueTask InitializeAsync()
    {
        _publisher = await TestPublisher.StartAsync();
        _old = await _publisher.NewLicenseServerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _old.Dispose();
        _next.Dispose();
        await _publisher.DisposeAsync();
    }

    [Fact]
    public async Task Key_packs_product_keys_agreements_and_owner_follow_and_the_old_key_gets_nothing_more()
    {
        var key = await _publisher.MintAsync();
        var pack = Decode(await _old.RedeemAsync(_publisher, key));
        await _publisher.Administration.AddAgreementAsync(new("select", ["1234567"], "Engines Ltd", null, false, [new(CalType.Device, new(2022), 100)], [_old.Id.Text]), Cancellation);

        var answer = await _publisher.Client.SucceedAsync(_next.NewSuccession(_old, Now), Cancellation);

        var proven = ProvenSuccession.Verify(new(answer.Statement, answer.OldCertificates, answer.IssuingCertificate), Trust, Now)!;
        Assert.Equal((KeyFingerprint.Of(_old.Key), KeyFingerprint.Of(_next.Key), SuccessionCause.Planned), (proven.Statement.Old, proven.Statement.New, proven.Statement.Cause));
        Assert.Equal([pack.PackId], answer.KeyPacks);
        var again = await _publisher.Client.SucceedAsync(_next.NewSuccession(_old, Now.AddDays(1)), Cancellation);
        Assert.Equal(answer.Statement, again.Statement);
        Assert.Equal(answer.Activation.Signature, again.Activation.Signature);
        await _next.ActivateAsync(_publisher);
        var followed = Decode(Assert.Single((await _publisher.Client.ReplaceAsync(_next.NewReplacement(pack.PackId), Cancellation)).KeyPacks));
        Assert.Equal(pack with { LicenseServer = KeyFingerprint.Of(_next.Key), IssuedAt = followed.IssuedAt }, followed);
        Assert.Equal(followed, Decode(await _next.RedeemAsync(_publisher, key)));
        await _next.DrawAsync(_publisher, NewDraw());
        Assert.Equal(LicensingProblem.NotAllowed, await ProblemAsync(_old.DrawAsync(_publisher, NewDraw())));
        Assert.Equal(LicensingProblem.NotAllowed, await ProblemAsync(_old.RedeemAsync(_publisher, await _publisher.MintAsync())));
        Assert.Equal(LicensingProblem.NotAllowed, await ProblemAsync(_publisher.Client.ReplaceAsync(_old.NewReplacement(pack.PackId), Cancellation)));
        var servers = (await _publisher.Administration.LicenseServersAsync(null, null, 10, Cancellation)).Items;
        Assert.Equal(TestPublisher.Company.Company, servers.Single(row => row.LicenseServerId == _next.Id.Text).Company!.Company);
        // In good order nothing is void: what the old key has signed runs to its end.
        Assert.Null((await _publisher.Client.TrustAsync(Cancellation)).Revocations);
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task Nobody_but_the_old_key_and_the_publisher_names_a_successor_and_there_is_only_one()
    {
        using var other = await _publisher.NewLicenseServerAsync();
        using var stranger = new TestLicenseServer();
        var (old, next) = (KeyFingerprint.Of(_old.Key), KeyFingerprint.Of(_next.Key));
        var forged = Statement.Sign(new SuccessionStatement(old, next, SuccessionCause.Planned, Now).Encode(), other.Key);
        var request = _next.NewSuccession(_old, Now);

        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemAsync(_publisher.Client.SucceedAsync(request with { Statement = forged }, Cancellation)));
        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemAsync(_publisher.Client.SucceedAsync(request with { Proof = other.Prove(request.Request) }, Cancellation)));
        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemAsync(_publisher.Client.SucceedAsync(request with { Statement = other.NewSuccession(_old, Now).Statement }, Cancellation)));
        Assert.Equal(LicensingProblem.NotActivated, await ProblemAsync(_publisher.Client.SucceedAsync(_next.NewSuccession(stranger, Now), Cancellation)));
        Assert.Equal(LicensingProblem.NotFound, await ProblemAsync(_publisher.Client.SucceedAsync(_next.NewSuccession(_old, null), Cancellation)));
        Assert.Equal(LicensingProblem.InvalidField, await ProblemAsync(_publisher.Administration.SucceedAsync(_old.Id.Text, new(other.Id.Text, SuccessionCause.Planned), Cancellation)));
        Assert.Equal(LicensingProblem.InvalidField, await ProblemAsync(_publisher.Administration.SucceedAsync(_old.Id.Text, new(_old.Id.Text, SuccessionCause.Lost), Cancellation)));
        Assert.Equal(LicensingProblem.NotFound, await ProblemAsync(_publisher.Administration.SucceedAsync(_old.Id.Text, new(stranger.Id.Text, SuccessionCause.Lost), Cancellation)));
        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM Successions"));

        await _publisher.Client.SucceedAsync(request, Cancellation);
        Assert.Equal(LicensingProblem.NotAllowed, await ProblemAsync(_publisher.Client.SucceedAsync(stranger.NewSuccession(_old, Now), Cancellation)));
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_publisher.Administration.SucceedAsync(_old.Id.Text, new(other.Id.Text, SuccessionCause.Stolen), Cancellation)));
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_publisher.Administration.SucceedAsync(other.Id.Text, new(_next.Id.Text, SuccessionCause.Lost), Cancellation)));
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Successions"));
    }

    [Fact]
    public async Task A_stolen_key_names_nobody_until_the_publisher_has_and_is_revoked_then()
    {
        var pack = Decode(await _old.RedeemAsync(_publisher, await _publisher.MintAsync()));
        var request = _next.NewSuccession(_old, Now, SuccessionCause.Stolen);

        var waits = await Assert.ThrowsAsync<ProblemException>(() => _publisher.Client.SucceedAsync(request, Cancellation));
        Assert.Contains($"servers succeed {_old.Id} --to {_next.Id}", waits.Message, StringComparison.Ordinal);
        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM Successions"));
        var named = await _publisher.Administration.SucceedAsync(_old.Id.Text, new(_next.Id.Text, SuccessionCause.Stolen), Cancellation);

        Assert.Equal((1, 1L), (named.KeyPacks, named.ListNumber));
        var answer = await _publisher.Client.SucceedAsync(request, Cancellation);
        Assert.Equal([pack.PackId], answer.KeyPacks);
        var trust = Trust.Take(await _publisher.Client.TrustAsync(Cancellation), Now);
        Assert.NotNull(trust.RevocationOf(KeyFingerprint.Of(_old.Key)));
        Assert.Equal(SuccessionCause.Stolen, ProvenSuccession.Verify(new(answer.Statement, answer.OldCertificates, answer.IssuingCertificate), trust, Now)!.Statement.Cause);
    }

    [Fact]
    public async Task Followed_in_good_order_and_stolen_after_that_the_publishers_word_takes_the_place_of_the_old_keys()
    {
        await _publisher.Client.SucceedAsync(_next.NewSuccession(_old, Now), Cancellation);
        await _publisher.Administration.RevokeAsync(new Ostiary.Contracts.Administration.RevokeLicenseServerRequest(_old.Id.Text, ClearinghouseRevocationReason.KeyCompromised), Cancellation);
        var trust = Trust.Take(await _publisher.Client.TrustAsync(Cancellation), Now);
        var byOldKey = await _publisher.Client.SucceedAsync(_next.NewSuccession(_old, null), Cancellation);
        Assert.Null(ProvenSuccession.Verify(new(byOldKey.Statement, byOldKey.OldCertificates, byOldKey.IssuingCertificate), trust, Now));

        await _publisher.Administration.SucceedAsync(_old.Id.Text, new(_next.Id.Text, SuccessionCause.Stolen), Cancellation);

        var byPublisher = await _publisher.Client.SucceedAsync(_next.NewSuccession(_old, null), Cancellation);
        Assert.Equal(SuccessionCause.Stolen, ProvenSuccession.Verify(new(byPublisher.Statement, byPublisher.OldCertificates, byPublisher.IssuingCertificate), trust, Now)!.Statement.Cause);
    }

    [Fact]
    public async Task A_statement_of_a_withdrawn_issuing_key_is_refused_and_is_signed_again_by_the_one_that_follows()
    {
        await _next.ActivateAsync(_publisher);
        await _publisher.Administration.SucceedAsync(_old.Id.Text, new(_next.Id.Text, SuccessionCause.Lost), Cancellation);
        var before = await _publisher.Client.SucceedAsync(_next.NewSuccession(_old, null), Cancellation);
        await _publisher.StopSignerAsync();
        RootCeremony.RotateIssuing(_publisher.At("root"), _publisher.At("signer"), Now);
        await _publisher.StartSignerAsync();
        RootCeremony.WithdrawIssuing(_publisher.At("root"), _publisher.At("signer"), _publisher.At("clearinghouse"), _publisher.Ceremony.Issuing, Now);
        await _publisher.ClearinghouseApp.Services.GetRequiredService<KeyUpkeep>().PassAsync(Cancellation);
        var trust = Trust.Take(await _publisher.Client.TrustAsync(Cancellation), Now);

        Assert.NotNull(ProvenSuccession.Verify(new(before.Statement, before.OldCertificates, before.IssuingCertificate), Trust, Now));
        Assert.Null(ProvenSuccession.Verify(new(before.Statement, before.OldCertificates, before.IssuingCertificate), trust, Now));
        var after = await _publisher.Client.SucceedAsync(_next.NewSuccession(_old, null), Cancellation);
        Assert.NotNull(ProvenSuccession.Verify(new(after.Statement, after.OldCertificates, after.IssuingCertificate), trust, Now));
    }

    [Theory]
    [InlineData(nameof(IssuanceStep.SuccessionStored))]
    [InlineData(nameof(IssuanceStep.SuccessionSigned))]
    [InlineData(nameof(IssuanceStep.SuccessionPacksSigned))]
    [InlineData(nameof(IssuanceStep.RedemptionSigned))]
    [InlineData(nameof(IssuanceStep.ActivationStored))]
    [InlineData(nameof(IssuanceStep.ActivationSigned))]
    public async Task A_succession_that_crashed_is_completed_by_the_same_request(string step)
    {
        var packs = new[] { Decode(await _old.RedeemAsync(_publisher, await _publisher.MintAsync())).PackId, Decode(await _old.RedeemAsync(_publisher, await _publisher.MintAsync())).PackId };
        var request = _next.NewSuccession(_old, Now);
        await _publisher.RestartClearinghouseAsync(CrashAfter(step));

        Assert.Equal(LicensingProblem.InternalError, await ProblemAsync(_publisher.Client.SucceedAsync(request, Cancellation)));
        await _publisher.RestartClearinghouseAsync();
        var answer = await _publisher.Client.SucceedAsync(request, Cancellation);

        Assert.Equal(packs.Order(), answer.KeyPacks.Order());
        Assert.Equal(request.Statement, answer.Statement);
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='succession'"));
        Assert.Equal(2L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='key-pack-followed'"));
        Assert.Equal(2L, _publisher.Query<long>($"SELECT COUNT(*) FROM KeyPacks WHERE LicenseServer = '{KeyFingerprint.Of(_next.Key).Hex}' AND Statement IS NOT NULL"));
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public void Statements_that_do_not_hold_lead_nowhere()
    {
        using var authority = new TestAuthority();
        using var other = new TestAuthority("Other");
        using var thiefKey = TestAuthority.NewKey();
        using var thief = TestAuthority.Sign(
            CertificateProfiles.LicenseServer(authority.Issuing, TestAuthority.Spki(thiefKey), TestAuthority.Serial(), TestAuthority.Begin, TestAuthority.Begin.AddYears(5)), authority.IssuingKey);
        var now = TestAuthority.Begin.AddDays(1);
        var trust = PublisherTrust.Of(authority.Root);
        var (pinned, next) = (KeyFingerprint.Of(authority.LicenseServer), KeyFingerprint.Of(thief));
        var old = CertificateChain.ToPem([authority.LicenseServer, authority.Issuing]);

        SuccessionDocument Signed(ECDsa by, X509Certificate2? issuing, SuccessionCause cause = SuccessionCause.Lost, KeyFingerprint? from = null, string? certificates = null)
            => new(Statement.Sign(new SuccessionStatement(from ?? pinned, next, cause, now).Encode(), by), certificates ?? old, issuing?.ExportCertificatePem());

        int Steps(params SuccessionDocument[] documents) => ProvenSuccession.Lead(new(documents, ""), pinned, next, trust, now).Count;

        Assert.Equal(1, Steps(Signed(authority.LicenseServerKey, null, SuccessionCause.Planned)));
        Assert.Equal(1, Steps(Signed(authority.IssuingKey, authority.Issuing)));
        // The successor's own word, under its own certificate as if that were an issuing one.
        Assert.Equal(0, Steps(Signed(thiefKey, null, SuccessionCause.Planned)));
        Assert.Equal(0, Steps(Signed(thiefKey, null, SuccessionCause.Planned, certificates: CertificateChain.ToPem([thief]))));
        Assert.Equal(0, Steps(Signed(thiefKey, thief)));
        // Another publisher's; and what only an issuing key may say, by the old one.
        Assert.Equal(0, Steps(Signed(other.IssuingKey, other.Issuing)));
        Assert.Equal(0, Steps(Signed(authority.LicenseServerKey, null, SuccessionCause.Stolen)));
        // One of another license server.
        Assert.Equal(0, Steps(Signed(other.LicenseServerKey, null, SuccessionCause.Planned, KeyFingerprint.Of(other.LicenseServer), CertificateChain.ToPem([other.LicenseServer]))));
        // One of before, played back to whoever has followed it and pins another key by now.
        Assert.Empty(ProvenSuccession.Lead(new([Signed(authority.LicenseServerKey, null, SuccessionCause.Planned)], ""), next, pinned, trust, now));
        // Two that lead to each other lead nowhere else.
        var back = new SuccessionDocument(Statement.Sign(new SuccessionStatement(next, pinned, SuccessionCause.Planned, now).Encode(), thiefKey), CertificateChain.ToPem([thief]));
        Assert.Empty(ProvenSuccession.Lead(new([Signed(authority.LicenseServerKey, null, SuccessionCause.Planned), back], ""), pinned, KeyFingerprint.Of(other.LicenseServer), trust, now));
        foreach (var damaged in new SuccessionDocument[] { new([], old), new([1, 2, 3], old), Signed(authority.IssuingKey, authority.Issuing, certificates: "x"), Signed(authority.IssuingKey, authority.Issuing, certificates: new string('x', SuccessionDocuments.MaxPemLength + 1)) })
            Assert.Equal(0, Steps(damaged));
    }

    private DrawRequest NewDraw() => new("select", ["1234567"], CalType.Device, new(2022), 5, RandomNumberGenerator.GetBytes(DrawRequest.NonceLength), Now);

    private static KeyPackStatement Decode(RedeemResponse response)
    {
        Assert.True(Statement.TryReadUnverified(response.KeyPack, out var payload));
        return KeyPackStatement.Decode(payload);
    }

    private static Action<IssuanceStep> CrashAfter(string step) => reached =>
    {
        if (reached.ToString() == step)
            throw new InvalidOperationException($"crash after {step}");
    };

    private static async Task<LicensingProblem> ProblemAsync(Task call) => (await Assert.ThrowsAsync<ProblemException>(() => call)).Problem;
}
