using System.Security.Cryptography.X509Certificates;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Clearinghouse.Trust;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Trust;
using Ostiary.LicenseServer.Trust;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.SessionHost;
using Xunit;

namespace Ostiary.Roles.Tests.Keys;

/// <summary>An issuing key is withdrawn while license servers and session hosts run: what it signed is signed again, and good for nothing itself.</summary>
public sealed class WithdrawalTests
{
    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    [Fact]
    public async Task Everything_is_signed_again_nobody_is_refused_and_no_verifier_takes_a_document_of_the_withdrawn_key()
    {
        await using var fleet = await Fleet.StartAsync();
        var pack = await fleet.InstallAsync();
        await fleet.Server.Administration.ConvertPackAsync(pack, new(2), Cancellation);
        var stored = await fleet.SettledAsync("KIOSK-01");
        var old = fleet.Publisher.Ceremony.Issuing;
        using var oldIssuing = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(fleet.Signer, "issuing.pem"));
        var oldCertificate = fleet.Server.Ledger.Identity.Current.Certificate;
        var extension = await fleet.Publisher.Administration.ExtendGraceAsync(new(new string('a', 32), 10), Cancellation);

        // The root rotates, too: whoever followed only the old root finds its way.
        fleet.RotateRoot();
        var rotated = await fleet.RotateIssuingAsync();
        var withdrawn = fleet.Withdraw(old);
        Assert.Equal(1, withdrawn.Number);
        await fleet.ClearinghouseLooksAsync();
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        Assert.True(await fleet.PullAsync());

        // License server: the same key, another certificate, the same packs under other statements.
        var current = fleet.Server.Ledger.Identity.Current;
        Assert.Equal(KeyFingerprint.Of(oldCertificate), KeyFingerprint.Of(current.Certificate));
        Assert.Equal(rotated.Issuing, KeyFingerprint.Of(current.Chain[^1]));
        await using (var db = fleet.Server.Ledger.Database.OpenReader())
        {
            var packs = await db.Packs.ToListAsync(Cancellation);
            Assert.Equal(3, packs.Count);
            foreach (var row in packs)
            {
                using var issuing = X509CertificateLoader.LoadCertificate(row.IssuingCertificate);
                using var key = issuing.GetECDsaPublicKey()!;
                Assert.Equal(rotated.Issuing, KeyFingerprint.Of(issuing));
                Assert.True(Statement.TryVerify(row.Statement, key, out _));
                Assert.Null(row.RevokedAt);
            }
        }

        Assert.Equal(3, await AuditedAsync(fleet, "pack-signed-again"));
        Assert.Equal(1, await AuditedAsync(fleet, "license-server-certified-again"));

        // Host: it has the license server's other certificate, and the client's CAL, whose own chain is void, is good by it.
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Trust!.IsWithdrawn(old)));
        Assert.Equal(rotated.Issuing, KeyFingerprint.Of(fleet.Link.LicenseServerChain[^1]));
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        await fleet.AdmittedAsync(null, "KIOSK-02", "4");
        await fleet.InstallAsync();

        // Every verifier, and the old documents.
        var trust = fleet.Link.Trust!;
        Assert.True(DeviceCal.TryRead(stored, out var cal));
        var hardwareId = new Ostiary.Protocol.Tests.Clients.LicensingClientOptions { MachineName = "KIOSK-01" }.HardwareId.ToArray();
        var pinned = new[] { cal.LicenseServer };
        Assert.Equal(DeviceCalVerdict.ChainInvalid, cal.Verify(pinned, trust, [], hardwareId, fleet.Now));
        Assert.Equal(DeviceCalVerdict.Valid, cal.Verify(pinned, trust, fleet.Link.LicenseServerChain, hardwareId, fleet.Now));
        Assert.False(trust.LeadsTo(oldCertificate, [oldIssuing], fleet.Now));
        Assert.False(trust.IsIssuing(oldIssuing, fleet.Now));
        Assert.False(GraceExtensionFile.TryVerify(extension.File, trust, fleet.Now, out _));
        Assert.True(GraceExtensionFile.TryVerify(extension.File, PublisherTrust.Of(fleet.Publisher.Root), fleet.Now, out _));
        Assert.Equal(
            LicensingProblem.SignatureInvalid,
            (await Assert.ThrowsAsync<ProblemException>(() => fleet.Server.App.Services.GetRequiredService<TrustPulls>().ReadIssuingAsync(oldIssuing.ExportCertificatePem(), Cancellation))).Problem);

        // A clearinghouse that starts anew, and its rows.
        Assert.Equal(0L, fleet.Publisher.Query<long>($"SELECT count(*) FROM KeyPacks WHERE Issuer = '{old.Hex}'"));
        Assert.Equal(0L, fleet.Publisher.Query<long>($"SELECT count(*) FROM Activations WHERE Issuer = '{old.Hex}'"));
        await fleet.AssertNobodyWasRefusedAsync();
    }

    [Fact]
    public async Task A_license_server_whose_certificate_is_of_the_withdrawn_key_and_that_does_not_know_yet_redeems_on_and_one_that_was_never_activated_here_does_not()
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var server = await publisher.NewLicenseServerAsync();
        using var oldKey = System.Security.Cryptography.ECDsa.Create();
        oldKey.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(publisher.At("signer"), "issuing.key"), Cancellation));
        using var oldIssuing = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(publisher.At("signer"), "issuing.pem"));
        await RotateAndWithdrawAsync(publisher);

        var pack = await server.RedeemAsync(publisher, await publisher.MintAsync());
        Assert.NotEqual(KeyFingerprint.Of(oldIssuing), KeyFingerprint.Of(CertificateChain.FromPem(pack.IssuingCertificate)[0]));

        // Whoever stole the key certifies a license server of its own.
        using var forged = new TestLicenseServer();
        forged.Certificate = TestAuthority.Sign(
            CertificateProfiles.LicenseServer(oldIssuing, TestAuthority.Spki(forged.Key), TestAuthority.Serial(), oldIssuing.NotBefore.ToUniversalTime(), oldIssuing.NotBefore.ToUniversalTime().AddYears(5)), oldKey);
        var key = await publisher.MintAsync();
        Assert.Equal(LicensingProblem.SignatureInvalid, (await Assert.ThrowsAsync<ProblemException>(() => forged.RedeemAsync(publisher, key))).Problem);
        Assert.Equal(
            LicensingProblem.NotActivated, (await Assert.ThrowsAsync<ProblemException>(() => publisher.Client.ReplaceAsync(forged.NewReplacement(), Cancellation))).Problem);
    }

    [Fact]
    public async Task The_same_requests_are_answered_anew_and_by_replacement_nobody_gets_what_is_anothers()
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var server = await publisher.NewLicenseServerAsync();
        using var other = await publisher.NewLicenseServerAsync();
        var key = await publisher.MintAsync();
        var before = await server.RedeemAsync(publisher, key);
        Assert.True(Statement.TryReadUnverified(before.KeyPack, out var payload));
        var pack = KeyPackStatement.Decode(payload);
        publisher.Time.Advance(TimeSpan.FromDays(30));
        var issuing = await RotateAndWithdrawAsync(publisher);

        var again = await server.RedeemAsync(publisher, key);
        var activated = await publisher.Client.ActivateAsync(server.NewActivation(), Cancellation);
        var replaced = await publisher.Client.ReplaceAsync(server.NewReplacement(pack.PackId), Cancellation);

        Assert.Equal(issuing, KeyFingerprint.Of(CertificateChain.FromPem(again.IssuingCertificate)[0]));
        Assert.Equal(issuing.KeyId, activated.KeyId);
        Assert.Equal(activated.Signature, replaced.Activation.Signature);
        Assert.Equal(again.KeyPack, Assert.Single(replaced.KeyPacks).KeyPack);
        Assert.True(Statement.TryReadUnverified(again.KeyPack, out var renewed));
        Assert.Equal(pack with { IssuedAt = pack.IssuedAt.AddDays(30) }, KeyPackStatement.Decode(renewed));
        Assert.Empty((await publisher.Client.ReplaceAsync(other.NewReplacement(pack.PackId), Cancellation)).KeyPacks);
        var stolen = new ReplacementRequest(Statement.Sign(new ReplacementRequestStatement(server.Request.Encode(), [pack.PackId]).Encode(), other.Key));
        Assert.Equal(LicensingProblem.SignatureInvalid, (await Assert.ThrowsAsync<ProblemException>(() => publisher.Client.ReplaceAsync(stolen, Cancellation))).Problem);
        Assert.Null(await publisher.ClearinghouseApp.Services.GetRequiredService<Ostiary.Clearinghouse.Storage.Database>().ReadAsync(
            store => Ostiary.Clearinghouse.Storage.AuditChain.VerifyAuditAsync(store, Cancellation), Cancellation));
    }

    [Fact]
    public async Task While_the_clearinghouse_is_away_a_license_server_goes_on_with_what_it_has()
    {
        await using var fleet = await Fleet.StartAsync();
        var stored = await fleet.SettledAsync("KIOSK-01");
        var certificate = fleet.Server.Ledger.Identity.Current.Certificate;
        await fleet.RotateIssuingAsync();
        fleet.Withdraw(fleet.Publisher.Ceremony.Issuing);
        await fleet.Publisher.StopClearinghouseAsync();

        Assert.False(await fleet.PullAsync());

        Assert.Same(certificate, fleet.Server.Ledger.Identity.Current.Certificate);
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        await fleet.AdmittedAsync(null, "KIOSK-02", "4");
    }

    [Fact]
    public async Task The_list_is_taken_before_documents_only_when_they_can_be_replaced()
    {
        await using var fleet = await Fleet.StartAsync();
        var old = fleet.Publisher.Ceremony.Issuing;
        await fleet.RotateIssuingAsync();
        fleet.Withdraw(old);
        // The clearinghouse publishes the list, and its signer is away: nothing can be signed again yet.
        await fleet.Publisher.StopSignerAsync();

        // What is answered is still the old signature, which does not hold any more.
        Assert.False(await fleet.PullAsync());
        Assert.False(fleet.Server.Ledger.Identity.Current.Trust!.IsWithdrawn(old));

        await fleet.Publisher.StartSignerAsync();
        Assert.True(await fleet.PullAsync());
        Assert.True(fleet.Server.Ledger.Identity.Current.Trust!.IsWithdrawn(old));
        Assert.NotEqual(old, KeyFingerprint.Of(fleet.Server.Ledger.Identity.Current.Chain[^1]));
    }

    [Fact]
    public async Task An_older_list_that_is_played_back_is_not_taken_by_anybody()
    {
        await using var fleet = await Fleet.StartAsync();
        var first = fleet.Publisher.Ceremony.Issuing;
        var second = (await fleet.RotateIssuingAsync()).Issuing;
        fleet.Withdraw(first);
        var replayed = await fleet.Publisher.Client.TrustAsync(Cancellation);
        var oldFile = await File.ReadAllBytesAsync(Path.Combine(fleet.ClearinghouseState, "withdrawn.cose"), Cancellation);
        await fleet.RotateIssuingAsync();
        Assert.Equal(2, fleet.Withdraw(second).Number);
        Assert.True(await fleet.PullAsync());
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Trust!.Withdrawals?.Number == 2));

        await fleet.Server.App.Services.GetRequiredService<TrustPulls>().TakeAsync(replayed, Cancellation);
        Assert.Equal(2, fleet.Server.Ledger.Identity.Current.Trust!.Withdrawals!.Number);
        Assert.Same(fleet.Link.Trust, fleet.Link.Trust!.Take(replayed, fleet.Now));

        // Not even by the clearinghouse, and the ceremony goes on from the number that stands beside the root.
        await File.WriteAllBytesAsync(Path.Combine(fleet.ClearinghouseState, "withdrawn.cose"), oldFile, Cancellation);
        Assert.True(PublisherTrust.Of(fleet.Publisher.Root).Take(await fleet.Publisher.Client.TrustAsync(Cancellation), fleet.Now).IsWithdrawn(second));
        Assert.Equal(2, fleet.Withdraw(first).Number);
        // Forged: the number is higher, and an issuing key has signed it.
        using var key = System.Security.Cryptography.ECDsa.Create();
        key.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(fleet.Signer, "issuing.key"), Cancellation));
        var forged = Statement.Sign(new WithdrawnIssuingKeysStatement(9, fleet.Now, []).Encode(), key);
        Assert.Same(fleet.Link.Trust, fleet.Link.Trust!.Take(replayed with { Withdrawn = forged }, fleet.Now));
    }

    [Fact]
    public async Task The_key_in_use_is_not_withdrawn_and_neither_is_one_that_nobody_knows()
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var stranger = TestAuthority.NewKey();
        var (root, signer, clearinghouse) = (publisher.At("root"), publisher.At("signer"), publisher.At("clearinghouse"));

        var inUse = Assert.Throws<CeremonyException>(() => RootCeremony.WithdrawIssuing(root, signer, clearinghouse, publisher.Ceremony.Issuing, publisher.Time.GetUtcNow()));
        Assert.Contains("rotate-issuing", inUse.Message, StringComparison.Ordinal);
        Assert.Throws<CeremonyException>(() => RootCeremony.WithdrawIssuing(root, signer, clearinghouse, KeyFingerprint.Of(stranger), publisher.Time.GetUtcNow()));
        Assert.Empty(Directory.GetFiles(publisher.Directory, "withdrawn.cose", SearchOption.AllDirectories));
    }

    private static async Task<KeyFingerprint> RotateAndWithdrawAsync(TestPublisher publisher)
    {
        await publisher.StopSignerAsync();
        var record = RootCeremony.RotateIssuing(publisher.At("root"), publisher.At("signer"), publisher.Time.GetUtcNow());
        await publisher.StartSignerAsync();
        RootCeremony.WithdrawIssuing(publisher.At("root"), publisher.At("signer"), publisher.At("clearinghouse"), publisher.Ceremony.Issuing, publisher.Time.GetUtcNow());
        await publisher.ClearinghouseApp.Services.GetRequiredService<KeyUpkeep>().PassAsync(Cancellation);
        return record.Issuing;
    }

    private static async Task<int> AuditedAsync(Fleet fleet, string kind)
    {
        await using var db = fleet.Server.Ledger.Database.OpenReader();
        return await db.Audit.CountAsync(entry => entry.Kind == kind, Cancellation);
    }
}
