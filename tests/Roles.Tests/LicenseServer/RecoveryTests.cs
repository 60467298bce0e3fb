using System.Security.Cryptography;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>A ledger that was put back from a copy: what hosts have seen and kept makes it whole, nobody is refused, and nothing is given twice.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public sealed class RecoveryTests : IAsyncLifetime
{
    private readonly string _backup = Directory.CreateTempSubdirectory("ostiary-backup-").FullName;
    private readonly TestAuthority _authority = new();
    private FakeClearinghouse _clearinghouse = null!;
    private RunningLicenseServer _server = null!;
    private TestHost _host = null!;

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    public async ValueTask InitializeAsync()
    {
        _clearinghouse = await FakeClearinghouse.StartAsync(_authority);
        _server = await RunningLicenseServer.StartAsync(_clearinghouse);
        await _server.ActivateAsync();
        _host = await _server.JoinAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _clearinghouse.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(_backup, recursive: true);
    }

    [Fact]
    public async Task A_lost_CAL_is_adopted_from_a_receipt_and_a_newcomer_gets_no_seat_until_all_hosts_have_answered()
    {
        await _server.InstallAsync(2, CalType.Device);
        var other = await _server.JoinAsync();
        await BackUpAsync(other);
        var (first, second, newcomer) = (new TestDevice("FIRST"), new TestDevice("SECOND"), new TestDevice("NEW"));
        await _host.SettleAsync(first);
        var answer = await other.SettleAsync(second);
        await RestoreAsync(other);

        Assert.True(await ShowAsync(_host, answer.Head));
        var recovery = (await _server.Administration.StatusAsync(Cancellation)).Recovery!;
        // Two seats look free, and are not.
        await _host.SettleAsync(newcomer);
        Assert.True((await _host.ConnectAsync(newcomer)).Granted!.Temporary);
        await SendAsync(_host, answer.Head, first);
        await SendAsync(_host, answer.Head, first);
        var halfway = await CountsAsync();
        Assert.False(await SendAsync(other, answer.Head, second));
        var after = await _server.Administration.StatusAsync(Cancellation);

        Assert.Equal((answer.Head.Number, 2, _server.Time.GetUtcNow().AddDays(90)), (recovery.SeenNumber, recovery.HostsMissing, recovery.Until));
        Assert.Equal((1, 1), (halfway.Issued, halfway.Temporary));
        Assert.Null(after.Recovery);
        Assert.Equal(2, (await CountsAsync()).Issued);
        Assert.True((await _host.ConnectAsync(newcomer)).Granted!.Temporary);
        // The very same CALs, byte for byte: their devices have nothing to store.
        foreach (var device in new[] { first, second })
        {
            var serial = device.Serial;
            var granted = (await _host.ConnectAsync(device)).Granted!;
            Assert.Equal((serial, null), (granted.Serial, granted.Stored));
        }

        Assert.Equal(
            ["recovery-began", "license-adopted", "license-adopted", "recovery-ended"],
            (await _server.Administration.AuditAsync(null, 1000, Cancellation)).Items.Reverse().Select(entry => entry.Kind).Where(kind => kind is "license-adopted" or "recovery-began" or "recovery-ended"));
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task What_was_recovered_from_once_begins_nothing_again_and_a_higher_number_goes_into_the_one_that_runs()
    {
        await _server.InstallAsync(2, CalType.Device);
        var other = await _server.JoinAsync();
        await BackUpAsync(other);
        var (first, second) = (new TestDevice("FIRST"), new TestDevice("SECOND"));
        var low = (await _host.SettleAsync(first)).Head;
        // Entries that no receipt brings back, so that the number stays behind.
        for (var lost = 0; lost < 5; lost++)
        {
            var device = new TestDevice($"LOST{lost}");
            await _host.ConnectAsync(device);
            await _host.LogOnAsync(device);
        }

        var high = (await other.SettleAsync(second)).Head;
        await RestoreAsync(other);

        Assert.True(await ShowAsync(_host, low));
        Assert.True(await ShowAsync(other, high));
        Assert.Equal(high.Number, (await _server.Administration.StatusAsync(Cancellation)).Recovery!.SeenNumber);
        await SendAsync(_host, low, first);
        await SendAsync(other, high, second);
        Assert.True((await _server.Administration.StatusAsync(Cancellation)).LedgerNumber < high.Number);

        Assert.False(await ShowAsync(_host, low));
        Assert.False(await ShowAsync(other, high));
        Assert.Null((await _server.Administration.StatusAsync(Cancellation)).Recovery);
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    [Fact]
    public async Task Nobody_is_refused_while_it_lasts_and_it_ends_after_90_days()
    {
        await _server.InstallAsync(1, CalType.Device);
        var (waiting, seen) = (new TestDevice("WAITING"), new TestDevice("SEEN"));
        await _host.ConnectAsync(waiting);
        await _host.LogOnAsync(waiting);
        await BackUpAsync();
        var head = (await _host.SettleAsync(seen)).Head;
        await RestoreAsync();
        Assert.True(await ShowAsync(_host, head));

        // Its temporary CAL is over, and otherwise it would be refused.
        _server.Time.Advance(TimeSpan.FromDays(89));
        await RenewAsync();
        _server.Time.Advance(TimeSpan.FromDays(1) - TimeSpan.FromMinutes(1));
        var inTime = await _host.ConnectAsync(waiting);
        _server.Time.Advance(TimeSpan.FromMinutes(2));
        await RenewAsync();
        var over = await _host.ConnectAsync(waiting);

        Assert.True(inTime.Granted!.Temporary);
        Assert.False(over.Granted!.Temporary);
        Assert.Null((await _server.Administration.StatusAsync(Cancellation)).Recovery is { } running && running.Until > _server.Time.GetUtcNow() ? running : null);
    }

    [Theory]
    [InlineData("another key")]
    [InlineData("a lower number")]
    [InlineData("no head")]
    public async Task What_is_no_evidence_begins_nothing(string fault)
    {
        var head = (await _host.ConnectAsync(new TestDevice("ANY"))).Head;
        using var stranger = TestAuthority.NewKey();
        var higher = head.Number + 100;
        LedgerHead? shown = fault switch
        {
            "another key" => new(higher, head.Hash, stranger.SignData(LedgerHead.ToBeSigned(higher, head.Hash), HashAlgorithmName.SHA256)),
            "a lower number" => head,
            _ => null,
        };

        Assert.False(await ShowAsync(_host, shown));
        Assert.Null((await _server.Administration.StatusAsync(Cancellation)).Recovery);
    }

    [Theory]
    [InlineData("hardware id")]
    [InlineData("pack")]
    [InlineData("end")]
    [InlineData("version")]
    [InlineData("signature")]
    public async Task A_receipt_that_was_changed_adopts_nothing(string changed)
    {
        await _server.InstallAsync(1, CalType.Device);
        await BackUpAsync();
        var device = new TestDevice("ONE");
        var head = (await _host.SettleAsync(device)).Head;
        var receipt = ReceiptOf(device);
        await RestoreAsync();
        Assert.True(await ShowAsync(_host, head));

        receipt = changed switch
        {
            "hardware id" => receipt with { HardwareId = new string('0', 40) },
            "pack" => receipt with { PackId = Guid.NewGuid() },
            "end" => receipt with { ExpiresAt = receipt.ExpiresAt.AddDays(1) },
            "version" => receipt with { Version = new(2025) },
            _ => receipt with { Signature = [.. receipt.Signature[..^1], (byte)(receipt.Signature[^1] ^ 1)] },
        };
        await _host.Client.RecoverAsync(new(head, [receipt], false), Cancellation);

        Assert.Equal(0, (await CountsAsync()).Issued);
    }

    [Fact]
    public async Task A_persons_CAL_is_taken_up_again_from_the_lease_and_newcomers_are_beyond_the_packs()
    {
        await _server.InstallAsync(1, CalType.User);
        var users = await _server.JoinAsync(mode: LicensingMode.PerUser);
        await BackUpAsync(users);
        var alice = await GrantedAsync(users, "alice");
        await RestoreAsync(users);

        Assert.True(await ShowAsync(users, alice.Head));
        var newcomer = (await GrantedAsync(users, "bob")).Granted!;
        var stolen = (await users.Client.RequestUserCalAsync(new(Guid.NewGuid(), new("mallory", "", null), AskingPass.Any, alice.Granted!.Lease), Cancellation)).Granted!;
        var again = (await users.Client.RequestUserCalAsync(new(Guid.NewGuid(), new("alice", "", null), AskingPass.Any, alice.Granted.Lease), Cancellation)).Granted!;

        Assert.True(newcomer.OverUsed);
        Assert.True(stolen.OverUsed);
        Assert.Equal((alice.Granted.Serial, alice.Granted.AssignedAt, false), (again.Serial, again.AssignedAt, again.OverUsed));
        var counts = Assert.Single((await _server.Administration.StatusAsync(Cancellation)).Counts, counts => counts.Type == CalType.User);
        Assert.Equal((1, 3, -2), (counts.Installed, counts.Issued, counts.Available));
        Assert.True((await _server.Administration.VerifyAuditAsync(Cancellation)).Sound);
    }

    private static async Task<UserCalAnswer> GrantedAsync(TestHost host, string name)
    {
        var answer = await host.Client.RequestUserCalAsync(new(Guid.NewGuid(), new(name, "", null), AskingPass.Any), Cancellation);
        Assert.NotNull(answer.Granted);
        return answer;
    }

    private static async Task<bool> ShowAsync(TestHost host, LedgerHead? head) => (await host.Client.RecoverAsync(new(head, [], false), Cancellation)).Wanted;

    private static async Task<bool> SendAsync(TestHost host, LedgerHead head, TestDevice device)
        => (await host.Client.RecoverAsync(new(head, [ReceiptOf(device)], true), Cancellation)).Wanted;

    private static Receipt ReceiptOf(TestDevice device)
    {
        Assert.True(DeviceCal.TryRead(device.Stored, out var cal));
        using (cal)
            return new(cal.Serial, Convert.ToHexStringLower(device.HardwareId), device.Name, cal.Data.Version, cal.Data.PackId, cal.NotBefore, cal.NotAfter, cal.Signature);
    }

    private async Task<CalCounts> CountsAsync() => Assert.Single((await _server.Administration.StatusAsync(Cancellation)).Counts, counts => counts.Type == CalType.Device);

    private async Task RenewAsync() => _host.Use(await _host.Client.RenewAsync(Cancellation));

    private async Task BackUpAsync(params TestHost[] others)
    {
        await _server.RestartAsync(state =>
        {
            Copy(state, _backup);
            TestDatabases.BackUp(_server.Database);
        });
        Reconnect(others);
    }

    private async Task RestoreAsync(params TestHost[] others)
    {
        await _server.RestartAsync(state =>
        {
            foreach (var file in Directory.GetFiles(state))
                File.Delete(file);
            Copy(_backup, state);
            TestDatabases.PutBack(_server.Database);
        });
        Reconnect(others);
    }

    private void Reconnect(TestHost[] others)
    {
        foreach (var host in others.Prepend(_host))
            host.Reconnect();
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }
}
