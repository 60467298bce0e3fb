using Ostiary.Clearinghouse;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>The steps of docs/issuance-cycle.md: a crash after each, then the same request again.</summary>
[Trait(TestDatabases.Storage, TestDatabases.Core)]
public sealed class CrashTests
{
    public static TheoryData<string> ActivationSteps => [.. Steps("Activation")];

    public static TheoryData<string> RedemptionSteps => [.. Steps("Redemption")];

    [Theory]
    [MemberData(nameof(ActivationSteps))]
    public async Task An_activation_that_crashed_is_completed_by_the_same_request(string step)
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var server = new TestLicenseServer();
        await publisher.RestartClearinghouseAsync(CrashAfter(step));

        Assert.Equal(LicensingProblem.InternalError, (await Assert.ThrowsAsync<ProblemException>(() => server.ActivateAsync(publisher))).Problem);
        var stored = publisher.Query<byte[]>("SELECT ToBeSigned FROM Activations");
        publisher.Time.Advance(TimeSpan.FromDays(2));
        await publisher.RestartClearinghouseAsync();
        var first = await server.ActivateAsync(publisher);
        var second = await server.ActivateAsync(publisher);

        Assert.Equal(first.Signature, second.Signature);
        Assert.Equal(stored, publisher.Query<byte[]>("SELECT ToBeSigned FROM Activations"));
        Assert.Equal(first.Signature, publisher.Query<byte[]>("SELECT Signature FROM Activations"));
        Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
        Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='activation'"));
    }

    [Theory]
    [MemberData(nameof(RedemptionSteps))]
    public async Task A_redemption_that_crashed_is_completed_by_the_same_license_server_and_by_no_other(string step)
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var server = await publisher.NewLicenseServerAsync();
        using var other = await publisher.NewLicenseServerAsync();
        var key = await publisher.MintAsync();
        await publisher.RestartClearinghouseAsync(CrashAfter(step));

        Assert.Equal(LicensingProblem.InternalError, (await Assert.ThrowsAsync<ProblemException>(() => server.RedeemAsync(publisher, key))).Problem);
        var stored = publisher.Query<byte[]>("SELECT Payload FROM KeyPacks");
        publisher.Time.Advance(TimeSpan.FromDays(2));
        await publisher.RestartClearinghouseAsync();

        Assert.Equal(LicensingProblem.ProductKeyRedeemedElsewhere, (await Assert.ThrowsAsync<ProblemException>(() => other.RedeemAsync(publisher, key))).Problem);
        var first = await server.RedeemAsync(publisher, key);
        var second = await server.RedeemAsync(publisher, key);
        Assert.Equal(first.KeyPack, second.KeyPack);
        Assert.Equal(stored, publisher.Query<byte[]>("SELECT Payload FROM KeyPacks"));
        Assert.Equal(first.KeyPack, publisher.Query<byte[]>("SELECT Statement FROM KeyPacks"));
        Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
        Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM ProductKeys WHERE RedeemedAt IS NOT NULL"));
        Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='redemption'"));
    }

    [Fact]
    public async Task A_new_issuing_key_signs_what_was_stored_for_the_old_one_and_what_the_old_one_signed_stays()
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var early = new TestLicenseServer();
        using var late = new TestLicenseServer();
        var (signed, fresh) = (await publisher.MintAsync(), await publisher.MintAsync());
        var activation = await early.ActivateAsync(publisher);
        var pack = await early.RedeemAsync(publisher, signed);
        await publisher.RestartClearinghouseAsync(CrashAfter(nameof(IssuanceStep.ActivationStored)));
        await Assert.ThrowsAsync<ProblemException>(() => late.ActivateAsync(publisher));
        await publisher.RestartClearinghouseAsync();

        // The clearinghouse keeps running while the signer gets another key.
        publisher.Time.Advance(TimeSpan.FromMinutes(1));
        await publisher.StopSignerAsync();
        File.Delete(Path.Combine(publisher.At("signer"), "issuing.key"));
        File.Delete(Path.Combine(publisher.At("signer"), "issuing.pem"));
        var ceremony = RootCeremony.Perform(publisher.At("root"), publisher.At("signer"), publisher.At("clearinghouse"), "Example Ltd", publisher.Time.GetUtcNow());
        await publisher.StartSignerAsync();

        Assert.Equal(ceremony.Issuing.KeyId, (await late.ActivateAsync(publisher)).KeyId);
        Assert.Equal(activation.Signature, (await early.ActivateAsync(publisher)).Signature);
        Assert.Equal(pack.KeyPack, (await early.RedeemAsync(publisher, signed)).KeyPack);
        Assert.Equal(ceremony.Issuing, KeyFingerprint.Of(CertificateChain.FromPem((await early.RedeemAsync(publisher, fresh)).IssuingCertificate)[0]));
        Assert.Equal(2L, publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
        Assert.Equal(3L, publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='activation'"));
    }

    private static IEnumerable<string> Steps(string of) => Enum.GetNames<IssuanceStep>().Where(step => step.StartsWith(of, StringComparison.Ordinal));

    private static Action<IssuanceStep> CrashAfter(string step) => reached =>
    {
        if (reached.ToString() == step)
            throw new InvalidOperationException($"crash after {step}");
    };
}
