using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Roles.Tests.Keys;
using Ostiary.Roles.Tests.LicenseServer;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>A license server is activated again: a new certificate for the same key, what was issued stays good, and what it has lost comes back.</summary>
public sealed class ReactivationTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;
    private RunningLicenseServer _server = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public async ValueTask InitializeAsync()
    {
        _publisher = await TestPublisher.StartAsync();
        _server = await RunningLicenseServer.StartAsync(_publisher);
        await _server.ActivateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _publisher.DisposeAsync();
    }

    [Fact]
    public async Task The_same_key_gets_a_new_certificate_with_new_dates_and_what_was_issued_stays_good()
    {
        await InstallAsync();
        var host = await _server.JoinAsync();
        var device = new TestDevice("KIOSK");
        var before = (await host.SettleAsync(device)).Granted!;
        var old = _server.Ledger.Identity.Current;
        PassDays(20);

        var done = await _server.Administration.ReactivateAsync(new(ReactivationReason.CertificateExpired, TestPublisher.Contact), Cancellation);

        var current = _server.Ledger.Identity.Current;
        Assert.Equal((0, false, true), (done.Restored, done.More, done.Server.Activated));
        Assert.Equal(KeyFingerprint.Of(old.Certificate), KeyFingerprint.Of(current.Certificate));
        Assert.NotEqual(old.Certificate.SerialNumber, current.Certificate.SerialNumber);
        Assert.Equal(old.Until.AddDays(20), current.Until);
        // The device goes on with its CAL, the pack with its seats.
        Assert.Equal(before.Serial, (await host.ConnectAsync(device)).Granted!.Serial);
        Assert.Equal(1, Assert.Single((await _server.Administration.PacksAsync(null, 10, Cancellation)).Items).Issued);
        Assert.Equal((2, 1), (_publisher.Query<long>("SELECT COUNT(*) FROM Activations"), _publisher.Query<long>("SELECT COUNT(*) FROM Companies")));
        Assert.Equal(1, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind = 'reactivation' AND Subject LIKE '%certificate-expired, automatic'"));
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
        Assert.Contains((await _server.Administration.AuditAsync(null, 100, Cancellation)).Items, entry => entry.Kind == "license-server-reactivated");

        // It stays so over a restart, and the next time is another activation.
        await _server.RestartAsync();
        Assert.Equal(current.Certificate.SerialNumber, _server.Ledger.Identity.Current.Certificate.SerialNumber);
        await _server.Administration.ReactivateAsync(new(ReactivationReason.CertificateExpired, TestPublisher.Contact), Cancellation);
        Assert.Equal(3, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
    }

    [Fact]
    public async Task A_license_server_that_has_lost_its_ledger_and_kept_its_key_gets_all_its_key_packs_back_and_spends_nothing()
    {
        const int Packs = 101;
        var keys = (await _publisher.Administration.MintAsync(new(Ostiary.Contracts.Catalogue.CalType.User, new(2025), 16_000, Packs, "evaluation"), Cancellation)).Keys;
        await Parallel.ForEachAsync(keys, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (key, _) => await _server.Administration.InstallPackAsync(new(key.ProductKey!), Cancellation));
        var id = _server.Ledger.Identity.Id;
        await LoseLedgerAsync();
        Assert.False((await _server.Administration.StatusAsync(Cancellation)).Activated);

        var done = await _server.Administration.ReactivateAsync(new(ReactivationReason.Redeployed, TestPublisher.Contact), Cancellation);

        Assert.Equal((Packs, false, id), (done.Restored, done.More, _server.Ledger.Identity.Id));
        var counts = Assert.Single(done.Server.Counts);
        Assert.Equal((Packs * 16_000, 0), (counts.Installed, counts.Issued));
        Assert.Equal(Packs, _publisher.Query<long>("SELECT COUNT(*) FROM KeyPacks"));
        // The same product key typed again is the pack that is here. A second time there is nothing to bring back.
        var again = await _server.Administration.InstallPackAsync(new(keys[0].ProductKey!), Cancellation);
        Assert.Equal(16_000, again.Quantity);
        Assert.Equal(Packs, (await _server.Administration.PacksAsync(null, 1_000, Cancellation)).Items.Count);
        Assert.Equal(0, (await _server.Administration.ReactivateAsync(new(ReactivationReason.Redeployed, TestPublisher.Contact), Cancellation)).Restored);

        // By the page they come by several codes; in between the license server may stop.
        await LoseLedgerAsync();
        var first = await CarryAsync();
        await _server.RestartAsync();
        var second = await CarryAsync();

        Assert.Equal((100, true, 1, false), (first.Restored, first.More, second.Restored, second.More));
        Assert.Equal(4, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);

        async Task<Ostiary.Contracts.Administration.ReactivationProgress> CarryAsync()
            => await _server.Administration.ReactivationAnswerAsync(
                new(await _publisher.CarryAsync((await _server.Administration.ReactivationRequestAsync(new(ReactivationReason.Redeployed), Cancellation)).RequestCode)), Cancellation);
    }

    [Fact]
    public async Task What_an_administrator_removed_or_converted_stays_so_and_revoked_and_transferred_packs_do_not_come_back()
    {
        using var other = await _publisher.NewLicenseServerAsync();
        var removed = await InstallAsync();
        var converted = await InstallAsync();
        var revoked = await InstallAsync();
        var transferred = await InstallAsync();
        await _server.Administration.RemovePackAsync(removed, false, Cancellation);
        await _server.Administration.ConvertPackAsync(converted, new(2), Cancellation);
        await _publisher.Administration.RevokeAsync(new Ostiary.Contracts.Administration.RevokeKeyPackRequest(revoked, ClearinghouseRevocationReason.Refunded), Cancellation);
        await _publisher.Administration.TransferAsync(new(transferred, other.Id.Text), Cancellation);

        Assert.Equal(0, (await _server.Administration.ReactivateAsync(new(ReactivationReason.Upgraded, TestPublisher.Contact), Cancellation)).Restored);
        Assert.DoesNotContain((await _server.Administration.PacksAsync(null, 10, Cancellation)).Items, pack => pack.PackId == removed);

        await LoseLedgerAsync();
        var done = await _server.Administration.ReactivateAsync(new(ReactivationReason.Upgraded, TestPublisher.Contact), Cancellation);
        Assert.Equal(2, done.Restored);
        Assert.Equivalent(new[] { removed, converted }, (await _server.Administration.PacksAsync(null, 10, Cancellation)).Items.Select(pack => pack.PackId));
    }

    [Fact]
    public async Task By_the_page_it_is_the_same_and_begun_by_one_method_it_is_finished_by_the_other()
    {
        await InstallAsync();
        await LoseLedgerAsync();
        var asked = await _server.Administration.ReactivationRequestAsync(new(ReactivationReason.KeyCompromised), Cancellation);
        Assert.Equal(asked.RequestOf(), (await _server.Administration.ReactivationRequestAsync(new(ReactivationReason.KeyCompromised), Cancellation)).RequestOf());
        var review = await _publisher.ReviewAsync(asked.RequestCode);
        Assert.Contains("Reactivate a license server", review, StringComparison.Ordinal);
        Assert.Contains("Its key may be known to others", review, StringComparison.Ordinal);
        Assert.Contains("it must be followed by another one", review, StringComparison.Ordinal);
        Assert.Equal(1, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));

        var (status, wrong) = await _publisher.PostAsync("web/answer", new(CarryingPerson.Filled(asked.RequestCode)) { ["email"] = "nobody" });
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, status);
        Assert.Contains("E-mail is an address with an @", wrong, StringComparison.Ordinal);
        Assert.Equal(1, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));

        var code = await _publisher.CarryAsync(asked.RequestCode);
        // The answer is lost on the way; over the network the same request gets the same certificate.
        var done = await _server.Administration.ReactivateAsync(new(ReactivationReason.KeyCompromised, TestPublisher.Contact), Cancellation);
        Assert.Equal(1, done.Restored);
        Assert.Equal(2, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
        var serial = _server.Ledger.Identity.Current.Certificate.SerialNumber;
        Assert.Equal(0, (await _server.Administration.ReactivationAnswerAsync(new(code), Cancellation)).Restored);
        Assert.Equal(serial, _server.Ledger.Identity.Current.Certificate.SerialNumber);
        Assert.Contains("reactivated with this code before", await _publisher.ReviewAsync(asked.RequestCode), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pending_reactivation_does_not_stand_in_the_way_of_documents_that_are_signed_again()
    {
        await using var fleet = await Fleet.StartAsync();
        var old = fleet.Publisher.Ceremony.Issuing;
        await fleet.Server.Administration.ReactivateAsync(new(ReactivationReason.Upgraded, TestPublisher.Contact), Cancellation);
        var stored = await fleet.SettledAsync("KIOSK-01");
        // Asked for, and never carried: the clearinghouse does not know it.
        await fleet.Server.Administration.ReactivationRequestAsync(new(ReactivationReason.Redeployed), Cancellation);

        var rotated = await fleet.RotateIssuingAsync();
        fleet.Withdraw(old);
        await fleet.ClearinghouseLooksAsync();
        Assert.True(await fleet.PullAsync());

        Assert.Equal(rotated.Issuing, KeyFingerprint.Of(fleet.Server.Ledger.Identity.Current.Chain[^1]));
        Assert.All((await fleet.Server.Administration.PacksAsync(null, 10, Cancellation)).Items, pack => Assert.Null(pack.RevokedAt));
        Assert.Equal(0L, fleet.Publisher.Query<long>($"SELECT count(*) FROM Activations WHERE Issuer = '{old.Hex}'"));
        await SessionHost.Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Trust!.IsWithdrawn(old)));
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        // And then it is carried after all.
        var asked = await fleet.Server.Administration.ReactivationRequestAsync(new(ReactivationReason.Redeployed), Cancellation);
        await fleet.Server.Administration.ReactivationAnswerAsync(new(await fleet.Publisher.CarryAsync(asked.RequestCode)), Cancellation);
        Assert.True(await fleet.PullAsync());
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        await fleet.AdmittedAsync(null, "KIOSK-02", "4");
        await fleet.AssertNobodyWasRefusedAsync();
    }

    [Fact]
    public async Task Whoever_was_never_activated_is_revoked_or_has_not_the_key_gets_nothing_and_a_day_has_a_limit()
    {
        using var stranger = new TestLicenseServer();
        using var known = await _publisher.NewLicenseServerAsync();
        Assert.Equal(LicensingProblem.NotActivated, await ProblemAsync(_publisher.Client.ReactivateAsync(stranger.NewReactivation(), Cancellation)));
        var forged = known.NewReactivation() with { Proof = stranger.NewReactivation().Proof };
        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemAsync(_publisher.Client.ReactivateAsync(forged, Cancellation)));
        // Each route takes its own kind only.
        var (request, proof) = known.Ask(ActivationKinds.Of(ReactivationReason.Upgraded));
        Assert.Equal(LicensingProblem.InvalidField, await ProblemAsync(_publisher.Client.ActivateAsync(new(request, proof, TestPublisher.Company), Cancellation)));
        var activation = known.NewActivation();
        Assert.Equal(LicensingProblem.InvalidField, await ProblemAsync(_publisher.Client.ReactivateAsync(new(activation.Request, activation.Proof, TestPublisher.Contact), Cancellation)));
        Assert.Equal(2, _publisher.Query<long>("SELECT COUNT(*) FROM Activations"));

        foreach (var nonce in Enumerable.Range(1, 19))
            await _publisher.Client.ReactivateAsync(known.NewReactivation(nonce: (uint)nonce), Cancellation);
        Assert.Equal(LicensingProblem.TooManyAttempts, await ProblemAsync(_publisher.Client.ReactivateAsync(known.NewReactivation(nonce: 20), Cancellation)));
        await _publisher.Client.ReactivateAsync(known.NewReactivation(nonce: 19), Cancellation);

        await _publisher.Administration.RevokeAsync(new Ostiary.Contracts.Administration.RevokeLicenseServerRequest(known.Id.Text, ClearinghouseRevocationReason.KeyCompromised), Cancellation);
        Assert.Equal(LicensingProblem.NotAllowed, await ProblemAsync(_publisher.Client.ReactivateAsync(known.NewReactivation(nonce: 19), Cancellation)));
    }

    [Fact]
    public async Task Who_confirmed_it_is_handed_out_and_erased_with_the_company_information()
    {
        await _server.Administration.ReactivateAsync(new(ReactivationReason.Upgraded, TestPublisher.Contact), Cancellation);
        var id = _server.Ledger.Identity.Id.Text;

        var confirmation = Assert.Single((await _publisher.Administration.ExportCustomerAsync(id, Cancellation)).Confirmations);
        Assert.Equal(("reactivate-upgraded", TestPublisher.Contact), (confirmation.Confirmed, confirmation.Contact));
        await _publisher.Administration.EraseCompanyAsync(id, Cancellation);

        Assert.Empty((await _publisher.Administration.ExportCustomerAsync(id, Cancellation)).Confirmations);
        Assert.Equal(0, _publisher.Query<long>("SELECT COUNT(*) FROM Contacts"));
        Assert.Equal(0, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind = 'contact-entered' AND Salt IS NOT NULL"));
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
        Assert.DoesNotContain(_publisher.LogLines, line => line.Contains("grace@example.org", StringComparison.Ordinal));
    }

    private async Task<Guid> InstallAsync() => (await _server.Administration.InstallPackAsync(new(await _publisher.MintAsync()), Cancellation)).PackId;

    private Task LoseLedgerAsync() => _server.RestartAsync(state =>
    {
        foreach (var file in Directory.GetFiles(state, "ledger.db*"))
            File.Delete(file);
    });

    private void PassDays(int days)
    {
        _publisher.Time.Advance(TimeSpan.FromDays(days));
        _server.Time.SetUtcNow(_publisher.Time.GetUtcNow());
    }

    private static async Task<LicensingProblem> ProblemAsync(Task call) => (await Assert.ThrowsAsync<ProblemException>(() => call)).Problem;
}
