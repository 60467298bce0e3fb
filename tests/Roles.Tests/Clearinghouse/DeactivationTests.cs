using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Activation;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.LicenseServer.Trust;
using Ostiary.Roles.Tests.Keys;
using Ostiary.Roles.Tests.LicenseServer;
using Xunit;

namespace Ostiary.Roles.Tests.Clearinghouse;

/// <summary>A license server gives its key packs up: it issues nothing more, its product keys are free, and a copy of it does not go on for long.</summary>
public sealed class DeactivationTests : IAsyncLifetime
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
    public async Task It_issues_nothing_more_and_what_was_issued_runs_to_its_end_at_the_hosts()
    {
        await using var fleet = await Fleet.StartAsync();
        var stored = await fleet.SettledAsync("KIOSK-01");
        var direct = await fleet.Server.JoinAsync();
        var settled = new TestDevice("SETTLED");
        await direct.SettleAsync(settled);

        var status = await fleet.Server.Administration.DeactivateAsync(new(TestPublisher.Contact), Cancellation);

        Assert.Equal((false, RefusalReason.LicenseServerDeactivated), (status.Activated, status.IssuesNothingReason));
        Assert.Contains("until it is activated again", status.IssuesNothing, StringComparison.Ordinal);
        // No temporary CALs either, and no renewal; who holds one is admitted by the host.
        var newcomer = await direct.ConnectAsync(new TestDevice("NEW"));
        Assert.Equal((null, RefusalReason.LicenseServerDeactivated), (newcomer.Granted, newcomer.Refused));
        Assert.Equal(RefusalReason.LicenseServerDeactivated, (await direct.ConnectAsync(settled)).Refused);
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        Assert.Equal(LicensingProblem.NotActivated, await ProblemAsync(fleet.InstallAsync()));
        // The pack is on the list, and the host asks first by it: the answer is no, and the grace period has its say.
        Assert.True(await fleet.PullAsync());
        Assert.True((await fleet.Server.Administration.VerifyAuditAsync(Cancellation)).Sound);
        Assert.True((await fleet.Publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
        await fleet.Server.RestartAsync();
        Assert.Equal((false, RefusalReason.LicenseServerDeactivated), (status.Activated, (await fleet.Server.Administration.StatusAsync(Cancellation)).IssuesNothingReason));
        // The same again changes nothing.
        await fleet.Server.Administration.DeactivateAsync(new(TestPublisher.Contact), Cancellation);
        Assert.Equal(1, fleet.Publisher.Query<long>("SELECT COUNT(*) FROM Deactivations"));
    }

    [Fact]
    public async Task Product_keys_are_free_for_another_license_server_and_for_itself_once_it_is_activated_again()
    {
        var (first, second) = (await _publisher.MintAsync(), await _publisher.MintAsync(7));
        await InstallAsync(first);
        var pack = await InstallAsync(second);
        using var other = await _publisher.NewLicenseServerAsync();
        Assert.Equal(LicensingProblem.ProductKeyRedeemedElsewhere, await ProblemAsync(other.RedeemAsync(_publisher, first)));

        await _server.Administration.DeactivateAsync(new(TestPublisher.Contact), Cancellation);

        Assert.Equal(ProductKeyState.Available, (await _publisher.Client.CheckProductKeyAsync(new(first, null), Cancellation)).State);
        await other.RedeemAsync(_publisher, first);
        Assert.NotNull(Assert.Single((await _publisher.Administration.LicenseServersAsync(_server.Ledger.Identity.Id.Text, null, 10, Cancellation)).Items).DeactivatedAt);

        // Activated again, with another certificate; one key is another's by now, the other one is good, as the same key pack.
        var before = _server.Ledger.Identity.Current.Certificate.SerialNumber;
        await _server.ActivateAsync();
        Assert.NotEqual(before, _server.Ledger.Identity.Current.Certificate.SerialNumber);
        Assert.Empty((await _server.Administration.StatusAsync(Cancellation)).Counts);
        Assert.Equal(LicensingProblem.ProductKeyRedeemedElsewhere, await ProblemAsync(InstallAsync(first)));
        Assert.True(await PullAsync());
        Assert.Equal(pack, await InstallAsync(second));

        var counts = Assert.Single((await _server.Administration.StatusAsync(Cancellation)).Counts);
        Assert.Equal(7, counts.Available);
        Assert.True(await PullAsync());
        Assert.Null((await _server.Administration.PacksAsync(null, 10, Cancellation)).Items.Single(row => row.PackId == pack).RevokedAt);
        Assert.Null(_server.Ledger.Identity.Current.Trust!.RevocationOf(pack));
        var device = await (await _server.JoinAsync()).SettleAsync(new TestDevice("KIOSK"));
        Assert.False(device.Granted!.Temporary);
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
        Assert.True((await _publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task What_was_drawn_goes_back_to_its_agreement_installed_or_not_and_its_product_key_is_good_for_nothing()
    {
        var id = _server.Ledger.Identity.Id.Text;
        await _publisher.Administration.AddAgreementAsync(new("select", ["1234567"], "Engines Ltd", null, false, [new(CalType.Device, new(2022), 10)], [id]), Cancellation);
        var wanted = new DrawPackRequest("select", ["1234567"], CalType.Device, new(2022), 6);
        await _server.Administration.DrawPackAsync(wanted, Cancellation);
        // Drawn by telephone, and never installed.
        var spoken = await _publisher.Administration.TelephoneDrawAsync(new(id, "select", ["1234567"], CalType.Device, new(2022), 4, new byte[DrawRequest.NonceLength]), Cancellation);
        var retail = await _publisher.MintAsync();
        await InstallAsync(retail);
        Assert.Equal(10, await DrawnAsync());

        await _server.Administration.DeactivateAsync(new(TestPublisher.Contact), Cancellation);

        Assert.Equal(0, await DrawnAsync());
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_publisher.Client.CheckProductKeyAsync(new(spoken.ProductKey!, id), Cancellation)));
        await _server.ActivateAsync();
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(InstallAsync(spoken.ProductKey!)));
        // The same draw again is another one, of other CALs.
        Assert.Equal(6, (await _server.Administration.DrawPackAsync(wanted, Cancellation)).Quantity);
        Assert.Equal(6, await DrawnAsync());
        Assert.Equal(1, _publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind = 'deactivation' AND Subject LIKE '%: 1 product keys free, 10 CALs back to agreements, automatic'"));

        async Task<int> DrawnAsync() => Assert.Single(Assert.Single((await _publisher.Administration.AgreementsAsync(null, 10, Cancellation)).Items).Limits).Drawn;
    }

    [Fact]
    public async Task A_copy_of_before_does_not_go_on_from_its_packs_once_it_hears_of_the_list_and_gets_nothing_at_the_clearinghouse()
    {
        await InstallAsync(await _publisher.MintAsync());
        var copy = Directory.CreateTempSubdirectory("ostiary-copy-").FullName;
        await _server.RestartAsync(state => CopyFiles(state, copy));
        var fresh = await _publisher.MintAsync();
        await _server.Administration.DeactivateAsync(new(TestPublisher.Contact), Cancellation);

        await _server.RestartAsync(state =>
        {
            foreach (var file in Directory.GetFiles(state, "ledger.db*"))
                File.Delete(file);
            CopyFiles(copy, state);
        });
        Directory.Delete(copy, recursive: true);
        Assert.True((await _server.Administration.StatusAsync(Cancellation)).Activated);
        Assert.True(await PullAsync());

        var pack = Assert.Single((await _server.Administration.PacksAsync(null, 10, Cancellation)).Items);
        Assert.Equal("superseded", pack.RevocationReason);
        Assert.Equal(0, Assert.Single((await _server.Administration.StatusAsync(Cancellation)).Counts).Installed);
        Assert.True((await (await _server.JoinAsync()).SettleAsync(new TestDevice("NEW"))).Granted!.Temporary);
        Assert.Equal(LicensingProblem.NotActivated, await ProblemAsync(InstallAsync(fresh)));
        Assert.Equal(LicensingProblem.NotActivated, await ProblemAsync(_server.Administration.ReactivateAsync(new(ReactivationReason.Redeployed, TestPublisher.Contact), Cancellation)));
        // The copy can be deactivated, too: there is nothing left to free.
        Assert.False((await _server.Administration.DeactivateAsync(new(TestPublisher.Contact), Cancellation)).Activated);
        Assert.Equal(2, _publisher.Query<long>("SELECT COUNT(*) FROM Deactivations"));
    }

    [Fact]
    public async Task By_the_page_it_says_what_it_frees_and_the_confirmation_is_signed()
    {
        await InstallAsync(await _publisher.MintAsync());
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_server.Administration.DeactivationAnswerAsync(new(NothingAsked()), Cancellation)));
        var asked = await _server.Administration.DeactivationRequestAsync(Cancellation);
        // Given up before the code leaves.
        Assert.Equal(RefusalReason.LicenseServerDeactivated, (await _server.Administration.StatusAsync(Cancellation)).IssuesNothingReason);
        Assert.Contains("not confirmed", (await _server.Administration.StatusAsync(Cancellation)).IssuesNothing, StringComparison.Ordinal);
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_server.ActivateAsync()));
        Assert.Equal(LicensingProblem.RuleForbids, await ProblemAsync(_server.Administration.ReactivateAsync(new(ReactivationReason.Upgraded, TestPublisher.Contact), Cancellation)));
        await _server.RestartAsync();
        Assert.Equal(asked.RequestOf(), (await _server.Administration.DeactivationRequestAsync(Cancellation)).RequestOf());

        var review = await _publisher.ReviewAsync(asked.RequestCode);
        Assert.Contains("1 can be redeemed again", review, StringComparison.Ordinal);
        Assert.Contains("issues nothing more", review, StringComparison.Ordinal);
        Assert.Equal(0, _publisher.Query<long>("SELECT COUNT(*) FROM Deactivations"));
        var code = await _publisher.CarryAsync(asked.RequestCode);
        Assert.Equal(code, await _publisher.CarryAsync(asked.RequestCode));
        Assert.Contains("deactivated with this code before", await _publisher.ReviewAsync(asked.RequestCode), StringComparison.Ordinal);

        // Changed anywhere it does not verify, and neither does that of another license server.
        using var other = await _publisher.NewLicenseServerAsync();
        var (request, proof) = other.Ask(ActivationKind.Deactivate);
        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemAsync(_server.Administration.DeactivationAnswerAsync(
            new(await _publisher.CarryAsync(RequestCode.Deactivation(request, proof).Text)), Cancellation)));
        Assert.True(ResponseCode.TryParse(code, out var parsed, out _));
        var changed = (byte[])parsed.Content.Clone();
        changed[40] ^= 1;
        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemAsync(_server.Administration.DeactivationAnswerAsync(new(new ResponseCode(CodeKind.Deactivation, changed).Text), Cancellation)));

        Assert.False((await _server.Administration.DeactivationAnswerAsync(new(code), Cancellation)).Activated);
        Assert.Contains("until it is activated again", (await _server.Administration.StatusAsync(Cancellation)).IssuesNothing, StringComparison.Ordinal);
        await _server.ActivateAsync();
        Assert.True((await _server.Administration.StatusAsync(Cancellation)).Activated);

        string NothingAsked() => ResponseCode.Deactivation([1, 2, 3], _publisher.Root.RawData).Text;
    }

    [Fact]
    public async Task While_the_clearinghouse_is_away_it_has_given_up_already_and_the_same_command_goes_on()
    {
        var key = await _publisher.MintAsync();
        await InstallAsync(key);
        await _publisher.StopClearinghouseAsync();

        Assert.Equal(LicensingProblem.Unreachable, await ProblemAsync(_server.Administration.DeactivateAsync(new(TestPublisher.Contact), Cancellation)));
        Assert.Equal(RefusalReason.LicenseServerDeactivated, (await (await _server.JoinAsync()).ConnectAsync(new TestDevice("NEW"))).Refused);

        // Confirmed by the page of a clearinghouse that is elsewhere by now.
        await _publisher.StartClearinghouseAsync(_publisher.Options());
        var asked = await _server.Administration.DeactivationRequestAsync(Cancellation);
        await _server.Administration.DeactivationAnswerAsync(new(await _publisher.CarryAsync(asked.RequestCode)), Cancellation);
        using var other = await _publisher.NewLicenseServerAsync();
        await other.RedeemAsync(_publisher, key);
    }

    [Fact]
    public async Task A_license_server_that_was_revoked_or_never_activated_frees_nothing()
    {
        using var stranger = new TestLicenseServer();
        using var revoked = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();
        await revoked.RedeemAsync(_publisher, key);
        Assert.Equal(LicensingProblem.NotActivated, await ProblemAsync(_publisher.Client.DeactivateAsync(stranger.NewDeactivation(), Cancellation)));
        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemAsync(_publisher.Client.DeactivateAsync(revoked.NewDeactivation() with { Proof = stranger.NewDeactivation().Proof }, Cancellation)));
        await _publisher.Administration.RevokeAsync(new RevokeLicenseServerRequest(revoked.Id.Text, ClearinghouseRevocationReason.Lost), Cancellation);
        Assert.Equal(LicensingProblem.NotAllowed, await ProblemAsync(_publisher.Client.DeactivateAsync(revoked.NewDeactivation(), Cancellation)));
        Assert.Equal(0, _publisher.Query<long>("SELECT COUNT(*) FROM Deactivations"));
        Assert.Equal(1, _publisher.Query<long>("SELECT COUNT(*) FROM ProductKeys WHERE RedeemedBy IS NOT NULL"));
        Assert.Equal(LicensingProblem.NotActivated, await ProblemAsync((await RunningLicenseServer.StartAsync(_publisher)).Administration.DeactivateAsync(new(TestPublisher.Contact), Cancellation)));
    }

    [Fact]
    public async Task A_revoked_pack_of_a_deactivated_license_server_stays_revoked()
    {
        using var server = await _publisher.NewLicenseServerAsync();
        var key = await _publisher.MintAsync();
        Assert.True(Statement.TryReadUnverified((await server.RedeemAsync(_publisher, key)).KeyPack, out var payload));
        await _publisher.Administration.RevokeAsync(new RevokeKeyPackRequest(KeyPackStatement.Decode(payload).PackId, ClearinghouseRevocationReason.Refunded), Cancellation);

        await _publisher.Client.DeactivateAsync(server.NewDeactivation(), Cancellation);

        using var other = await _publisher.NewLicenseServerAsync();
        Assert.Equal(LicensingProblem.ProductKeyRedeemedElsewhere, await ProblemAsync(other.RedeemAsync(_publisher, key)));
    }

    private async Task<Guid> InstallAsync(string key) => (await _server.Administration.InstallPackAsync(new(key), Cancellation)).PackId;

    private Task<bool> PullAsync() => _server.App.Services.GetRequiredService<TrustPulls>().TryPullAsync(Cancellation);

    private static void CopyFiles(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from).Where(file => Path.GetFileName(file) is "license-server.key" or "ledger.db" or "ledger.db-wal"))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }

    private static async Task<LicensingProblem> ProblemAsync(Task call) => (await Assert.ThrowsAsync<ProblemException>(() => call)).Problem;
}
