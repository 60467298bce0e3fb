using Microsoft.Extensions.DependencyInjection;
using Ostiary.Clearinghouse.Ceremony;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Trust;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Ostiary.Roles.Tests.SessionHost;
using Xunit;

namespace Ostiary.Roles.Tests.Keys;

/// <summary>The root is followed by another while license servers and session hosts run.</summary>
public sealed class RootRotationTests
{
    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    [Fact]
    public async Task All_follow_by_themselves_nobody_is_refused_and_old_documents_still_verify()
    {
        await using var fleet = await Fleet.StartAsync();
        var stored = await fleet.SettledAsync("KIOSK-01");
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");

        var rotated = fleet.RotateRoot();
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        fleet.Advance(TimeSpan.FromDays(1));
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Server.Ledger.Identity.Current.Trust!.Roots.Count == 2));
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Trust!.Roots.Count == 2));

        Assert.Equal([rotated.Old, rotated.Root], fleet.Link.Trust!.Roots.Select(KeyFingerprint.Of));
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");

        // The next issuing key is the new root's: redeeming, activating and connecting go on.
        var issuing = await fleet.RotateIssuingAsync();
        Assert.Equal(rotated.Root, issuing.Root);
        await fleet.InstallAsync();
        await using var other = await RunningLicenseServer.StartAsync(fleet.Publisher, fleet.NewestRoot());
        await other.ActivateAsync();
        await fleet.InstallAsync(other);
        await fleet.JoinAsync(other);
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        await fleet.AdmittedAsync(null, "KIOSK-02", "4");

        // What is known outlives a restart of everything.
        await fleet.Server.RestartAsync();
        await fleet.Host.StopAsync();
        await fleet.StartHostAsync();
        Assert.Equal(2, fleet.Server.Ledger.Identity.Current.Trust!.Roots.Count);
        Assert.Equal(2, fleet.Link.Trust!.Roots.Count);
        await fleet.AssertNobodyWasRefusedAsync();
    }

    [Fact]
    public async Task A_license_server_that_was_given_the_old_root_is_activated_under_the_new_one_and_its_CALs_are_accepted()
    {
        await using var fleet = await Fleet.StartAsync();
        fleet.RotateRoot();
        await fleet.RotateIssuingAsync();

        // TLS, activation and key pack are all under the new root, which the package's old root file leads to.
        await using var late = await RunningLicenseServer.StartAsync(fleet.Publisher, fleet.Publisher.Root);
        await late.ActivateAsync();
        await fleet.InstallAsync(late);
        var host = await late.JoinAsync();
        var device = new TestDevice("LATE");
        await host.SettleAsync(device);

        Assert.True(DeviceCal.TryRead(device.Stored!, out var cal));
        using var newest = fleet.NewestRoot();
        var known = PublisherTrust.Of(fleet.Publisher.Root);
        var follows = known.Take(await fleet.Publisher.Client.TrustAsync(Cancellation), fleet.Now);
        var server = late.Ledger.Identity.Key.Fingerprint;
        Assert.Equal(DeviceCalVerdict.Valid, cal.Verify([server], newest, device.HardwareId, fleet.Now));
        Assert.Equal(DeviceCalVerdict.Valid, cal.Verify([server], follows, [], device.HardwareId, fleet.Now));
        Assert.Equal(DeviceCalVerdict.ChainInvalid, cal.Verify([server], known, [], device.HardwareId, fleet.Now));
        Assert.Equal(KeyFingerprint.Of(newest), KeyFingerprint.Of(CertificateChain.FromPem(host.Membership.Root!)[0]));
    }

    [Fact]
    public async Task The_root_that_is_published_is_the_one_of_the_issuing_key_in_use()
    {
        await using var publisher = await TestPublisher.StartAsync();
        var rotated = RootCeremony.RotateRoot(publisher.At("root"), publisher.At("clearinghouse"), publisher.Time.GetUtcNow());

        Assert.Equal(rotated.Old, KeyFingerprint.Of(CertificateChain.FromPem(await publisher.Http.GetStringAsync("v1/root", Cancellation))[0]));
        await publisher.StopSignerAsync();
        RootCeremony.RotateIssuing(publisher.At("root"), publisher.At("signer"), publisher.Time.GetUtcNow());
        await publisher.StartSignerAsync();
        await publisher.ClearinghouseApp.Services.GetRequiredService<Ostiary.Clearinghouse.Trust.KeyUpkeep>().PassAsync(Cancellation);

        Assert.Equal(rotated.Root, KeyFingerprint.Of(CertificateChain.FromPem(await publisher.Http.GetStringAsync("v1/root", Cancellation))[0]));
        Assert.Equal(rotated.Root.Hex, (await publisher.Administration.StatusAsync(Cancellation)).RootFingerprint);
        // The first ceremony, run again, finds all of it and makes nothing.
        Assert.All(
            RootCeremony.Perform(publisher.At("root"), publisher.At("signer"), publisher.At("clearinghouse"), "Example Ltd", publisher.Time.GetUtcNow()).Files,
            file => Assert.False(file.Made, file.Path));
        // The clearinghouse starts anew with what the ceremonies left.
        await publisher.RestartClearinghouseAsync();
        using var server = await publisher.NewLicenseServerAsync();
    }

    [Fact]
    public async Task The_cross_certificate_of_a_stranger_is_not_followed_and_neither_is_one_of_another_form()
    {
        await using var publisher = await TestPublisher.StartAsync();
        using var stranger = new TestAuthority("Example Ltd");
        using var rootKey = System.Security.Cryptography.ECDsa.Create();
        rootKey.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(publisher.At("root"), "root.key"), Cancellation));
        using var nextKey = TestAuthority.NewKey();
        var (root, now) = (publisher.Root, publisher.Time.GetUtcNow());
        using var next = TestAuthority.Sign(CertificateProfiles.Root(root.SubjectName.RawData, TestAuthority.Spki(nextKey), TestAuthority.Serial(), TestAuthority.Begin, TestAuthority.Begin.AddYears(25)), nextKey);
        var profile = CertificateProfiles.Cross(root, TestAuthority.Spki(nextKey), TestAuthority.Serial(), TestAuthority.Begin, TestAuthority.Begin.AddYears(20));
        var known = PublisherTrust.Of(root);

        PublisherTrust Take(CertificateFields fields, System.Security.Cryptography.ECDsa signer, DateTimeOffset? at = null)
        {
            using var cross = TestAuthority.Sign(fields, signer);
            return known.Take(new(CertificateChain.ToPem([root, next, cross])), at ?? now);
        }

        Assert.Same(known, Take(profile, stranger.RootKey));
        Assert.Same(known, Take(CertificateProfiles.Cross(stranger.Root, TestAuthority.Spki(nextKey), TestAuthority.Serial(), TestAuthority.Begin, TestAuthority.Begin.AddYears(20)), stranger.RootKey));
        // Signed by the root itself, and not what the profile writes: a certificate authority of another kind, or one part more or less.
        Assert.Same(known, Take(CertificateProfiles.Issuing(root, "Example Ltd", TestAuthority.Spki(nextKey), TestAuthority.Serial(), TestAuthority.Begin, TestAuthority.Begin.AddYears(12)), rootKey));
        for (var left = 0; left < profile.Extensions.Count; left++)
            Assert.Same(known, Take(profile with { Extensions = [.. profile.Extensions.Where((_, index) => index != left)] }, rootKey));
        Assert.Same(known, Take(profile, rootKey, TestAuthority.Begin.AddDays(-1)));
        Assert.Same(known, Take(profile, rootKey, TestAuthority.Begin.AddYears(21)));

        var followed = Take(profile, rootKey);
        Assert.Equal([KeyFingerprint.Of(root), KeyFingerprint.Of(next)], followed.Roots.Select(KeyFingerprint.Of));
        Assert.Equal(followed.Tag, PublisherTrust.Remembered(root, followed.Encode()).Tag);
    }
}
