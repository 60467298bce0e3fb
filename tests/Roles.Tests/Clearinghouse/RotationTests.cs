using System.Security.Cryptography.X509Certificates;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Statements;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>The issuing key is followed by another while license servers go on.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class RotationTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;

    private string Root => _publisher.At("root");

    private string Signer => _publisher.At("signer");

    public async ValueTask InitializeAsync() => _publisher = await TestPublisher.StartAsync();

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();

    [Fact]
    public async Task What_the_old_key_signed_stays_and_the_new_key_signs_from_then_on()
    {
        using var before = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();
        var pack = await before.RedeemAsync(_publisher, key);
        _publisher.Time.Advance(TimeSpan.FromDays(600));

        await _publisher.StopSignerAsync();
        var record = RootCeremony.RotateIssuing(Root, Signer, _publisher.Time.GetUtcNow());
        await _publisher.StartSignerAsync();

        Assert.NotEqual(_publisher.Ceremony.Issuing, record.Issuing);
        // The same request is answered as ever, by the old key's signature; that license server redeems on, and gets the new key's.
        Assert.Equal(pack.KeyPack, (await before.RedeemAsync(_publisher, key)).KeyPack);
        var later = await before.RedeemAsync(_publisher, await _publisher.MintAsync());
        using var after = await _publisher.NewLicenseServerAsync();
        foreach (var (issuer, statement) in new[] { (_publisher.Ceremony.Issuing, pack), (record.Issuing, later) })
        {
            using var issuing = CertificateChain.FromPem(statement.IssuingCertificate)[0];
            using var issuingKey = issuing.GetECDsaPublicKey()!;
            Assert.Equal(issuer, KeyFingerprint.Of(issuing));
            Assert.True(Statement.TryVerify(statement.KeyPack, issuingKey, out _));
            Assert.True(CertificateChain.LeadsTo(_publisher.Root, issuing, [], _publisher.Time.GetUtcNow()));
        }

        Assert.True(CertificateChain.LeadsTo(_publisher.Root, after.Certificate, [CertificateChain.FromPem(later.IssuingCertificate)[0]], _publisher.Time.GetUtcNow()));
        Assert.Equal(["issuing-" + $"{_publisher.Ceremony.Issuing.KeyId:x8}" + ".pem", "issuing.key", "issuing.pem"], Directory.GetFiles(Signer, "issuing*").Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("issuing-next.key")]
    [InlineData("issuing-next.pem")]
    public async Task Cut_off_between_its_steps_it_goes_on_when_it_is_run_again(string lastStep)
    {
        await _publisher.StopSignerAsync();
        var (key, certificate) = (Path.Combine(Signer, "issuing.key"), Path.Combine(Signer, "issuing.pem"));
        var old = (Key: await File.ReadAllBytesAsync(key, TestPublisher.Cancellation), Certificate: await File.ReadAllBytesAsync(certificate, TestPublisher.Cancellation));
        var whole = RootCeremony.RotateIssuing(Root, Signer, _publisher.Time.GetUtcNow());
        // As it was before the last step, or before the last but one.
        File.Move(certificate, Path.Combine(Signer, "issuing-next.pem"));
        await File.WriteAllBytesAsync(certificate, old.Certificate, TestPublisher.Cancellation);
        if (lastStep == "issuing-next.key")
        {
            File.Move(key, Path.Combine(Signer, "issuing-next.key"));
            await File.WriteAllBytesAsync(key, old.Key, TestPublisher.Cancellation);
        }

        var again = RootCeremony.RotateIssuing(Root, Signer, _publisher.Time.GetUtcNow());
        await _publisher.StartSignerAsync();

        Assert.Equal(whole.Issuing, again.Issuing);
        using var server = await _publisher.NewLicenseServerAsync();
        Assert.Equal(3, Directory.GetFiles(Signer, "issuing*").Length);
    }

    [Fact]
    public async Task Not_while_the_signer_runs_and_not_with_another_root()
    {
        Assert.Throws<IOException>(() => RootCeremony.RotateIssuing(Root, Signer, _publisher.Time.GetUtcNow()));
        await _publisher.StopSignerAsync();
        await using var other = await TestPublisher.StartAsync();

        Assert.Throws<CeremonyException>(() => RootCeremony.RotateIssuing(other.At("root"), Signer, _publisher.Time.GetUtcNow()));
        Assert.Equal(["issuing.key", "issuing.pem"], Directory.GetFiles(Signer, "issuing*").Select(Path.GetFileName).Order());
    }
}
