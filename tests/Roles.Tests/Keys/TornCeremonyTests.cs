using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Trust;
using Ostiary.Roles.Tests.Clearinghouse;
using Xunit;

namespace Ostiary.Roles.Tests.Keys;

/// <summary>A ceremony that is cut off after a step goes on where it was when it is run again, and the clearinghouse is never without an answer.</summary>
public sealed class TornCeremonyTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;

    private string Root => _publisher.At("root");

    private string Signer => _publisher.At("signer");

    private string ClearinghouseState => _publisher.At("clearinghouse");

    private DateTimeOffset Now => _publisher.Time.GetUtcNow();

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public async ValueTask InitializeAsync() => _publisher = await TestPublisher.StartAsync();

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Rotation_of_the_root(int lastStep)
    {
        Assert.Throws<Crash>(() => RootCeremony.RotateRoot(Root, ClearinghouseState, Now, CrashAfter(lastStep)));
        using (await _publisher.NewLicenseServerAsync())
            Assert.Equal(lastStep >= 4 ? 2 : 1, (await RootsAsync()).Count);
        _publisher.Time.Advance(TimeSpan.FromDays(3));

        var rotated = RootCeremony.RotateRoot(Root, ClearinghouseState, Now);

        Assert.Equal(_publisher.Ceremony.Root, rotated.Old);
        Assert.Equal([rotated.Old, rotated.Root], (await RootsAsync()).Select(KeyFingerprint.Of));
        var (old, next) = ($"{rotated.Old.KeyId:x8}", $"{rotated.Root.KeyId:x8}");
        Assert.Equal(
            new[] { $"cross-{next}.pem", $"root-{old}.key", $"root-{old}.pem", "root.key", "root.pem" }.Order(StringComparer.Ordinal),
            Directory.GetFiles(Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal("600", TestPublisher.ModeOf(Path.Combine(Root, $"root-{old}.key")));
        await _publisher.StopSignerAsync();
        Assert.Equal(rotated.Root, RootCeremony.RotateIssuing(Root, Signer, Now).Root);
        await _publisher.StartSignerAsync();
        using var server = await _publisher.NewLicenseServerAsync();

        // Once more: the third root is followed from the first.
        var third = RootCeremony.RotateRoot(Root, ClearinghouseState, Now);
        Assert.Equal([rotated.Old, rotated.Root, third.Root], (await RootsAsync()).Select(KeyFingerprint.Of));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Rotation_of_the_issuing_key_under_a_new_root(int lastStep)
    {
        var root = RootCeremony.RotateRoot(Root, ClearinghouseState, Now);
        await _publisher.StopSignerAsync();
        Assert.Throws<Crash>(() => RootCeremony.RotateIssuing(Root, Signer, Now, CrashAfter(lastStep)));
        Assert.Throws<CeremonyException>(() => RootCeremony.WithdrawIssuing(Root, Signer, ClearinghouseState, _publisher.Ceremony.Issuing, Now));

        var record = RootCeremony.RotateIssuing(Root, Signer, Now);
        await _publisher.StartSignerAsync();

        Assert.Equal((root.Root, true), (record.Root, record.Issuing != _publisher.Ceremony.Issuing));
        Assert.Equal(3, Directory.GetFiles(Signer, "issuing*").Length);
        using var server = await _publisher.NewLicenseServerAsync();
        Assert.Equal(record.Issuing.Hex, (await _publisher.Administration.StatusAsync(Cancellation)).IssuingFingerprint);
    }

    [Fact]
    public async Task Withdrawal_of_an_issuing_key()
    {
        await _publisher.StopSignerAsync();
        RootCeremony.RotateIssuing(Root, Signer, Now);
        await _publisher.StartSignerAsync();
        Assert.Throws<Crash>(() => RootCeremony.WithdrawIssuing(Root, Signer, ClearinghouseState, _publisher.Ceremony.Issuing, Now, CrashAfter(1)));
        Assert.Null((await _publisher.Client.TrustAsync(Cancellation)).Withdrawn);

        var record = RootCeremony.WithdrawIssuing(Root, Signer, ClearinghouseState, _publisher.Ceremony.Issuing, Now.AddDays(1));

        Assert.Equal((1, Now), (record.Number, Assert.Single(record.Keys).WithdrawnAt));
        Assert.True((await TrustAsync()).IsWithdrawn(_publisher.Ceremony.Issuing));
    }

    [Fact]
    public async Task Signing_again_that_was_cut_off_goes_on_at_the_next_pass()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();
        await server.RedeemAsync(_publisher, key);
        await _publisher.StopSignerAsync();
        var issuing = RootCeremony.RotateIssuing(Root, Signer, Now).Issuing;
        await _publisher.StartSignerAsync();
        RootCeremony.WithdrawIssuing(Root, Signer, ClearinghouseState, _publisher.Ceremony.Issuing, Now);
        foreach (var step in new[] { Ostiary.Clearinghouse.IssuanceStep.ActivationStored, Ostiary.Clearinghouse.IssuanceStep.ActivationSigned, Ostiary.Clearinghouse.IssuanceStep.RedemptionSigned })
        {
            await _publisher.StopClearinghouseAsync();
            await _publisher.StartClearinghouseAsync(_publisher.Options(reached =>
            {
                if (reached == step)
                    throw new Crash();
            }));
            await Assert.ThrowsAnyAsync<Exception>(() => PassAsync());
        }

        await _publisher.RestartClearinghouseAsync();
        await PassAsync();

        Assert.Equal(0L, _publisher.Query<long>($"SELECT count(*) FROM Activations WHERE Signature IS NULL OR Issuer <> '{issuing.Hex}'"));
        Assert.Equal(0L, _publisher.Query<long>($"SELECT count(*) FROM KeyPacks WHERE Statement IS NULL OR Issuer <> '{issuing.Hex}'"));
        Assert.Equal(issuing, KeyFingerprint.Of(CertificateChain.FromPem((await server.RedeemAsync(_publisher, key)).IssuingCertificate)[0]));
    }

    private Task PassAsync() => _publisher.ClearinghouseApp.Services.GetRequiredService<KeyUpkeep>().PassAsync(Cancellation);

    private async Task<PublisherTrust> TrustAsync() => PublisherTrust.Of(_publisher.Root).Take(await _publisher.Client.TrustAsync(Cancellation), Now);

    private async Task<IReadOnlyList<System.Security.Cryptography.X509Certificates.X509Certificate2>> RootsAsync() => (await TrustAsync()).Roots;

    private static Action<int> CrashAfter(int lastStep) => step =>
    {
        if (step == lastStep)
            throw new Crash();
    };

    private sealed class Crash : Exception;
}
