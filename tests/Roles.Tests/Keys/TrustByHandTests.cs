using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Xunit;

namespace Ostiary.Roles.Tests.Keys;

/// <summary>A license server without a network follows its publisher by files and codes that a person carries, with the checks of the network.</summary>
public sealed class TrustByHandTests : IAsyncLifetime
{
    private TestPublisher _publisher = null!;
    private RunningLicenseServer _server = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public async ValueTask InitializeAsync()
    {
        _publisher = await TestPublisher.StartAsync();
        // It has the root, and no clearinghouse to call.
        _server = await RunningLicenseServer.StartAsync(root: _publisher.Root);
        while (_server.Time.GetUtcNow() < _publisher.Time.GetUtcNow())
            _server.Time.Advance(TimeSpan.FromHours(12));
        var asked = await _server.Administration.ActivationRequestAsync(Cancellation);
        await _server.Administration.ActivationAnswerAsync(new(await _publisher.CarryAsync(asked.RequestCode)), Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _publisher.DisposeAsync();
    }

    [Fact]
    public async Task It_follows_a_rotation_of_the_root_a_withdrawal_and_a_revocation()
    {
        var (kept, revoked) = (await InstallAsync(), await InstallAsync());
        await _server.Administration.ConvertPackAsync(kept, new(2), Cancellation);
        var host = await _server.JoinAsync();
        var device = new TestDevice("KIOSK");
        var cal = (await host.SettleAsync(device)).Granted!;
        var certificate = _server.Ledger.Identity.Current.Certificate;
        var old = _publisher.Ceremony.Issuing;

        // The root is followed by another one, and that one certifies the next issuing key.
        RootCeremony.RotateRoot(_publisher.At("root"), _publisher.At("clearinghouse"), _publisher.Time.GetUtcNow());
        var first = await _server.Administration.InstallTrustAsync(new(await ExportAsync()), Cancellation);
        Assert.Equal((true, 2, 0L, 0L, 0), (first.Taken, first.Roots, first.Withdrawals, first.Revocations, first.Requests.Count));
        await _publisher.StopSignerAsync();
        var next = RootCeremony.RotateIssuing(_publisher.At("root"), _publisher.At("signer"), _publisher.Time.GetUtcNow());
        await _publisher.StartSignerAsync();
        await LookAsync();
        await InstallAsync();

        // A pack is revoked: by the file.
        await _publisher.Administration.RevokeAsync(new RevokeKeyPackRequest(revoked, ClearinghouseRevocationReason.Refunded), Cancellation);
        Assert.Equal((true, 1L), ((await InstallTrustAsync()).Taken, _server.Ledger.Identity.Current.Trust!.Revocations!.Number));
        Assert.NotNull((await _server.Administration.PacksAsync(null, 10, Cancellation)).Items.Single(pack => pack.PackId == revoked).RevokedAt);

        // The old issuing key is withdrawn: nothing is taken before the documents have come, too, and nothing is void until then.
        RootCeremony.WithdrawIssuing(_publisher.At("root"), _publisher.At("signer"), _publisher.At("clearinghouse"), old, _publisher.Time.GetUtcNow());
        await LookAsync();
        var documents = await ExportAsync();
        var waiting = await _server.Administration.InstallTrustAsync(new(documents), Cancellation);
        Assert.Equal((false, 0L), (waiting.Taken, waiting.Withdrawals));
        Assert.Equal(certificate.SerialNumber, _server.Ledger.Identity.Current.Certificate.SerialNumber);
        var code = Assert.Single(waiting.Requests).RequestCode;
        var review = await _publisher.ReviewAsync(code);
        Assert.Contains("Its certificate and 1 key pack, signed by the issuing key in use", review, StringComparison.Ordinal);
        var answer = await _publisher.CarryAsync(code);
        var taken = await _server.Administration.InstallTrustAsync(new(documents, [answer]), Cancellation);

        Assert.Equal((true, 2, 1L, 0), (taken.Taken, taken.Roots, taken.Withdrawals, taken.Requests.Count));
        var current = _server.Ledger.Identity.Current;
        Assert.Equal((KeyFingerprint.Of(certificate), next.Issuing), (KeyFingerprint.Of(current.Certificate), KeyFingerprint.Of(current.Chain[^1])));
        var packs = (await _server.Administration.PacksAsync(null, 10, Cancellation)).Items;
        Assert.Equal(4, packs.Count);
        Assert.All(packs.Where(pack => pack.PackId != revoked), pack => Assert.Null(pack.RevokedAt));
        Assert.Equal(cal.Serial, (await host.ConnectAsync(device)).Granted!.Serial);
        await InstallAsync();
        // Once more changes nothing.
        Assert.True((await _server.Administration.InstallTrustAsync(new(documents), Cancellation)).Taken);
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);

        // And the license server itself is revoked.
        await _publisher.Administration.RevokeAsync(new RevokeLicenseServerRequest(_server.Ledger.Identity.Id.Text, ClearinghouseRevocationReason.Lost), Cancellation);
        Assert.True((await InstallTrustAsync()).Taken);
        Assert.Equal(RefusalReason.LicenseServerRevoked, (await _server.Administration.StatusAsync(Cancellation)).IssuesNothingReason);
    }

    [Fact]
    public async Task What_is_forged_older_or_anothers_is_not_taken()
    {
        await InstallAsync();
        await _publisher.Administration.RevokeAsync(new RevokeKeyPackRequest(await InstallAsync(), ClearinghouseRevocationReason.Refunded), Cancellation);
        var older = await ExportAsync();
        await _publisher.Administration.RevokeAsync(new RevokeKeyPackRequest(await InstallAsync(), ClearinghouseRevocationReason.Refunded), Cancellation);
        Assert.Equal(2, (await InstallTrustAsync()).Revocations);
        Assert.Equal(2, (await _server.Administration.InstallTrustAsync(new(older), Cancellation)).Revocations);
        await using var elsewhere = await TestPublisher.StartAsync();
        RootCeremony.RotateRoot(elsewhere.At("root"), elsewhere.At("clearinghouse"), elsewhere.Time.GetUtcNow());
        Assert.Equal((1, 2L), await RootsAsync(await elsewhere.Administration.TrustAsync(Cancellation)));
        using var forger = TestAuthority.NewKey();
        Assert.Equal((1, 2L), await RootsAsync(older with { Withdrawn = Statement.Sign(new WithdrawnIssuingKeysStatement(9, _publisher.Time.GetUtcNow(), []).Encode(), forger) }));
        Assert.Equal((1, 2L), await RootsAsync(new("not PEM")));

        // A code of another license server is not this one's, and neither is one too many.
        using var other = await _publisher.NewLicenseServerAsync();
        await RotateAndWithdrawAsync();
        var documents = await ExportAsync();
        var asked = Assert.Single((await _server.Administration.InstallTrustAsync(new(documents), Cancellation)).Requests);
        var theirs = await _publisher.CarryAsync(new Ostiary.Contracts.Activation.RequestCode(Ostiary.Contracts.Activation.CodeKind.Replacement, other.NewReplacement().Request).Text);
        Assert.Equal(LicensingProblem.SignatureInvalid, await ProblemAsync(_server.Administration.InstallTrustAsync(new(documents, [theirs]), Cancellation)));
        var ours = await _publisher.CarryAsync(asked.RequestCode);
        Assert.Equal(LicensingProblem.InvalidField, await ProblemAsync(_server.Administration.InstallTrustAsync(new(documents, [ours, ours]), Cancellation)));
        Assert.Equal(LicensingProblem.InvalidField, await ProblemAsync(_server.Administration.InstallTrustAsync(new(documents, ["OSTIARY-RESPONSE:00"]), Cancellation)));
        Assert.Null(_server.Ledger.Identity.Current.Trust!.Withdrawals);
        Assert.True((await _server.Administration.InstallTrustAsync(new(documents, [ours]), Cancellation)).Taken);

        async Task<(int, long)> RootsAsync(TrustDocuments given)
        {
            var installed = await _server.Administration.InstallTrustAsync(new(given), Cancellation);
            return (installed.Roots, installed.Revocations);
        }
    }

    [Fact]
    public async Task By_hand_it_is_reactivated_and_deactivated_too()
    {
        var pack = await InstallAsync();
        await _server.RestartAsync(state =>
        {
            foreach (var file in Directory.GetFiles(state, "ledger.db*"))
                File.Delete(file);
        });
        var asked = await _server.Administration.ReactivationRequestAsync(new(Ostiary.Contracts.Activation.ReactivationReason.Redeployed), Cancellation);
        Assert.Equal(1, (await _server.Administration.ReactivationAnswerAsync(new(await _publisher.CarryAsync(asked.RequestCode)), Cancellation)).Restored);
        var ended = await _server.Administration.DeactivationRequestAsync(Cancellation);
        Assert.False((await _server.Administration.DeactivationAnswerAsync(new(await _publisher.CarryAsync(ended.RequestCode)), Cancellation)).Activated);
        Assert.True((await InstallTrustAsync()).Taken);
        Assert.NotNull(_server.Ledger.Identity.Current.Trust!.RevocationOf(pack));

        // An issuing key that is withdrawn while it is deactivated: its certificate is made anew, since what it issued still runs.
        await RotateAndWithdrawAsync();
        var documents = await ExportAsync();
        var replaced = Assert.Single((await _server.Administration.InstallTrustAsync(new(documents), Cancellation)).Requests);
        Assert.True((await _server.Administration.InstallTrustAsync(new(documents, [await _publisher.CarryAsync(replaced.RequestCode)]), Cancellation)).Taken);
        var again = await _server.Administration.ActivationRequestAsync(Cancellation);
        Assert.True((await _server.Administration.ActivationAnswerAsync(new(await _publisher.CarryAsync(again.RequestCode)), Cancellation)).Activated);
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    private Task<TrustDocuments> ExportAsync() => _publisher.Administration.TrustAsync(Cancellation);

    private async Task<InstalledTrust> InstallTrustAsync() => await _server.Administration.InstallTrustAsync(new(await ExportAsync()), Cancellation);

    private Task LookAsync() => _publisher.ClearinghouseApp.Services.GetRequiredService<KeyUpkeep>().PassAsync(Cancellation);

    private async Task<Guid> InstallAsync()
    {
        var key = await _publisher.MintAsync();
        var wish = await _server.Administration.PackRequestAsync(new(key), Cancellation);
        return (await _server.Administration.PackAnswerAsync(new(key, await _publisher.CarryAsync(wish.RequestCode)), Cancellation)).PackId;
    }

    private async Task RotateAndWithdrawAsync()
    {
        await _publisher.StopSignerAsync();
        RootCeremony.RotateIssuing(_publisher.At("root"), _publisher.At("signer"), _publisher.Time.GetUtcNow());
        await _publisher.StartSignerAsync();
        RootCeremony.WithdrawIssuing(_publisher.At("root"), _publisher.At("signer"), _publisher.At("clearinghouse"), _publisher.Ceremony.Issuing, _publisher.Time.GetUtcNow());
        await LookAsync();
    }

    private static async Task<LicensingProblem> ProblemAsync(Task call) => (await Assert.ThrowsAsync<ProblemException>(() => call)).Problem;
}
