using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.Contracts.Statements;
using Ostiary.LicenseServer;
using Ostiary.LicenseServer.Identity;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Ostiary.Roles.Tests.SessionHost;
using Ostiary.SessionHost.LicenseServers;
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
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link is { Revocations: not null } link && link.Fingerprint == key), 60);
        Assert.Equal(old, Assert.Single(fleet.Link.Predecessors).Fingerprint);
        Assert.Equal(key.Hex, Assert.Single((await fleet.Host.Administration.StatusAsync(Cancellation)).LicenseServers).KeyFingerprint);

        // The client's CAL is of the old key, and good: nobody is asked.
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        // In its last days it is renewed, under the new key and with the same seat.
        Assert.Equal(1, await fleet.IssuedAsync());
        fleet.Advance(End(stored) - fleet.Now - TimeSpan.FromDays(5));
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.CertificateUntil > fleet.Now));
        // A question that comes while the host renews its own certificate may be too late: then it is admitted by the CAL that it has, and is renewed the next time.
        var renewed = await fleet.ConnectAsync(stored, "KIOSK-01");
        await Gateway.UntilAsync(
            async () => DeviceCal.TryRead(renewed.StoredLicense!, out var cal) && (cal.LicenseServer == key || (renewed = await fleet.ConnectAsync(stored, "KIOSK-01")).Script.End != Ostiary.Protocol.Tests.Clients.RdpClientEnd.DemandActive), 60);
        Assert.True(DeviceCal.TryRead(renewed.StoredLicense!, out var renewedCal));
        Assert.Equal(key, renewedCal.LicenseServer);
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
        // A list of before its start is too old to admit by: it asks first, until it has pulled another one.
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link.Revocations is { } list && fleet.Now - list.IssuedAt < TimeSpan.FromMinutes(30)), 60);
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
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link is { } link && link.Fingerprint == key && link.Trust!.RevocationOf(old) is not null), 60);

        // The same seat and the same end, by the new key; after that the license server is not asked any more.
        var connections = (await fleet.Host.SessionsAsync()).Count;
        var upgraded = await fleet.ConnectAsync(stored, "KIOSK-01");
        await Gateway.UntilAsync(async () => (await fleet.Host.SessionsAsync()).Count > connections);
        Assert.Equal(Ostiary.Protocol.Tests.Clients.RdpClientEnd.DemandActive, upgraded.Script.End);
        Assert.True(DeviceCal.TryRead(upgraded.StoredLicense!, out var cal));
        Assert.Equal((key, End(stored)), (cal.LicenseServer, cal.NotAfter));
        await fleet.AdmittedAsync(upgraded.StoredLicense, "KIOSK-01", "3");
        Assert.Equal(seats, await fleet.IssuedAsync());
        await fleet.AssertNobodyWasRefusedAsync();
        await using var db = fleet.Server.Ledger.Database.OpenReader();
        Assert.Equal(1, await db.Audit.CountAsync(entry => entry.Kind == "license-followed", Cancellation));
    }

    [Theory]
    [InlineData(nameof(SuccessionStep.KeyMade))]
    [InlineData(nameof(SuccessionStep.Prepared))]
    [InlineData(nameof(SuccessionStep.Answered))]
    [InlineData(nameof(SuccessionStep.PacksFetched))]
    [InlineData(nameof(SuccessionStep.Switched))]
    public async Task Cut_off_after_a_step_of_the_license_server_it_goes_on_where_it_was(string step)
    {
        await using var fleet = await Fleet.StartAsync();
        var stored = await fleet.SettledAsync("KIOSK-01");
        var old = fleet.Server.Ledger.Identity.Key.Fingerprint;
        fleet.Server.AfterStep = reached =>
        {
            if (reached.ToString() == step)
                throw new InvalidOperationException($"crash after {step}");
        };
        await fleet.Server.RestartAsync();

        var crashed = await Assert.ThrowsAsync<ProblemException>(() => fleet.Server.Administration.SucceedAsync(new(SuccessionCause.Planned), Cancellation));
        Assert.Equal(LicensingProblem.InternalError, crashed.Problem);
        fleet.Server.AfterStep = null;
        await fleet.Server.RestartAsync();
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        await fleet.Server.Administration.SucceedAsync(new(SuccessionCause.Planned), Cancellation);

        var identity = fleet.Server.Ledger.Identity.Current;
        Assert.Equal(old, Assert.Single(identity.Predecessors).Fingerprint);
        Assert.Equal(identity.Key.Fingerprint, KeyFingerprint.Of(identity.Certificate));
        Assert.Equal(["license-server.key"], Directory.GetFiles(Path.Combine(fleet.Server.Directory, "state"), "license-server.key*").Select(Path.GetFileName));
        Assert.Equal(1L, fleet.Publisher.Query<long>("SELECT COUNT(*) FROM Successions"));
        Assert.Equal(2L, fleet.Publisher.Query<long>("SELECT COUNT(*) FROM Activations"));
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Link is { SilentSince: null } link && link.Fingerprint == identity.Key.Fingerprint), 60);
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        await fleet.AdmittedAsync(null, "KIOSK-02", "4");
        await fleet.AssertNobodyWasRefusedAsync();
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("its own word")]
    [InlineData("another license server's word")]
    [InlineData("the word of a withdrawn issuing key")]
    public async Task Whoever_stands_at_the_address_without_a_statement_that_holds_is_not_followed(string shown)
    {
        await using var fleet = await Fleet.StartAsync();
        var stored = await fleet.SettledAsync("KIOSK-01");
        var pinned = fleet.Link.Fingerprint;
        var (chain, port) = (CertificateChain.ToPem(fleet.Server.Ledger.Identity.Current.Chain), fleet.Server.Address.Port);
        using var withdrawnKey = ECDsa.Create();
        withdrawnKey.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(fleet.Signer, "issuing.key"), Cancellation));
        var withdrawnCertificate = await File.ReadAllTextAsync(Path.Combine(fleet.Signer, "issuing.pem"), Cancellation);
        if (shown.Contains("withdrawn", StringComparison.Ordinal))
        {
            await fleet.RotateIssuingAsync();
            fleet.Withdraw(fleet.Publisher.Ceremony.Issuing);
            await fleet.ClearinghouseLooksAsync();
        }

        await fleet.Server.StopAsync();
        await using var other = await RunningLicenseServer.StartAsync(fleet.Publisher, port: port);
        await other.ActivateAsync();
        Assert.True(await fleet.PullAsync(other));
        using var stranger = TestAuthority.NewKey();
        var own = other.Ledger.Identity.Key;
        var payload = new SuccessionStatement(pinned, own.Fingerprint, shown.Contains("withdrawn", StringComparison.Ordinal) ? SuccessionCause.Stolen : SuccessionCause.Planned, fleet.Now).Encode();
        if (shown != "nothing")
            other.Ledger.Know([shown switch
            {
                "its own word" => Before(own.SignStatement(payload), null),
                "another license server's word" => Before(Statement.Sign(payload, stranger), null),
                _ => Before(Statement.Sign(payload, withdrawnKey), withdrawnCertificate),
            }]);

        await Gateway.UntilAsync(() => Task.FromResult(fleet.HostLog.Lines.Any(line => line.Contains("a key that is not the pinned one", StringComparison.Ordinal))), 30);
        Assert.Equal(pinned, Assert.Single(fleet.Host.Services.GetRequiredService<Servers>().Links).Fingerprint);
        await fleet.AdmittedAsync(stored, "KIOSK-01", "3");
        Assert.Empty(await fleet.Host.RefusalsAsync());

        Predecessor Before(byte[] statement, string? issuing)
        {
            var row = new KeySuccession { Old = pinned.Hex, New = own.Fingerprint.Hex, Cause = SuccessionCause.Planned, Reason = null, PreparedAt = fleet.Now, Payload = payload, Nonce = 0 };
            row.Switch(SuccessionCause.Planned, statement, issuing, chain, fleet.Now);
            return Predecessor.Of(row);
        }
    }

    [Fact]
    public async Task A_lost_license_servers_hosts_bring_what_it_issued_to_the_one_in_its_place()
    {
        await using var fleet = await Fleet.StartAsync();
        var (first, second) = (await fleet.SettledAsync("KIOSK-01"), await fleet.SettledAsync("KIOSK-02"));
        var (lost, lostId, port) = (fleet.Link.Fingerprint, fleet.Server.Ledger.Identity.Id.Text, fleet.Server.Address.Port);
        await fleet.Server.StopAsync();
        await using var other = await RunningLicenseServer.StartAsync(fleet.Publisher, port: port);
        await other.ActivateAsync();
        await fleet.Publisher.Administration.SucceedAsync(lostId, new(other.Ledger.Identity.Id.Text, SuccessionCause.Lost), Cancellation);

        var status = await other.Administration.SucceedAsync(new(SuccessionCause.Lost, "the machine burnt"), Cancellation);
        Assert.Equal((5, 0), (status.Counts.Sum(count => count.Installed), status.Counts.Sum(count => count.Issued)));
        Assert.NotNull(status.Recovery);
        // The same again is the same, and holders of its CALs are admitted all the while.
        Assert.Single((await other.Administration.SucceedAsync(new(SuccessionCause.Lost), Cancellation)).Successions!);
        await fleet.AdmittedAsync(first, "KIOSK-01", "3");

        // Its hosts join, as ever; what they keep comes along.
        await fleet.JoinAsync(other);
        await Gateway.UntilAsync(async () => (await other.Administration.StatusAsync(Cancellation)).Counts.Sum(count => count.Issued) == 2, 30);
        var link = Assert.Single(fleet.Host.Services.GetRequiredService<Servers>().Links);
        Assert.Equal((other.Ledger.Identity.Key.Fingerprint, lost), (link.Fingerprint, Assert.Single(link.Predecessors).Fingerprint));
        await Gateway.UntilAsync(() => Task.FromResult(fleet.Host.Services.GetRequiredService<Servers>().LinkOf(lost) is { Revocations: not null }));
        await fleet.AdmittedAsync(second, "KIOSK-02", "3");
        // One that has lost its CAL gets it anew, with the seat that it has.
        await fleet.AdmittedAsync(null, "KIOSK-01", "4");
        Assert.Equal(2, (await other.Administration.StatusAsync(Cancellation)).Counts.Sum(count => count.Issued));
        Assert.Empty(await fleet.Host.RefusalsAsync());
        Assert.True((await other.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task A_persons_User_CAL_stays_and_the_lease_is_by_the_new_key_from_the_next_logon_on()
    {
        await using var fleet = await Fleet.StartAsync();
        await fleet.Server.InstallAsync(2, Ostiary.Contracts.Catalogue.CalType.User);
        var host = await fleet.Server.JoinAsync(mode: LicensingMode.PerUser);
        var alice = new UserClaim("alice", "example.org", "1001");
        var before = (await host.Client.RequestUserCalAsync(new(Guid.NewGuid(), alice, AskingPass.Any), Cancellation)).Granted!;
        await fleet.Server.Administration.SucceedAsync(new(SuccessionCause.Planned), Cancellation);

        host.Reconnect();
        var after = (await host.Client.RequestUserCalAsync(new(Guid.NewGuid(), alice, AskingPass.Any, before.Lease), Cancellation)).Granted!;

        Assert.Equal(before.Serial, after.Serial);
        fleet.Server.Verified(after.Lease);
        Assert.Single((await fleet.Server.Administration.UserCalsAsync(null, null, 10, Cancellation)).Items);
    }

    private static DateTimeOffset End(byte[] stored)
    {
        Assert.True(DeviceCal.TryRead(stored, out var cal));
        using (cal)
            return cal.NotAfter;
    }

    private static (string, string, SuccessionCause, string?) Succession(Ostiary.Contracts.Administration.SuccessionStatus status) => (status.From, status.To, status.Cause, status.Reason);
}
