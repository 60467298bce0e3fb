using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>The steps of docs/issuance-cycle.md: a crash after each, then the same request again.</summary>
[Trait(TestDatabases.Storage, TestDatabases.Core)]
public sealed class CrashTests
{
    public static TheoryData<string> ActivationSteps => [.. Steps("Activation")];

    public static TheoryData<string> RedemptionSteps => [.. Steps("Redemption")];

    public static TheoryData<string> DeactivationSteps => [.. Steps("Deactivation")];

    /// <summary>Each step, by each connection method.</summary>
    public static TheoryData<string, ConnectionMethod> ActivationStepsByMethod => ByMethod(ActivationSteps);

    public static TheoryData<string, ConnectionMethod> RedemptionStepsByMethod => ByMethod(RedemptionSteps);

    [Theory]
    [MemberData(nameof(ActivationStepsByMethod))]
    public async Task An_activation_that_crashed_is_completed_by_the_same_request(string step, ConnectionMethod method)
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var server = new TestLicenseServer();
        await publisher.RestartClearinghouseAsync(CrashAfter(step));

        await CrashesAsync(() => server.ActivateByAsync(publisher, method));
        var stored = publisher.Query<byte[]>("SELECT ToBeSigned FROM Activations");
        publisher.Time.Advance(TimeSpan.FromDays(2));
        await publisher.RestartClearinghouseAsync();
        var first = await server.ActivateByAsync(publisher, method);
        var second = await server.ActivateByAsync(publisher, method);

        Assert.Equal(first, second);
        // By whatever method it was begun, the automatic one gets the same.
        Assert.Equal(first, (await server.ActivateAsync(publisher)).Signature);
        Assert.Equal(stored, publisher.Query<byte[]>("SELECT ToBeSigned FROM Activations"));
        Assert.Equal(first, publisher.Query<byte[]>("SELECT Signature FROM Activations"));
        Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
        Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='activation'"));
    }

    [Theory]
    [MemberData(nameof(RedemptionStepsByMethod))]
    public async Task A_redemption_that_crashed_is_completed_by_the_same_license_server_and_by_no_other(string step, ConnectionMethod method)
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var server = await publisher.NewLicenseServerAsync();
        using var other = await publisher.NewLicenseServerAsync();
        var key = await publisher.MintAsync();
        await publisher.RestartClearinghouseAsync(CrashAfter(step));

        await CrashesAsync(() => server.RedeemByAsync(publisher, key, method));
        var stored = publisher.Query<byte[]>("SELECT Payload FROM KeyPacks");
        publisher.Time.Advance(TimeSpan.FromDays(2));
        await publisher.RestartClearinghouseAsync();

        Assert.Equal(LicensingProblem.ProductKeyRedeemedElsewhere, (await Assert.ThrowsAsync<ProblemException>(() => other.RedeemAsync(publisher, key))).Problem);
        var first = await server.RedeemByAsync(publisher, key, method);
        var second = await server.RedeemByAsync(publisher, key, method);
        Assert.Equal(first, second);
        Assert.Equal(first, (await server.RedeemAsync(publisher, key)).KeyPack);
        Assert.Equal(stored, publisher.Query<byte[]>("SELECT Payload FROM KeyPacks"));
        Assert.Equal(first, publisher.Query<byte[]>("SELECT Statement FROM KeyPacks"));
        Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
        Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM ProductKeys WHERE RedeemedAt IS NOT NULL"));
        Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='redemption'"));
    }

    [Theory]
    [MemberData(nameof(ActivationSteps))]
    public async Task A_reactivation_that_crashed_is_completed_by_the_same_request_by_either_method(string step)
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var server = await publisher.NewLicenseServerAsync();
        var pack = await server.RedeemAsync(publisher, await publisher.MintAsync());
        var asked = server.NewReactivation();
        await publisher.RestartClearinghouseAsync(CrashAfter(step));

        await CrashesAsync(() => publisher.Client.ReactivateAsync(asked, TestPublisher.Cancellation));
        var stored = publisher.Query<byte[]>("SELECT ToBeSigned FROM Activations WHERE Id = 2");
        publisher.Time.Advance(TimeSpan.FromDays(2));
        await publisher.RestartClearinghouseAsync();
        var first = await publisher.Client.ReactivateAsync(asked, TestPublisher.Cancellation);
        Assert.True(ResponseCode.TryParse(await publisher.CarryAsync(RequestCode.Reactivation(asked.Request, asked.Proof, null).Text), out var code, out _));
        var byPage = code.ReadDocuments(CodeKind.Reactivation)!;

        Assert.Equal(first.Activation.Signature, byPage.Answer.Signature);
        Assert.Equal(pack.KeyPack, Assert.Single(first.KeyPacks).KeyPack);
        Assert.Equal(pack.KeyPack, Assert.Single(byPage.KeyPacks).Statement);
        Assert.Equal(stored, publisher.Query<byte[]>("SELECT ToBeSigned FROM Activations WHERE Id = 2"));
        Assert.Equal((2L, 1L, 1L), (
            publisher.Query<long>("SELECT COUNT(*) FROM Activations"), publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='reactivation'"), publisher.Query<long>("SELECT COUNT(*) FROM Contacts")));
    }

    [Theory]
    [MemberData(nameof(DeactivationSteps))]
    public async Task A_deactivation_that_crashed_is_completed_by_the_same_request_by_either_method(string step)
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var server = await publisher.NewLicenseServerAsync();
        using var other = await publisher.NewLicenseServerAsync();
        var key = await publisher.MintAsync();
        Assert.True(Statement.TryReadUnverified((await server.RedeemAsync(publisher, key)).KeyPack, out var pack));
        var asked = server.NewDeactivation();
        await publisher.RestartClearinghouseAsync(CrashAfter(step));

        await CrashesAsync(() => publisher.Client.DeactivateAsync(asked, TestPublisher.Cancellation));
        // From the first step on the license server gets nothing, and the key is another's to take: once for all.
        await publisher.RestartClearinghouseAsync();
        Assert.Equal(LicensingProblem.NotActivated, (await Assert.ThrowsAsync<ProblemException>(() => server.RedeemAsync(publisher, key))).Problem);
        await other.RedeemAsync(publisher, key);
        publisher.Time.Advance(TimeSpan.FromDays(2));
        var first = await publisher.Client.DeactivateAsync(asked, TestPublisher.Cancellation);
        Assert.True(ResponseCode.TryParse(await publisher.CarryAsync(RequestCode.Deactivation(asked.Request, asked.Proof).Text), out var code, out _));

        Assert.Equal(first.Confirmation, code.ReadDeactivation()!.Value.Confirmation);
        using var issuing = CertificateChain.FromPem(first.IssuingCertificate)[0];
        using var issuingKey = issuing.GetECDsaPublicKey()!;
        Assert.True(Statement.TryVerify(first.Confirmation, issuingKey, out var confirmed));
        Assert.Equal(asked.Request, DeactivationStatement.Decode(confirmed).Request);
        // The pack was on a signed list before it was confirmed, and the other's stays good.
        Assert.True(Statement.TryReadUnverified((await publisher.Client.TrustAsync(TestPublisher.Cancellation)).Revocations!, out var list));
        Assert.Equal([KeyPackStatement.Decode(pack).PackId], ClearinghouseRevocationsStatement.Decode(list).KeyPacks.Select(entry => entry.PackId));
        Assert.Equal((1L, 1L, 1L), (
            publisher.Query<long>("SELECT COUNT(*) FROM Deactivations"), publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='deactivation'"),
            publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks WHERE TransferredAt IS NULL")));
        Assert.True((await publisher.Administration.VerifyAuditAsync(TestPublisher.Cancellation)).Sound);
    }

    [Fact]
    public async Task An_entry_of_the_revocation_list_that_a_crash_left_unlisted_is_listed_within_a_minute()
    {
        // A list stood for the entry before, was signed and of today; the new entry waited for tomorrow's.
        await using var publisher = await TestPublisher.StartAsync();
        using var first = await publisher.NewLicenseServerAsync();
        using var second = await publisher.NewLicenseServerAsync();
        foreach (var server in new[] { first, second })
            await server.RedeemAsync(publisher, await publisher.MintAsync());
        await publisher.Client.DeactivateAsync(first.NewDeactivation(), TestPublisher.Cancellation);
        await publisher.RestartClearinghouseAsync(CrashAfter(nameof(IssuanceStep.DeactivationStored)));
        await CrashesAsync(() => publisher.Client.DeactivateAsync(second.NewDeactivation(), TestPublisher.Cancellation));

        await publisher.ClearinghouseApp.Services.GetRequiredService<KeyUpkeep>().PassAsync(TestPublisher.Cancellation);

        Assert.True(Statement.TryReadUnverified((await publisher.Client.TrustAsync(TestPublisher.Cancellation)).Revocations!, out var list));
        Assert.Equal(2, ClearinghouseRevocationsStatement.Decode(list).KeyPacks.Count);
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

    private static TheoryData<string, ConnectionMethod> ByMethod(IEnumerable<TheoryDataRow<string>> steps)
    {
        var all = new TheoryData<string, ConnectionMethod>();
        foreach (var step in steps)
            foreach (var method in Enum.GetValues<ConnectionMethod>())
                all.Add(step.Data, method);
        return all;
    }

    // Over the network it is a problem, by the page a page that says that something failed.
    private static async Task CrashesAsync(Func<Task> call)
    {
        var failure = await Record.ExceptionAsync(call);
        Assert.True(failure is ProblemException { Problem: LicensingProblem.InternalError } or PageFailedException, $"{failure}");
    }

    private static IEnumerable<string> Steps(string of) => Enum.GetNames<IssuanceStep>().Where(step => step.StartsWith(of, StringComparison.Ordinal));

    private static Action<IssuanceStep> CrashAfter(string step) => reached =>
    {
        if (reached.ToString() == step)
            throw new InvalidOperationException($"crash after {step}");
    };
}
