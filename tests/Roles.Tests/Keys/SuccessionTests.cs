using Microsoft.EntityFrameworkCore;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.Contracts.Symbols;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.SessionHost;
using Xunit;

namespace Ostiary.Roles.Tests.Keys;

/// <summary>A license server's key is followed by another while its session hosts and their clients run: nobody is refused, nothing is started again.</summary>
public sealed class SuccessionTests
{
    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    [Fact]
    public async Task In_good_order_hosts_follow_by_themselves_and_CALs_of_the_old_key_stay_good_to_their_end()
    {
        await using var fleet = await Fleet.StartAsync();
        var stored = await fleet.SettledAsync("KIOSK-01");
        var old = fleet.Server.Ledger.Identity.Key.Fingerprint;
        var oldId = fleet.Server.Ledger.Identity.Id.Text;

        var status = await fleet.Server.Administration.SucceedAsync(new(SuccessionCause.Planned, "every two years"), Cancellation);
        // At once, whether or not the host has looked: a device that nobody has seen before.
        await fleet.AdmittedAsync(null, "KIOSK-02", "4");

        var key = fleet.Server.Ledger.Identity.Key.Fingerprint;
        Assert.NotEqual(old, key);
        Assert.Equal(key.Hex, status.KeyFingerprint);
        Assert.Equal((oldId, status.LicenseServerId, SuccessionCause.Planned, "every two years"), Succession(Assert.Single(status.Successions!)));
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Fingerprint == key && fleet.Link.Revocations is not null));
        Assert.Equal(old, Assert.Single(fleet.Link.Predecessors).Fingerprint);
        Assert.Equal(key.Hex, Assert.Single((await fleet.Host.Administration.StatusAsync(Cancellation)).LicenseServers).KeyFingerprint);

        // The client's CAL is of the old key, and good: nobody is asked.
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        // In its last days it is renewed, under the new key and with the same seat.
        Assert.Equal(1, await fleet.IssuedAsync());
        fleet.Advance(End(stored) - fleet.Now - TimeSpan.FromDays(5));
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.CertificateUntil > fleet.Now));
        var renewed = await fleet.ConnectAsync(stored, "KIOSK-01");
        Assert.True(DeviceCal.TryRead(renewed.StoredLicense!, out var cal));
        Assert.Equal(key, cal.LicenseServer);
        Assert.Equal(1, await fleet.IssuedAsync());

        // What was bought is the new key's: more of it is installed, and the old key gets nothing more.
        await fleet.InstallAsync();
        Assert.Equal(0L, fleet.Publisher.Query<long>($"SELECT count(*) FROM KeyPacks WHERE LicenseServer = '{old.Hex}'"));
        await fleet.AssertNobodyWasRefusedAsync();
        Assert.True((await fleet.Publisher.Administration.VerifyAuditAsync(Cancellation)).Sound);

        // Whoever starts again is where it was.
        await fleet.Server.RestartAsync();
        Assert.Equal(key, fleet.Server.Ledger.Identity.Key.Fingerprint);
        Assert.False(File.Exists(Path.Combine(fleet.Server.Directory, "state", "license-server.key.next")));
        await fleet.Host.DisposeAsync();
        await fleet.StartHostAsync();
        await fleet.AdmittedAsync(renewed.StoredLicense, "KIOSK-01", "3");
    }

    [Fact]
    public async Task After_a_theft_CALs_of_the_old_key_are_claims_that_are_looked_up_and_made_anew_with_their_seat_and_their_end()
    {
        await using var fleet = await Fleet.StartAsync();
        var stored = await fleet.SettledAsync("KIOSK-01");
        var (old, oldId) = (fleet.Server.Ledger.Identity.Key.Fingerprint, fleet.Server.Ledger.Identity.Id.Text);
        var seats = await fleet.IssuedAsync();

        // The administrator says it; until the publisher has, all goes on as it was.
        var waits = await Assert.ThrowsAsync<ProblemException>(() => fleet.Server.Administration.SucceedAsync(new(SuccessionCause.Stolen, "backup gone"), Cancellation));
        Assert.Contains("ostiary clearinghouse servers succeed", waits.Message, StringComparison.Ordinal);
        var pending = Assert.Single((await fleet.Server.Administration.StatusAsync(Cancellation)).Successions!);
        Assert.Null(pending.At);
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        Assert.True(await fleet.PullAsync() is false);
        Assert.Equal(old, fleet.Server.Ledger.Identity.Key.Fingerprint);

        var named = await fleet.Publisher.Administration.SucceedAsync(oldId, new(pending.To, SuccessionCause.Stolen), Cancellation);
        Assert.Equal(named, await fleet.Publisher.Administration.SucceedAsync(oldId, new(pending.To, SuccessionCause.Stolen), Cancellation));
        Assert.NotNull(named.ListNumber);
        Assert.True(await fleet.PullAsync());

        var key = fleet.Server.Ledger.Identity.Key.Fingerprint;
        Assert.Equal(pending.To, fleet.Server.Ledger.Identity.Id.Text);
        Assert.NotNull(fleet.Server.Ledger.Identity.Current.Trust!.RevocationOf(old));
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Fingerprint == key && fleet.Link.Trust!.RevocationOf(old) is not null));

        // The same seat and the same end, by the new key; after that the license server is not asked any more.
        var upgraded = await fleet.ConnectAsync(stored, "KIOSK-01");
        Assert.Equal(Ostiary.Protocol.Tests.Clients.RdpClientEnd.DemandActive, upgraded.Script.End);
        Assert.True(DeviceCal.TryRead(upgraded.StoredLicense!, out var cal));
        Assert.Equal((key, End(stored)), (cal.LicenseServer, cal.NotAfter));
        await fleet.AdmittedAsync(upgraded.StoredLicense, "KIOSK-01", "3");
        Assert.Equal(seats, await fleet.IssuedAsync());
        await fleet.AssertNobodyWasRefusedAsync();
        await using var db = fleet.Server.Ledger.Database.OpenReader();
        Assert.Equal(1, await db.Audit.CountAsync(entry => entry.Kind == "license-followed", Cancellation));
    }

    private static DateTimeOffset End(byte[] stored)
    {
        Assert.True(DeviceCal.TryRead(stored, out var cal));
        using (cal)
            return cal.NotAfter;
    }

    private static (string, string, SuccessionCause, string?) Succession(Ostiary.Contracts.Administration.SuccessionStatus status) => (status.From, status.To, status.Cause, status.Reason);
}
