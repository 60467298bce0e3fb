using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.LicenseServer.Trust;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Ostiary.Roles.Tests.SessionHost;
using Xunit;

namespace Ostiary.Roles.Tests.Keys;

/// <summary>The clearinghouse's revocation list, and what license servers and session hosts do by it.</summary>
public sealed class ClearinghouseRevocationTests
{
    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    [Fact]
    public async Task A_revoked_key_pack_gives_nothing_more_and_what_is_issued_of_it_runs_on_or_moves_to_another_pack()
    {
        await using var fleet = await Fleet.StartAsync();
        var stored = await fleet.SettledAsync("KIOSK-01");
        Assert.True(DeviceCal.TryRead(stored, out var cal));
        var pack = cal.Data.PackId;
        var host = await fleet.Server.JoinAsync();
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");

        var revoked = await fleet.Publisher.Administration.RevokeAsync(new RevokeKeyPackRequest(pack, ClearinghouseRevocationReason.Refunded), Cancellation);
        Assert.True(await fleet.PullAsync());
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Trust!.RevocationOf(pack) is not null));

        var listed = Assert.Single((await fleet.Server.Administration.PacksAsync(null, 10, Cancellation)).Items);
        Assert.Equal((revoked.RevokedAt, "refunded", 1), (listed.RevokedAt!.Value, listed.RevocationReason, listed.Issued));
        // Who holds a CAL of it is asked about, and goes on; a newcomer who has logged on gets none.
        await fleet.AdmittedAsync(stored, "KIOSK-01", "4");
        var newcomer = new TestDevice("NEW");
        Assert.True((await host.SettleAsync(newcomer)).Granted!.Temporary);

        // Another pack: at the renewal the device has a seat of that one.
        var other = await fleet.InstallAsync();
        Assert.False((await host.ConnectAsync(newcomer)).Granted!.Temporary);
        fleet.Advance(cal.NotAfter - fleet.Now - TimeSpan.FromDays(1));
        var renewed = await fleet.ConnectAsync(stored, "KIOSK-01");
        Assert.True(DeviceCal.TryRead(renewed.StoredLicense!, out var next));
        Assert.Equal(other, next.Data.PackId);
        await fleet.AssertNobodyWasRefusedAsync();
    }

    [Fact]
    public async Task A_revoked_license_server_issues_nothing_and_says_why_and_its_hosts_take_none_of_its_CALs()
    {
        await using var fleet = await Fleet.StartAsync();
        var stored = await fleet.SettledAsync("KIOSK-01");
        var direct = await fleet.Server.JoinAsync();

        await fleet.Publisher.Administration.RevokeAsync(new RevokeLicenseServerRequest(fleet.Server.Ledger.Identity.Id.Text, ClearinghouseRevocationReason.KeyCompromised), Cancellation);
        Assert.True(await fleet.PullAsync());
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Revoked is not null));

        Assert.Contains("key-compromised", (await fleet.Server.Administration.StatusAsync(Cancellation)).IssuesNothing, StringComparison.Ordinal);
        var answer = await direct.ConnectAsync(new TestDevice("NEW"));
        Assert.Equal((null, Ostiary.Contracts.Licensing.RefusalReason.LicenseServerRevoked), (answer.Granted, answer.Refused));
        var refused = await fleet.ConnectAsync(stored, "KIOSK-01");
        Assert.Equal(RdpClientEnd.LicenseRefused, refused.Script.End);
        await Gateway.UntilAsync(async () => (await fleet.Host.RefusalsAsync()).Count == 1);
        var refusal = (await fleet.Host.RefusalsAsync())[0];
        Assert.Equal(("no-license-server", "8"), (refusal.Reason, refusal.Rule));
        Assert.Contains("revoked", refusal.Detail, StringComparison.Ordinal);
        Assert.Contains((await fleet.Host.Administration.StatusAsync(Cancellation)).Findings!, finding => finding.Code == "license-server-revoked");
        Assert.Equal(
            LicensingProblem.NotAllowed, (await Assert.ThrowsAsync<ProblemException>(() => fleet.InstallAsync())).Problem);

        // It stays so over a restart of both.
        await fleet.Server.RestartAsync();
        await fleet.Host.StopAsync();
        await fleet.StartHostAsync();
        Assert.NotNull(fleet.Link.Revoked);
        Assert.NotNull((await fleet.Server.Administration.StatusAsync(Cancellation)).IssuesNothing);
    }

    [Fact]
    public async Task A_revocation_that_is_lifted_makes_license_server_and_key_pack_good_again_at_hosts_too()
    {
        await using var fleet = await Fleet.StartAsync();
        var stored = await fleet.SettledAsync("KIOSK-01");
        Assert.True(DeviceCal.TryRead(stored, out var cal));
        var (id, pack) = (fleet.Server.Ledger.Identity.Id.Text, cal.Data.PackId);
        var server = await fleet.Publisher.Administration.RevokeAsync(new RevokeLicenseServerRequest(id, ClearinghouseRevocationReason.Lost), Cancellation);
        var packs = await fleet.Publisher.Administration.RevokeAsync(new RevokeKeyPackRequest(pack, ClearinghouseRevocationReason.Refunded), Cancellation);
        Assert.True(await fleet.PullAsync());
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Revoked is not null && fleet.Link.Trust!.RevocationOf(pack) is not null));

        var lifted = await fleet.Publisher.Administration.LiftRevocationAsync(server.Number, new("it was found again"), Cancellation);
        Assert.Equal((packs.ListNumber + 1, "it was found again", $"license server {id}"), (lifted.ListNumber, lifted.Entry.LiftReason, lifted.Entry.Subject));
        Assert.True(await fleet.PullAsync());
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Revoked is null));
        Assert.Null((await fleet.Server.Administration.StatusAsync(Cancellation)).IssuesNothing);
        // The pack is revoked still: whoever holds a CAL of it is asked about.
        await fleet.AdmittedAsync(stored, "KIOSK-01", "4");

        await fleet.Publisher.Administration.LiftRevocationAsync(packs.Number, new("the money came after all"), Cancellation);
        Assert.True(await fleet.PullAsync());
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Trust!.RevocationOf(pack) is null));
        Assert.Null(Assert.Single((await fleet.Server.Administration.PacksAsync(null, 10, Cancellation)).Items).RevokedAt);
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        var host = await fleet.Server.JoinAsync();
        var newcomer = new TestDevice("NEW");
        await host.SettleAsync(newcomer);
        Assert.False((await host.ConnectAsync(newcomer)).Granted!.Temporary);
        await fleet.InstallAsync();
        await fleet.AssertNobodyWasRefusedAsync();

        // It stays so over a restart of both.
        await fleet.Server.RestartAsync();
        await fleet.Host.StopAsync();
        await fleet.StartHostAsync();
        Assert.Null(fleet.Link.Revoked);
        Assert.Null((await fleet.Server.Administration.StatusAsync(Cancellation)).IssuesNothing);
    }

    [Fact]
    public async Task Lifting_is_audited_and_the_same_again_changes_nothing_and_what_is_revoked_anew_is_so_by_another_number()
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var server = await publisher.NewLicenseServerAsync();
        using var other = await publisher.NewLicenseServerAsync();
        var revoked = await publisher.Administration.RevokeAsync(new RevokeLicenseServerRequest(server.Id.Text, ClearinghouseRevocationReason.Lost), Cancellation);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(number => publisher.Administration.LiftRevocationAsync(revoked.Number, new($"reason {number}"), Cancellation)));

        Assert.Single(answers.Select(answer => answer.Entry).Distinct());
        Assert.Equal(1L, publisher.Query<long>("SELECT COUNT(*) FROM Audit WHERE Kind='revocation-lifted'"));
        await server.RedeemAsync(publisher, await publisher.MintAsync());
        var before = publisher.Query<long>("SELECT MAX(Number) FROM RevocationLists");
        Assert.Equal(before, (await publisher.Administration.LiftRevocationAsync(revoked.Number, new("again"), Cancellation)).ListNumber);

        var anew = await publisher.Administration.RevokeAsync(new RevokeLicenseServerRequest(server.Id.Text, ClearinghouseRevocationReason.KeyCompromised), Cancellation);
        Assert.NotEqual(revoked.Number, anew.Number);
        Assert.Null((await publisher.Administration.LiftRevocationAsync(revoked.Number, new("again"), Cancellation)).ListNumber);
        Assert.Equal(LicensingProblem.NotAllowed, (await Assert.ThrowsAsync<ProblemException>(async () => await server.RedeemAsync(publisher, await publisher.MintAsync()))).Problem);
        var listed = (await publisher.Administration.RevocationsAsync(null, 10, Cancellation)).Items;
        Assert.Equal([(revoked.Number, true), (anew.Number, false)], listed.Select(entry => (entry.Number, entry.LiftedAt is not null)));
        Assert.True((await publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);

        // A key pack whose product key is another's by now stays revoked.
        Assert.True(Statement.TryReadUnverified((await other.RedeemAsync(publisher, await publisher.MintAsync())).KeyPack, out var payload));
        using var third = await publisher.NewLicenseServerAsync();
        await publisher.Administration.TransferAsync(new(KeyPackStatement.Decode(payload).PackId, third.Id.Text), Cancellation);
        var transferred = (await publisher.Administration.RevocationsAsync(null, 10, Cancellation)).Items[^1];
        Assert.Equal(
            LicensingProblem.RuleForbids, (await Assert.ThrowsAsync<ProblemException>(() => publisher.Administration.LiftRevocationAsync(transferred.Number, new("please"), Cancellation))).Problem);
        Assert.Equal("reason", (await Assert.ThrowsAsync<ProblemException>(() => publisher.Administration.LiftRevocationAsync(anew.Number, new(" "), Cancellation))).Field);
        Assert.Equal(LicensingProblem.NotFound, (await Assert.ThrowsAsync<ProblemException>(() => publisher.Administration.LiftRevocationAsync(99, new("x"), Cancellation))).Problem);
    }

    [Fact]
    public async Task An_entry_that_a_crash_kept_off_the_list_is_on_it_and_a_lifted_one_off_it_within_a_minute()
    {
        await using var fleet = await Fleet.StartAsync();
        var pack = (await fleet.Server.Administration.PacksAsync(null, 10, Cancellation)).Items[0].PackId;
        var revoked = await fleet.Publisher.Administration.RevokeAsync(new RevokeKeyPackRequest(pack, ClearinghouseRevocationReason.Refunded), Cancellation);
        await fleet.Publisher.StopSignerAsync();
        Assert.Equal(
            LicensingProblem.TemporarilyUnavailable, (await Assert.ThrowsAsync<ProblemException>(() => fleet.Publisher.Administration.LiftRevocationAsync(revoked.Number, new("x"), Cancellation))).Problem);
        // As a crash before the list would have left it.
        fleet.Publisher.Execute($"DELETE FROM RevocationLists WHERE Number > {revoked.ListNumber}");
        await fleet.Publisher.StartSignerAsync();

        await fleet.ClearinghouseLooksAsync();

        Assert.Equal(revoked.ListNumber + 1, await NumberAsync(fleet));
        await fleet.ClearinghouseLooksAsync();
        Assert.Equal(revoked.ListNumber + 1, await NumberAsync(fleet));
        Assert.Null(PublisherTrust.Of(fleet.Publisher.Root).Take(await fleet.Publisher.Client.TrustAsync(Cancellation), fleet.Now).RevocationOf(pack));
    }

    [Fact]
    public async Task A_stolen_license_server_that_keeps_the_list_from_its_hosts_is_found_out_by_another_one_of_the_publisher()
    {
        await using var fleet = await Fleet.StartAsync();
        var stored = await fleet.SettledAsync("KIOSK-01");
        await using var other = await RunningLicenseServer.StartAsync(fleet.Publisher);
        await other.ActivateAsync();
        await fleet.InstallAsync(other);
        await fleet.JoinAsync(other);

        await fleet.Publisher.Administration.RevokeAsync(new RevokeLicenseServerRequest(fleet.Server.Ledger.Identity.Id.Text, ClearinghouseRevocationReason.Lost), Cancellation);
        Assert.True(await fleet.PullAsync(other));
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Revoked is not null));

        // The device is served by the other one.
        Assert.Null(fleet.LinkTo(other).Revoked);
        await fleet.AdmittedAsync(stored, "KIOSK-01", "4");
    }

    [Fact]
    public async Task The_list_is_numbered_made_anew_every_day_and_signed_by_a_key_that_is_good_and_an_older_one_is_not_taken()
    {
        await using var fleet = await Fleet.StartAsync();
        var pack = (await fleet.Server.Administration.PacksAsync(null, 10, Cancellation)).Items[0].PackId;
        Assert.Null((await fleet.Publisher.Client.TrustAsync(Cancellation)).Revocations);
        var request = new RevokeKeyPackRequest(pack, ClearinghouseRevocationReason.Other);
        Assert.Equal(1, (await fleet.Publisher.Administration.RevokeAsync(request, Cancellation)).ListNumber);
        Assert.Equal(1, (await fleet.Publisher.Administration.RevokeAsync(request with { Reason = ClearinghouseRevocationReason.Lost }, Cancellation)).ListNumber);
        var first = await fleet.Publisher.Client.TrustAsync(Cancellation);

        await fleet.ClearinghouseLooksAsync();
        Assert.Equal(1, await NumberAsync(fleet));
        fleet.Publisher.Time.Advance(TimeSpan.FromDays(1));
        await fleet.ClearinghouseLooksAsync();
        Assert.Equal(2, await NumberAsync(fleet));
        Assert.True(await fleet.PullAsync());
        await fleet.Server.App.Services.GetRequiredService<TrustPulls>().TakeAsync(first, Cancellation);
        Assert.Equal(2, fleet.Server.Ledger.Identity.Current.Trust!.Revocations!.Number);

        // A thief of the issuing key has given out a list of the highest number: withdrawn, it counts for nothing.
        using var stolen = System.Security.Cryptography.ECDsa.Create();
        stolen.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(fleet.Signer, "issuing.key"), Cancellation));
        var forged = first with { Revocations = Statement.Sign(new ClearinghouseRevocationsStatement(long.MaxValue, fleet.Now, [], []).Encode(), stolen) };
        var fooled = PublisherTrust.Of(fleet.Publisher.Root).Take(forged, fleet.Now);
        Assert.Equal(long.MaxValue, fooled.Revocations!.Number);
        await fleet.RotateIssuingAsync();
        fleet.Withdraw(fleet.Publisher.Ceremony.Issuing);
        await fleet.ClearinghouseLooksAsync();
        var cured = fooled.Take(await fleet.Publisher.Client.TrustAsync(Cancellation), fleet.Now);
        Assert.Equal(3, cured.Revocations!.Number);
        Assert.NotNull(cured.RevocationOf(pack));
        Assert.Same(cured, cured.Take(forged, fleet.Now));
    }

    [Fact]
    public async Task Nothing_is_revoked_that_is_not_the_publishers_and_a_list_that_a_license_server_signed_is_none()
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var server = await publisher.NewLicenseServerAsync();
        using var stranger = new TestLicenseServer();

        Assert.Equal(LicensingProblem.NotFound, (await Assert.ThrowsAsync<ProblemException>(
            () => publisher.Administration.RevokeAsync(new RevokeLicenseServerRequest(stranger.Id.Text, ClearinghouseRevocationReason.Lost), Cancellation))).Problem);
        Assert.Equal(LicensingProblem.NotFound, (await Assert.ThrowsAsync<ProblemException>(
            () => publisher.Administration.RevokeAsync(new RevokeKeyPackRequest(Guid.NewGuid(), ClearinghouseRevocationReason.Lost), Cancellation))).Problem);

        // A license server's certificate leads to the root, too.
        var known = PublisherTrust.Of(publisher.Root);
        var forged = Statement.Sign(new ClearinghouseRevocationsStatement(5, publisher.Time.GetUtcNow(), [], []).Encode(), server.Key);
        Assert.Same(known, known.Take(new(CertificateChain.ToPem([publisher.Root]), null, forged, server.Certificate.ExportCertificatePem()), publisher.Time.GetUtcNow()));
    }

    private static async Task<long> NumberAsync(Fleet fleet)
        => PublisherTrust.Of(fleet.Publisher.Root).Take(await fleet.Publisher.Client.TrustAsync(Cancellation), fleet.Now).Revocations!.Number;
}
