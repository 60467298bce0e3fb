using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>Activation and key packs, against a clearinghouse that signs for real and makes mistakes when asked.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public class ActivationTests
{
    [Fact]
    public async Task Unactivated_it_issues_temporary_CALs_that_are_marked_so()
    {
        using var authority = new TestAuthority();
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();
        var device = new TestDevice("CLIENT");

        await host.ConnectAsync(device);
        await host.LogOnAsync(device);
        var second = await host.ConnectAsync(device);

        Assert.True(second.Granted!.Temporary);
        Assert.Null(host.Membership.Root);
        Assert.True(DeviceCal.TryRead(device.Stored, out var cal));
        var pinned = new[] { server.Ledger.Identity.Key.Fingerprint };
        Assert.Equal(DeviceCalVerdict.Valid, cal.Verify(pinned, null, device.HardwareId, TestLedger.Begin));
        Assert.Equal(DeviceCalVerdict.IssuerNotPinned, cal.Verify([KeyFingerprint.Of(authority.LicenseServerKey)], null, device.HardwareId, TestLedger.Begin));
    }

    [Fact]
    public async Task Activation_keeps_the_key_and_the_CALs_that_are_out()
    {
        using var authority = new TestAuthority();
        await using var clearinghouse = await FakeClearinghouse.StartAsync(authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse);
        var host = await server.JoinAsync();
        var device = new TestDevice("CLIENT");
        var before = await host.ConnectAsync(device);
        var storedBefore = device.Stored!;
        var statusBefore = await server.Administration.StatusAsync(TestPublisher.Cancellation);

        await server.ActivateAsync();
        var status = await server.Administration.StatusAsync(TestPublisher.Cancellation);
        var again = await host.ConnectAsync(device);
        var lost = await host.Client.RequestDeviceCalAsync(device.Request(presents: false), TestPublisher.Cancellation);

        Assert.False(statusBefore.Activated);
        Assert.True(status.Activated);
        Assert.Equal((statusBefore.LicenseServerId, statusBefore.KeyFingerprint), (status.LicenseServerId, status.KeyFingerprint));
        Assert.Equal(before.Granted!.Serial, again.Granted!.Serial);
        Assert.Null(again.Granted.Stored);
        foreach (var stored in new[] { storedBefore, lost.Granted!.Stored! })
        {
            Assert.True(DeviceCal.TryRead(stored, out var cal));
            Assert.Equal(before.Granted.Serial, cal.Serial);
            Assert.Equal(DeviceCalVerdict.Valid, cal.Verify([server.Ledger.Identity.Key.Fingerprint], authority.Root, device.HardwareId, TestLedger.Begin));
        }

        // New connections see the new chain, and a host that renews gets the root.
        host.Reconnect();
        var renewed = await host.Client.RenewAsync(TestPublisher.Cancellation);
        Assert.Equal(authority.Root.ExportCertificatePem(), renewed.Root);
    }

    [Fact]
    public async Task After_a_restart_it_is_activated_and_needs_no_clearinghouse()
    {
        using var authority = new TestAuthority();
        var clearinghouse = await FakeClearinghouse.StartAsync(authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse);
        await server.ActivateAsync();
        var key = FakeClearinghouse.NewProductKey();
        var pack = await server.Administration.InstallPackAsync(new(key), TestPublisher.Cancellation);
        await clearinghouse.DisposeAsync();

        await server.RestartAsync();
        await server.ActivateAsync();
        var again = await server.Administration.InstallPackAsync(new(key), TestPublisher.Cancellation);
        var host = await server.JoinAsync();
        var device = new TestDevice("CLIENT");
        await host.ConnectAsync(device);
        await host.LogOnAsync(device);
        var answer = await host.ConnectAsync(device);

        Assert.Equal(pack.PackId, again.PackId);
        Assert.False(answer.Granted!.Temporary);
        Assert.True(DeviceCal.TryRead(device.Stored, out var cal));
        Assert.Equal(DeviceCalVerdict.Valid, cal.Verify([server.Ledger.Identity.Key.Fingerprint], authority.Root, device.HardwareId, TestLedger.Begin));
        Assert.True((await server.Administration.VerifyAuditAsync(TestPublisher.Cancellation)).Sound);
    }

    [Fact]
    public async Task A_lost_answer_is_asked_for_with_the_same_request()
    {
        using var authority = new TestAuthority();
        await using var clearinghouse = await FakeClearinghouse.StartAsync(authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse);

        clearinghouse.LoseNextAnswer = true;
        var lost = await Assert.ThrowsAsync<ProblemException>(server.ActivateAsync);
        await server.RestartAsync();
        await server.ActivateAsync();
        var key = FakeClearinghouse.NewProductKey();
        clearinghouse.LoseNextAnswer = true;
        await Assert.ThrowsAsync<ProblemException>(() => server.Administration.InstallPackAsync(new(key), TestPublisher.Cancellation));
        server.Time.Advance(TimeSpan.FromHours(1));
        await server.RestartAsync();
        await server.Administration.InstallPackAsync(new(key.ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal)), TestPublisher.Cancellation);

        Assert.Equal(LicensingProblem.Unreachable, lost.Problem);
        Assert.Equal(2, clearinghouse.Activations.Count);
        Assert.Single(clearinghouse.Activations.Select(Convert.ToHexString).Distinct());
        Assert.Equal(2, clearinghouse.Redemptions.Count);
        Assert.Single(clearinghouse.Redemptions.Select(request => Convert.ToHexString(request.Nonce) + request.RequestedAt).Distinct());
        Assert.Single((await server.Administration.PacksAsync(null, 10, TestPublisher.Cancellation)).Items);
    }

    [Fact]
    public async Task A_reactivation_or_deactivation_whose_answer_is_lost_or_forged_goes_on_by_the_same_request()
    {
        using var authority = new TestAuthority();
        using var forger = TestAuthority.NewKey();
        await using var clearinghouse = await FakeClearinghouse.StartAsync(authority);
        await using var server = await RunningLicenseServer.StartWithPackAsync(clearinghouse, 3);
        var host = await server.JoinAsync();
        var settled = new TestDevice("SETTLED");
        await host.SettleAsync(settled);
        var certificate = server.Ledger.Identity.Current.Certificate.SerialNumber;

        await FailsAsync(() => server.Administration.ReactivateAsync(new(ReactivationReason.Redeployed, TestPublisher.Contact), TestPublisher.Cancellation));
        Assert.Equal(certificate, server.Ledger.Identity.Current.Certificate.SerialNumber);
        Assert.Equal(settled.Serial, (await host.ConnectAsync(settled)).Granted!.Serial);
        await server.Administration.ReactivateAsync(new(ReactivationReason.Redeployed, TestPublisher.Contact), TestPublisher.Cancellation);
        Assert.NotEqual(certificate, server.Ledger.Identity.Current.Certificate.SerialNumber);
        Assert.Equal(4, clearinghouse.Activations.Count);
        Assert.Single(clearinghouse.Activations.Skip(1).Select(Convert.ToHexString).Distinct());

        await FailsAsync(() => server.Administration.DeactivateAsync(new(TestPublisher.Contact), TestPublisher.Cancellation));
        Assert.Contains("not confirmed", (await server.Administration.StatusAsync(TestPublisher.Cancellation)).IssuesNothing, StringComparison.Ordinal);
        Assert.Equal(RefusalReason.LicenseServerDeactivated, (await host.ConnectAsync(new TestDevice("NEW"))).Refused);
        Assert.False((await server.Administration.DeactivateAsync(new(TestPublisher.Contact), TestPublisher.Cancellation)).Activated);
        Assert.Equal(3, clearinghouse.Deactivations.Count);
        Assert.Single(clearinghouse.Deactivations.Select(Convert.ToHexString).Distinct());
        Assert.True((await server.Administration.VerifyAuditAsync(TestPublisher.Cancellation)).Sound);
        // Activated again, it is by a request of its own.
        await server.ActivateAsync();
        Assert.NotEqual(Convert.ToHexString(clearinghouse.Activations.First()), Convert.ToHexString(clearinghouse.Activations.Last()));

        // Once the answer is lost, and once a stranger has signed it.
        async Task FailsAsync(Func<Task> call)
        {
            clearinghouse.LoseNextAnswer = true;
            Assert.Equal(LicensingProblem.Unreachable, (await Assert.ThrowsAsync<ProblemException>(call)).Problem);
            await server.RestartAsync();
            host.Reconnect();
            clearinghouse.Signer = forger;
            Assert.Equal(LicensingProblem.SignatureInvalid, (await Assert.ThrowsAsync<ProblemException>(call)).Problem);
            clearinghouse.Signer = authority.IssuingKey;
        }
    }

    [Fact]
    public async Task An_answer_that_the_issuing_key_did_not_sign_changes_nothing()
    {
        using var authority = new TestAuthority();
        await using var clearinghouse = await FakeClearinghouse.StartAsync(authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse);
        using var forger = TestAuthority.NewKey();

        clearinghouse.Signer = forger;
        var activation = await Assert.ThrowsAsync<ProblemException>(server.ActivateAsync);
        Assert.False((await server.Administration.StatusAsync(TestPublisher.Cancellation)).Activated);
        clearinghouse.Signer = authority.IssuingKey;
        await server.ActivateAsync();
        clearinghouse.Signer = forger;
        var pack = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.InstallPackAsync(new(FakeClearinghouse.NewProductKey()), TestPublisher.Cancellation));

        Assert.Equal((LicensingProblem.SignatureInvalid, LicensingProblem.SignatureInvalid), (activation.Problem, pack.Problem));
        Assert.Empty((await server.Administration.PacksAsync(null, 10, TestPublisher.Cancellation)).Items);
    }

    [Fact]
    public async Task A_clearinghouse_of_another_root_is_not_talked_to()
    {
        using var authority = new TestAuthority();
        using var other = new TestAuthority("Other");
        await using var clearinghouse = await FakeClearinghouse.StartAsync(authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse, other.Root);

        var problem = await Assert.ThrowsAsync<ProblemException>(server.ActivateAsync);

        Assert.Equal(LicensingProblem.Unreachable, problem.Problem);
        Assert.Empty(clearinghouse.Activations);
    }

    [Fact]
    public async Task A_key_pack_for_another_license_server_is_not_installed()
    {
        using var authority = new TestAuthority();
        await using var clearinghouse = await FakeClearinghouse.StartAsync(authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse);
        await server.ActivateAsync();

        clearinghouse.MadeOutTo = KeyFingerprint.Of(authority.LicenseServerKey);
        var problem = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.InstallPackAsync(new(FakeClearinghouse.NewProductKey()), TestPublisher.Cancellation));

        Assert.Equal(LicensingProblem.SignatureInvalid, problem.Problem);
    }

    [Fact]
    public async Task Checking_spends_nothing_and_a_mistyped_key_is_not_sent()
    {
        using var authority = new TestAuthority();
        await using var clearinghouse = await FakeClearinghouse.StartAsync(authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse);
        var key = FakeClearinghouse.NewProductKey();

        var notActivated = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.InstallPackAsync(new(key), TestPublisher.Cancellation));
        await server.ActivateAsync();
        var check = await server.Administration.CheckPackAsync(new(key), TestPublisher.Cancellation);
        var mistyped = await Assert.ThrowsAsync<ProblemException>(
            () => server.Administration.InstallPackAsync(new((key[0] == '5' ? "6" : "5") + key[1..]), TestPublisher.Cancellation));

        Assert.Equal(LicensingProblem.NotActivated, notActivated.Problem);
        Assert.Equal(5, check.Quantity);
        Assert.Equal((LicensingProblem.ProductKeyMistyped, "productKey"), (mistyped.Problem, mistyped.Field));
        Assert.Empty(clearinghouse.Redemptions);
    }

    [Fact]
    public async Task The_product_key_is_nowhere_in_the_state_directory_and_nowhere_in_the_log()
    {
        using var authority = new TestAuthority();
        await using var clearinghouse = await FakeClearinghouse.StartAsync(authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse);
        await server.ActivateAsync();
        var key = FakeClearinghouse.NewProductKey();

        await server.Administration.InstallPackAsync(new(key), TestPublisher.Cancellation);

        foreach (var file in System.IO.Directory.EnumerateFiles(Path.Combine(server.Directory, "state")).Where(file => Path.GetFileName(file).StartsWith("ledger", StringComparison.Ordinal)))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[stream.Length];
            await stream.ReadExactlyAsync(bytes, TestPublisher.Cancellation);
            Assert.Equal(-1, bytes.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(key)));
        }

        Assert.NotEmpty(server.Lines.Lines);
        Assert.DoesNotContain(server.Lines.Lines, line => line.Contains(key, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task What_is_missing_of_the_company_is_named()
    {
        using var authority = new TestAuthority();
        await using var clearinghouse = await FakeClearinghouse.StartAsync(authority);
        await using var server = await RunningLicenseServer.StartAsync(clearinghouse);

        var problem = await Assert.ThrowsAsync<ProblemException>(
            () => server.Administration.ActivateAsync(new(TestPublisher.Company with { LastName = "", Country = "gb" }), TestPublisher.Cancellation));

        Assert.Equal((LicensingProblem.InvalidField, "lastName"), (problem.Problem, problem.Field));
        Assert.Contains("country", problem.Message, StringComparison.Ordinal);
        Assert.Empty(clearinghouse.Activations);
    }
}
