using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse;
using Ostiary.Clearinghouse.Storage;
using Ostiary.Clearinghouse.Tls;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>What operators do and see, and what a clearinghouse does by itself.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class OperatorTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;

    public async ValueTask InitializeAsync() => _publisher = await TestPublisher.StartAsync();

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();

    [Fact]
    public async Task Minted_keys_are_shown_found_and_listed()
    {
        var minted = (await _publisher.Administration.MintAsync(new(CalType.User, new(2019), 50, 5, "evaluation"), TestPublisher.Cancellation)).Keys;

        Assert.Equal(5, minted.Select(key => key.ProductKey).Distinct().Count());
        Assert.All(minted, key => Assert.Equal((CalType.User, new CalVersion(2019), 50, "evaluation", null), (key.Type, key.Version, key.Quantity, key.Program, key.RedeemedAt)));
        Assert.Equal(minted[2], await FindAsync(new(null, minted[2].Id)));
        Assert.Equal(minted[2], await FindAsync(new(minted[2].ProductKey!.ToLowerInvariant(), null)));
        var first = await _publisher.Administration.ProductKeysAsync(null, 3, TestPublisher.Cancellation);
        var second = await _publisher.Administration.ProductKeysAsync(first.Next, 3, TestPublisher.Cancellation);
        Assert.Equal(minted.Select(key => key with { ProductKey = null }), [.. first.Items, .. second.Items]);
        Assert.Null(second.Next);
    }

    [Theory]
    [InlineData(2023, 5, 1, "retail", "version")]
    [InlineData(2022, 0, 1, "retail", "quantity")]
    [InlineData(2022, 16_384, 1, "retail", "quantity")]
    [InlineData(2022, 5, 0, "retail", "count")]
    [InlineData(2022, 5, 1001, "retail", "count")]
    [InlineData(2022, 5, 1, "", "program")]
    [InlineData(2022, 5, 1, "two\nlines", "program")]
    public async Task Minting_keeps_to_its_limits(int version, int quantity, int count, string program, string field)
    {
        var problem = await Assert.ThrowsAsync<ProblemException>(
            () => _publisher.Administration.MintAsync(new(CalType.Device, new(version), quantity, count, program), TestPublisher.Cancellation));

        Assert.Equal((LicensingProblem.InvalidField, field), (problem.Problem, problem.Field));
        Assert.Equal(0L, _publisher.Query<long>("SELECT COUNT(*) FROM ProductKeys"));
    }

    [Fact]
    public async Task What_is_not_there_or_asked_for_wrongly_is_said()
    {
        async Task<LicensingProblem> ProblemOf(FindProductKeyRequest request) => (await Assert.ThrowsAsync<ProblemException>(() => FindAsync(request))).Problem;

        Assert.Equal(LicensingProblem.NotFound, await ProblemOf(new(null, 99)));
        Assert.Equal(LicensingProblem.ProductKeyUnknown, await ProblemOf(new("00000-00000-00000-00000-00000", null)));
        Assert.Equal(LicensingProblem.InvalidField, await ProblemOf(new(null, null)));
        Assert.Equal(LicensingProblem.InvalidField, await ProblemOf(new("x", 1)));
        Assert.Equal(LicensingProblem.InvalidField, (await Assert.ThrowsAsync<ProblemException>(() => _publisher.Administration.ProductKeysAsync("x", 3, TestPublisher.Cancellation))).Problem);
        Assert.Equal(LicensingProblem.InvalidField, (await Assert.ThrowsAsync<ProblemException>(() => _publisher.Administration.ProductKeysAsync(null, 1001, TestPublisher.Cancellation))).Problem);
    }

    [Fact]
    public async Task The_database_and_the_log_give_no_product_key_away()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();
        await server.RedeemAsync(_publisher, key);
        await _publisher.StopClearinghouseAsync();

        foreach (var content in TestDatabases.Contents(_publisher.Database, _publisher.At("clearinghouse"), "clearinghouse.db*"))
        {
            var text = Encoding.Latin1.GetString(content);
            Assert.DoesNotContain(key, text, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(key.Replace("-", "", StringComparison.Ordinal), text, StringComparison.OrdinalIgnoreCase);
        }

        Assert.All(Directory.GetFiles(_publisher.At("clearinghouse"), "clearinghouse.db*"), file => Assert.Equal("600", TestPublisher.ModeOf(file)));

        Assert.DoesNotContain(_publisher.LogLines, line => line.Contains(key[..11], StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task The_text_of_a_redeemed_key_is_erased_after_its_days_and_the_key_is_still_known()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        var (redeemed, unredeemed) = (await _publisher.MintAsync(), await _publisher.MintAsync());
        var pack = await server.RedeemAsync(_publisher, redeemed);

        _publisher.Time.Advance(TimeSpan.FromDays(29));
        Assert.Equal(redeemed, (await FindAsync(new(redeemed, null))).ProductKey);
        _publisher.Time.Advance(TimeSpan.FromDays(2));
        await EventuallyAsync(async () => (await FindAsync(new(redeemed, null))).ProductKey is null);

        Assert.Equal(unredeemed, (await FindAsync(new(unredeemed, null))).ProductKey);
        Assert.Equal(pack.KeyPack, (await server.RedeemAsync(_publisher, redeemed)).KeyPack);
    }

    [Fact]
    public async Task The_status_tells_what_is_in_use_and_how_much_was_done()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        await server.RedeemAsync(_publisher, await _publisher.MintAsync());
        await _publisher.MintAsync();

        Assert.Equal(
            new ClearinghouseStatus(
                ClearinghouseRole.AddressOf(_publisher.ClearinghouseApp).AbsoluteUri, "Example Ltd", _publisher.Ceremony.Root.Hex, _publisher.Ceremony.Issuing.Hex,
                _publisher.Ceremony.IssuingSignsUntil, 1, 2, 1, true),
            await _publisher.Administration.StatusAsync(TestPublisher.Cancellation));
        await _publisher.StopSignerAsync();
        Assert.False((await _publisher.Administration.StatusAsync(TestPublisher.Cancellation)).SignerReachable);
    }

    [Fact]
    public async Task The_TLS_certificate_is_kept_over_restarts_and_renewed_before_its_end()
    {
        var file = Path.Combine(_publisher.At("clearinghouse"), "tls.pem");
        Assert.Equal("600", TestPublisher.ModeOf(file));
        var first = await File.ReadAllTextAsync(file, TestPublisher.Cancellation);
        await _publisher.RestartClearinghouseAsync();
        Assert.Equal(first, await File.ReadAllTextAsync(file, TestPublisher.Cancellation));

        _publisher.Time.Advance(TimeSpan.FromDays(TlsCertificate.Days - TlsCertificate.RenewDays + 1));
        await EventuallyAsync(async () => await File.ReadAllTextAsync(file, TestPublisher.Cancellation) != first);
        _publisher.Time.Advance(TimeSpan.FromDays(31));

        // A new connection: by now the first certificate is over.
        using var client = _publisher.NewClient();
        Assert.Contains("BEGIN CERTIFICATE", await client.GetStringAsync("v1/root", TestPublisher.Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PEM_files_of_the_options_are_served_instead()
    {
        using var key = TestAuthority.NewKey();
        using var certificate = new CertificateRequest("CN=public name", key, System.Security.Cryptography.HashAlgorithmName.SHA256)
            .CreateSelfSigned(TestAuthority.Begin, TestAuthority.Begin.AddYears(1));
        var (certificateFile, keyFile) = (Path.Combine(_publisher.Directory, "public.pem"), Path.Combine(_publisher.Directory, "public.key"));
        await File.WriteAllTextAsync(certificateFile, CertificateChain.ToPem([certificate]), TestPublisher.Cancellation);
        await File.WriteAllTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem(), TestPublisher.Cancellation);
        await _publisher.StopClearinghouseAsync();
        await _publisher.StartClearinghouseAsync(new()
        {
            StateDirectory = _publisher.At("clearinghouse"),
            SignerSocket = _publisher.SignerOptions.Socket,
            Listen = "127.0.0.1:0",
            TlsCertificateFile = certificateFile,
            TlsKeyFile = keyFile,
        });
        string? seen = null;
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new()
            {
                RemoteCertificateValidationCallback = (_, shown, _, _) =>
                {
                    seen = shown!.GetCertHashString();
                    return seen == certificate.GetCertHashString();
                },
            },
        };
        using var client = new HttpClient(handler);

        await client.GetStringAsync(new Uri(ClearinghouseRole.AddressOf(_publisher.ClearinghouseApp), "v1/root"), TestPublisher.Cancellation);

        Assert.Equal(certificate.GetCertHashString(), seen);
    }

    [Fact]
    public async Task A_changed_removed_or_swapped_audit_row_is_named_and_the_start_says_so()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        await server.RedeemAsync(_publisher, await _publisher.MintAsync());
        Assert.Equal(5L, _publisher.Query<long>("SELECT COUNT(*) FROM Audit"));
        Assert.Null(await VerifyAsync());

        foreach (var (damage, repair, number) in new[]
        {
            ("UPDATE Audit SET Subject=Subject||'x' WHERE Number=2", "UPDATE Audit SET Subject=substr(Subject,1,length(Subject)-1) WHERE Number=2", 2L),
            ("UPDATE Audit SET At=At+1 WHERE Number=3", "UPDATE Audit SET At=At-1 WHERE Number=3", 3L),
            ("UPDATE Audit SET Number=9 WHERE Number=2", "UPDATE Audit SET Number=2 WHERE Number=9", 2L),
            ("UPDATE Audit SET By='mallory' WHERE Number=4", "UPDATE Audit SET By='root' WHERE Number=4", 4L),
            ("UPDATE Audit SET Commitment=zeroblob(32) WHERE Number=1", "SELECT 1", 1L),
        })
        {
            Execute(damage);
            Assert.Equal(number, (await VerifyAsync())!.Value.Number);
            Execute(repair);
        }

        await _publisher.RestartClearinghouseAsync();
        Assert.Contains(_publisher.LogLines, line => line.StartsWith("Critical", StringComparison.Ordinal) && line.Contains("entry 1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_database_of_another_schema_and_another_signers_root_are_refused()
    {
        await _publisher.StopClearinghouseAsync();
        Execute("INSERT INTO __EFMigrationsHistory VALUES ('99990101000000_Later', '10.0')");
        var schema = await Assert.ThrowsAsync<InvalidDataException>(() => _publisher.StartClearinghouseAsync(_publisher.Options()));
        Assert.Contains("99990101000000_Later", schema.Message, StringComparison.Ordinal);
        await _publisher.StopClearinghouseAsync();
        Execute("DELETE FROM __EFMigrationsHistory WHERE MigrationId = '99990101000000_Later'");

        await using var other = await TestPublisher.StartAsync();
        var root = await Assert.ThrowsAsync<InvalidDataException>(() => _publisher.StartClearinghouseAsync(new()
        {
            StateDirectory = _publisher.At("clearinghouse"),
            SignerSocket = other.SignerOptions.Socket,
            Database = _publisher.Database,
            Listen = "127.0.0.1:0",
        }));
        Assert.Contains("root", root.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_signer_the_first_start_fails_and_later_ones_do_not()
    {
        await _publisher.StopSignerAsync();
        await _publisher.RestartClearinghouseAsync();
        Assert.False((await _publisher.Administration.StatusAsync(TestPublisher.Cancellation)).SignerReachable);

        await _publisher.StopClearinghouseAsync();
        foreach (var file in Directory.GetFiles(_publisher.At("clearinghouse"), "clearinghouse.db*"))
            File.Delete(file);
        if (_publisher.Database is not null)
            _publisher.Query<object?>("DELETE FROM Issuers");
        var problem = await Assert.ThrowsAsync<ProblemException>(() => _publisher.StartClearinghouseAsync(_publisher.Options()));
        Assert.Equal(LicensingProblem.TemporarilyUnavailable, problem.Problem);
    }

    [Fact]
    public void Options_say_everything_that_is_wrong_at_once()
    {
        var options = new ClearinghouseOptions
        {
            StateDirectory = "/nowhere",
            SignerSocket = "",
            Listen = "localhost:7401",
            PublicAddress = new("http://example.org/"),
            TlsKeyFile = "/nowhere/key",
            AttemptsPerMinute = 0,
            KeepRedeemedTexts = TimeSpan.FromDays(-1),
            SignerTimeout = TimeSpan.Zero,
        };

        Assert.Equal(10, options.Check().Count);
        Assert.Throws<ArgumentException>(() => ClearinghouseRole.Build(options, TimeProvider.System, _ => { }));
        Assert.Empty(_publisher.Options().Check());
    }

    private Task<ProductKeyRecord> FindAsync(FindProductKeyRequest request) => _publisher.Administration.FindProductKeyAsync(request, TestPublisher.Cancellation);

    private Task<(long Number, string Fault)?> VerifyAsync()
        => _publisher.ClearinghouseApp.Services.GetRequiredService<Database>().ReadAsync(store => store.VerifyAuditAsync(TestPublisher.Cancellation), TestPublisher.Cancellation);

    private void Execute(string sql) => _publisher.Query<object?>(sql);

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            if (await condition())
                return;
            await Task.Delay(50, TestPublisher.Cancellation);
        }

        Assert.Fail("it did not happen within 10 s");
    }
}
