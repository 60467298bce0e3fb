using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

[Trait(TestDatabases.Storage, TestDatabases.Core)]
public sealed class RedemptionTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;

    public async ValueTask InitializeAsync() => _publisher = await TestPublisher.StartAsync();

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();

    [Fact]
    public async Task A_product_key_becomes_a_key_pack_signed_by_the_issuing_key()
    {
        using var server = await _publisher.NewLicenseServerAsync();

        var answer = await server.RedeemAsync(_publisher, await _publisher.MintAsync(quantity: 25));

        using var issuing = CertificateChain.FromPem(answer.IssuingCertificate).Single();
        using var key = issuing.GetECDsaPublicKey()!;
        Assert.True(CertificateChain.LeadsTo(_publisher.Root, issuing, [], _publisher.Time.GetUtcNow()));
        Assert.True(Statement.TryVerify(answer.KeyPack, key, out var payload));
        var pack = KeyPackStatement.Decode(payload);
        Assert.Equal((KeyFingerprint.Of(server.Key), CalType.Device, new CalVersion(2022), 25, "retail"), (pack.LicenseServer, pack.Type, pack.Version, pack.Quantity, pack.Program));
        // A whole day, so that it can be said on the telephone.
        Assert.Equal((new DateTimeOffset(_publisher.Time.GetUtcNow().Date, TimeSpan.Zero), null), (pack.IssuedAt, pack.ExpiresAt));
    }

    [Fact]
    public async Task The_same_key_from_the_same_license_server_is_the_same_pack_for_ever()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();
        var first = await server.RedeemAsync(_publisher, key);

        _publisher.Time.Advance(TimeSpan.FromDays(60));
        await _publisher.RestartClearinghouseAsync();
        var second = await server.RedeemAsync(_publisher, key.ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal));

        Assert.Equal(first.KeyPack, second.KeyPack);
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
    }

    [Fact]
    public async Task From_another_license_server_it_is_redeemed_elsewhere()
    {
        using var first = await _publisher.NewLicenseServerAsync();
        using var second = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();
        await first.RedeemAsync(_publisher, key);

        var problem = await Assert.ThrowsAsync<ProblemException>(() => second.RedeemAsync(_publisher, key));

        Assert.Equal(LicensingProblem.ProductKeyRedeemedElsewhere, problem.Problem);
        Assert.Contains("2026-03-10", problem.Message, StringComparison.Ordinal);
        Assert.Equal(ProductKeyState.RedeemedHere, (await CheckAsync(key, first)).State);
        Assert.Equal(ProductKeyState.RedeemedElsewhere, (await CheckAsync(key, second)).State);
        Assert.Equal(ProductKeyState.RedeemedElsewhere, (await CheckAsync(key, null)).State);
    }

    [Fact]
    public async Task A_check_shows_what_a_key_is_good_for_and_spends_nothing()
    {
        var key = await _publisher.MintAsync(quantity: 7);

        for (var time = 0; time < 3; time++)
            Assert.Equal(new(ProductKeyState.Available, CalType.Device, new(2022), 7, "retail"), await CheckAsync(key, null));

        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
    }

    [Fact]
    public async Task A_hundred_redemptions_at_once_from_one_license_server_are_one_pack()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => server.RedeemAsync(_publisher, key)));

        Assert.Single(answers.Select(answer => Convert.ToHexString(answer.KeyPack)).Distinct());
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='redemption'"));
    }

    [Fact]
    public async Task Of_a_hundred_license_servers_at_once_one_gets_the_pack_and_the_others_a_clear_answer()
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => _publisher.NewLicenseServerAsync()));
        var key = await _publisher.MintAsync();

        var answers = await Task.WhenAll(servers.Select(async server =>
        {
            try
            {
                return (await server.RedeemAsync(_publisher, key)).KeyPack;
            }
            catch (ProblemException refused)
            {
                Assert.Equal(LicensingProblem.ProductKeyRedeemedElsewhere, refused.Problem);
                return null;
            }
        }));

        Assert.Single(answers, answer => answer is not null);
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
        foreach (var server in servers)
            server.Dispose();
    }

    [Fact]
    public async Task A_mistyped_key_names_the_position_and_an_unknown_one_gets_one_answer()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        var typed = (await _publisher.MintAsync()).ToCharArray();
        typed[8] = typed[8] == 'Z' ? 'Y' : 'Z';
        var unknown = ProductKey.Mint(CalType.User, new(2025), 9, RandomNumberGenerator.GetBytes(ProductKey.RandomLength)).Text;

        foreach (var ask in new Func<string, Task>[] { key => CheckAsync(key, null), key => server.RedeemAsync(_publisher, key) })
        {
            var mistyped = await Assert.ThrowsAsync<ProblemException>(() => ask(new string(typed)));
            Assert.Equal((LicensingProblem.ProductKeyMistyped, "productKey"), (mistyped.Problem, mistyped.Field));
            Assert.Contains("symbol 8 (group 2, place 3)", mistyped.Message, StringComparison.Ordinal);
            var first = await Assert.ThrowsAsync<ProblemException>(() => ask(unknown));
            var second = await Assert.ThrowsAsync<ProblemException>(() => ask("00000-00000-00000-00000-00000"));
            Assert.Equal((LicensingProblem.ProductKeyUnknown, first.Message), (first.Problem, second.Message));
            Assert.Equal(first.Problem, second.Problem);
        }
    }

    [Fact]
    public async Task Only_a_license_server_that_this_publisher_activated_can_redeem()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        using var impostor = new TestLicenseServer { Certificate = server.Certificate };
        using var elsewhere = new TestAuthority();
        var key = await _publisher.MintAsync();
        var good = server.NewRedemption(_publisher, key);
        async Task RefusedAsync(RedeemRequest request, LicensingProblem expected, string field)
        {
            var problem = await Assert.ThrowsAsync<ProblemException>(() => _publisher.Client.RedeemAsync(request, TestPublisher.Cancellation));
            Assert.Equal((expected, field), (problem.Problem, problem.Field));
        }

        await RefusedAsync(impostor.NewRedemption(_publisher, key), LicensingProblem.SignatureInvalid, "request");
        await RefusedAsync(good with { LicenseServerCertificate = CertificateChain.ToPem([elsewhere.LicenseServer]) }, LicensingProblem.SignatureInvalid, "licenseServerCertificate");
        await RefusedAsync(good with { LicenseServerCertificate = CertificateChain.ToPem([_publisher.Root]) }, LicensingProblem.SignatureInvalid, "licenseServerCertificate");
        await RefusedAsync(good with { LicenseServerCertificate = "no certificate" }, LicensingProblem.InvalidField, "licenseServerCertificate");
        await RefusedAsync(good with { LicenseServerCertificate = new string(' ', 16 * 1024 + 1) }, LicensingProblem.InvalidField, "licenseServerCertificate");
        await RefusedAsync(good with { Request = [.. good.Request[..^1], (byte)(good.Request[^1] ^ 1)] }, LicensingProblem.SignatureInvalid, "request");
        await RefusedAsync(good with { Request = [] }, LicensingProblem.SignatureInvalid, "request");
        await RefusedAsync(good with { Request = Statement.Sign("no statement"u8, server.Key) }, LicensingProblem.InvalidField, "request");
        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
    }

    [Fact]
    public async Task A_license_server_whose_certificate_is_over_cannot_redeem()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();
        _publisher.Time.Advance(TimeSpan.FromDays(3660));

        var problem = await Assert.ThrowsAsync<ProblemException>(() => server.RedeemAsync(_publisher, key));

        Assert.Equal(LicensingProblem.SignatureInvalid, problem.Problem);
        Assert.Contains("2036-03-10", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pack_that_is_signed_is_given_again_while_the_signer_is_away()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        var (signed, notSigned) = (await _publisher.MintAsync(), await _publisher.MintAsync());
        var first = await server.RedeemAsync(_publisher, signed);
        await _publisher.StopSignerAsync();
        await _publisher.RestartClearinghouseAsync();

        Assert.Equal(first.KeyPack, (await server.RedeemAsync(_publisher, signed)).KeyPack);
        var problem = await Assert.ThrowsAsync<ProblemException>(() => server.RedeemAsync(_publisher, notSigned));
        Assert.Equal(LicensingProblem.TemporarilyUnavailable, problem.Problem);

        await _publisher.StartSignerAsync();
        await server.RedeemAsync(_publisher, notSigned);
    }

    private Task<CheckProductKeyResponse> CheckAsync(string key, TestLicenseServer? server)
        => _publisher.Client.CheckProductKeyAsync(new(key, server?.Id.Text), TestPublisher.Cancellation);
}
