using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse;
using Ostiary.Clearinghouse.ProductKeys;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Http;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Roles.Tests.Clearinghouse;
using Xunit;

namespace Ostiary.Roles.Tests.Postgres;

/// <summary>Two nodes of one clearinghouse on one database, with one signer.</summary>
[Trait(TestDatabases.Trait, TestDatabases.Postgres)]
public sealed class ClearinghouseNodesTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;
    private WebApplication _second = null!;
    private ClearinghouseClient _atSecond = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public async ValueTask InitializeAsync()
    {
        _publisher = await TestPublisher.StartAsync();
        _second = await StartNodeAsync("second");
        _atSecond = new(_publisher.NewClient(ClearinghouseRole.AddressOf(_second)));
    }

    public async ValueTask DisposeAsync()
    {
        await _second.DisposeAsync();
        await _publisher.DisposeAsync();
    }

    [Fact]
    public async Task One_product_key_a_hundred_times_at_both_is_one_pack()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(at => (at % 2 == 0 ? _publisher.Client : _atSecond).RedeemAsync(server.NewRedemption(_publisher, key), Cancellation)));

        Assert.Single(answers.Select(answer => Convert.ToHexString(answer.KeyPack)).Distinct());
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='redemption'"));
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task Of_many_license_servers_at_both_one_gets_the_pack()
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _publisher.NewLicenseServerAsync()));
        var key = await _publisher.MintAsync();

        var answers = await Task.WhenAll(servers.Select(async (server, at) =>
        {
            try
            {
                return (await (at % 2 == 0 ? _publisher.Client : _atSecond).RedeemAsync(server.NewRedemption(_publisher, key), Cancellation)).KeyPack;
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
    public async Task An_agreement_is_not_drawn_beyond_its_quantity_by_two_nodes()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        await _publisher.Administration.AddAgreementAsync(new("select", ["1234567"], "Engines Ltd", null, false, [new(CalType.Device, new(2022), 10)], [server.Id.Text]), Cancellation);

        var drawn = await Task.WhenAll(Enumerable.Range(0, 20).Select(async at =>
        {
            var request = new DrawRequest("select", ["1234567"], CalType.Device, new(2022), 1, System.Security.Cryptography.RandomNumberGenerator.GetBytes(DrawRequest.NonceLength), _publisher.Time.GetUtcNow());
            try
            {
                await (at % 2 == 0 ? _publisher.Client : _atSecond).DrawAsync(
                    new(Statement.Sign(request.Encode(), server.Key), Contracts.Certificates.CertificateChain.ToPem([server.Certificate])), Cancellation);
                return true;
            }
            catch (ProblemException refused) when (refused.Problem == LicensingProblem.RuleForbids)
            {
                return false;
            }
        }));

        Assert.Equal(10, drawn.Count(isDrawn => isDrawn));
        Assert.Equal(10L, _publisher.Query<long>("SELECT SUM(Quantity)::bigint FROM ProductKeys"));
    }

    [Fact]
    public async Task Wrong_keys_are_counted_together()
    {
        var counts = new[] { _publisher.ClearinghouseApp, _second }.Select(node => node.Services.GetRequiredService<Database>().WrongKeys).ToArray();
        var now = _publisher.Time.GetUtcNow();
        for (var tried = 1; tried <= 6; tried++)
            Assert.Equal(tried, await counts[tried % 2].CountAsync("KEYS1-KEYS2", now, WrongKeys.Window, Cancellation));

        Assert.Equal(1, await counts[0].CountAsync("KEYS3-KEYS4", now, WrongKeys.Window, Cancellation));
        // After the window, and after a clock that was set back, it begins anew; what is old has gone.
        Assert.Equal(1, await counts[0].CountAsync("KEYS1-KEYS2", now.AddMinutes(-1), WrongKeys.Window, Cancellation));
        Assert.Equal(1, await counts[0].CountAsync("KEYS5-KEYS6", now + WrongKeys.Window, WrongKeys.Window, Cancellation));
        Assert.Equal(1L, _publisher.Query<long>("SELECT COUNT(*) FROM WrongKeys"));
    }

    [Fact]
    public async Task What_one_nodes_signer_has_signed_the_other_gives_out()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();
        var pack = await server.RedeemAsync(_publisher, key);
        var services = _second.Services.GetRequiredService<Ostiary.Clearinghouse.Signing.Issuers>();
        var issuing = services.Known[0];
        // As after a new issuing key that only the first node has seen in use yet.
        Assert.True(Statement.TryReadSigner(pack.KeyPack, out var signer));
        Assert.Equal(Contracts.Certificates.KeyFingerprint.Of(issuing), signer);
        using var other = TestAuthority.NewKey();
        using var authority = new TestAuthority();
        var row = IssuerRow.Of(authority.Issuing, _publisher.Time.GetUtcNow());
        Assert.Null(services.Find(Contracts.Certificates.KeyFingerprint.Of(authority.Issuing)));
        await _publisher.ClearinghouseApp.Services.GetRequiredService<Database>().WriteAsync(
            store =>
            {
                store.Issuers.Add(row);
                return Task.FromResult(true);
            },
            Cancellation);

        Assert.NotNull(services.Find(Contracts.Certificates.KeyFingerprint.Of(authority.Issuing)));
        Assert.Equal(pack.KeyPack, (await _atSecond.RedeemAsync(server.NewRedemption(_publisher, key), Cancellation)).KeyPack);
    }

    [Fact]
    public async Task A_node_with_other_secrets_does_not_start()
    {
        await _publisher.MintAsync();

        var refused = await Assert.ThrowsAsync<InvalidDataException>(() => StartNodeAsync("third", Path.Combine(_publisher.Directory, "other.key")));

        Assert.Contains(ProductKeySecrets.FileName, refused.Message, StringComparison.Ordinal);
    }

    private async Task<WebApplication> StartNodeAsync(string name, string? secrets = null)
    {
        var state = Path.Combine(_publisher.Directory, name);
        Directory.CreateDirectory(state);
        foreach (var file in Directory.GetFiles(_publisher.At("clearinghouse")).Where(file => Path.GetExtension(file) is ".pem" or ".key" && Path.GetFileName(file) != "tls.pem"))
            File.Copy(file, Path.Combine(state, Path.GetFileName(file)));
        if (secrets is not null)
            await File.WriteAllBytesAsync(Path.Combine(state, ProductKeySecrets.FileName), System.Security.Cryptography.RandomNumberGenerator.GetBytes(ProductKeySecrets.FileLength), Cancellation);
        var node = ClearinghouseRole.Build(
            new() { StateDirectory = state, SignerSocket = _publisher.SignerOptions.Socket, Database = _publisher.Database, Listen = "127.0.0.1:0", AttemptsPerMinute = 100_000 },
            _publisher.Time, _ => { });
        try
        {
            await node.StartAsync(Cancellation);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }
}
