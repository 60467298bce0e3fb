using System.Security.Cryptography;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>The life of a CAL in the ledger.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public class LedgerTests
{
    [Fact]
    public async Task A_device_gets_a_temporary_CAL_and_after_a_logon_a_permanent_one()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var pack = await ledger.InstallPackAsync(1);
        var device = new TestDevice("CLIENT");

        var first = await ledger.ConnectAsync(host, device);
        var again = await ledger.ConnectAsync(host, device);
        Assert.True(await ledger.LogOnAsync(host, device));
        var second = await ledger.ConnectAsync(host, device);
        var third = await ledger.ConnectAsync(host, device);

        Assert.True(first.Granted!.Temporary);
        Assert.Equal(TestLedger.Begin, first.Granted.IssuedAt);
        Assert.Equal(TestLedger.Begin.AddDays(90), first.Granted.ExpiresAt);
        Assert.Equal(first.Granted.Serial, again.Granted!.Serial);
        Assert.Null(again.Granted.Stored);
        Assert.False(second.Granted!.Temporary);
        Assert.Equal(TestLedger.Begin.AddDays(60), second.Granted.ExpiresAt);
        Assert.Null(third.Granted!.Stored);
        Assert.Equal(second.Granted.Serial, third.Granted.Serial);
        Assert.True(DeviceCal.TryRead(device.Stored, out var cal));
        Assert.Equal(pack, cal.Data.PackId);
        Assert.Equal(1, ledger.Scalar("SELECT issued FROM packs"));
        Assert.True((await ledger.VerifyAsync()).Sound);
    }

    [Fact]
    public async Task Without_a_logon_nothing_takes_a_seat()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(1);
        var device = new TestDevice("CLIENT");

        for (var visit = 0; visit < 5; visit++)
            Assert.True((await ledger.ConnectAsync(host, device)).Granted!.Temporary);

        Assert.Equal(0, ledger.Scalar("SELECT issued FROM packs"));
        Assert.Equal(2, ledger.Scalar("SELECT number FROM ledger_head"));
    }

    [Fact]
    public async Task A_third_device_is_served_to_the_end_of_its_temporary_CAL_and_then_refused_until_a_pack_comes()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(2);
        // They stay: their CALs are renewed before the third one's ends.
        ledger.PermanentDays = 89;
        TestDevice[] settled = [new("ONE"), new("TWO")];
        foreach (var device in settled)
            await ledger.SettleAsync(host, device);
        var third = new TestDevice("THREE");
        Assert.True((await ledger.SettleAsync(host, third)).Granted!.Temporary);

        ledger.PassDays(85);
        foreach (var device in settled)
            await ledger.ConnectAsync(host, device);
        ledger.PassDays(5);
        var last = await ledger.ConnectAsync(host, third);
        ledger.Time.Advance(TimeSpan.FromSeconds(1));
        var refused = await ledger.ConnectAsync(host, third);
        await ledger.InstallPackAsync(1);
        var admitted = await ledger.ConnectAsync(host, third);

        Assert.True(last.Granted!.Temporary);
        Assert.Equal(RefusalReason.TemporaryExpired, refused.Refused);
        Assert.Equal("The device's temporary CAL ended on 2026-05-31; 2 Device CALs of version 2022 or newer are installed and 0 of them are free.", refused.Detail);
        Assert.False(admitted.Granted!.Temporary);
    }

    [Fact]
    public async Task A_permanent_CAL_is_renewed_in_its_last_seven_days_and_keeps_its_one_seat()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(1);
        var device = new TestDevice("CLIENT");
        var first = await ledger.SettleAsync(host, device);

        ledger.PassDays(52.9);
        var early = await ledger.ConnectAsync(host, device);
        ledger.PassDays(0.2);
        ledger.PermanentDays = 52;
        var renewed = await ledger.ConnectAsync(host, device);

        Assert.Equal(first.Granted!.Serial, early.Granted!.Serial);
        Assert.NotEqual(first.Granted.Serial, renewed.Granted!.Serial);
        Assert.NotNull(renewed.Granted.Stored);
        Assert.Equal(renewed.Granted.IssuedAt.AddDays(52), renewed.Granted.ExpiresAt);
        Assert.Equal(1, ledger.Scalar("SELECT issued FROM packs"));
        Assert.True((await ledger.VerifyAsync()).Sound);
    }

    [Fact]
    public async Task A_CAL_that_was_not_renewed_gives_its_seat_back_at_the_next_decision_that_needs_one()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(1);
        await ledger.SettleAsync(host, new TestDevice("GONE"));
        var waiting = new TestDevice("WAITING");
        Assert.True((await ledger.SettleAsync(host, waiting)).Granted!.Temporary);

        ledger.PassDays(61);
        var upgraded = await ledger.ConnectAsync(host, waiting);

        Assert.False(upgraded.Granted!.Temporary);
        Assert.Equal(1, ledger.Scalar("SELECT issued FROM packs"));
        Assert.True((await ledger.VerifyAsync()).Sound);
    }

    [Fact]
    public async Task The_sweep_gives_seats_back_and_forgets_what_is_kept_for_a_time()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(1);
        await ledger.SettleAsync(host, new TestDevice("GONE"));
        await ledger.ConnectAsync(host, new TestDevice("PROBE"));

        ledger.PassDays(91);
        await Sweep.PassAsync(ledger.Ledger, TestContext.Current.CancellationToken);

        Assert.Equal(0, ledger.Scalar("SELECT issued FROM packs"));
        Assert.Equal(0, ledger.Scalar("SELECT count(*) FROM temporaries"));
        Assert.Equal(0, ledger.Scalar("SELECT count(*) FROM requests"));
        Assert.True((await ledger.VerifyAsync()).Sound);
    }

    [Fact]
    public async Task A_device_whose_permanent_CAL_is_over_gets_no_second_temporary_one()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(1);
        var away = new TestDevice("AWAY");
        await ledger.SettleAsync(host, away);
        ledger.PassDays(61);
        await ledger.SettleAsync(host, new TestDevice("OTHER"));

        var back = await ledger.ConnectAsync(host, away);

        Assert.Equal(RefusalReason.NoCalAvailable, back.Refused);
    }

    [Fact]
    public async Task The_hosts_own_version_is_used_before_the_oldest_newer_one()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync(2019);
        await ledger.InstallPackAsync(1, 2025);
        await ledger.InstallPackAsync(1, 2022);
        await ledger.InstallPackAsync(1, 2019);

        var versions = new List<CalVersion>();
        foreach (var name in new[] { "ONE", "TWO", "THREE" })
            versions.Add((await ledger.SettleAsync(host, new TestDevice(name))).Granted!.Version);

        Assert.Equal([new(2019), new(2022), new(2025)], versions);
    }

    [Fact]
    public async Task Ten_thousand_devices_that_never_log_on_take_no_seat_and_little_room()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(5);
        var number = ledger.Scalar("SELECT number FROM ledger_head");

        await Parallel.ForAsync(0, 10_000, new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = TestContext.Current.CancellationToken },
            async (index, cancellation) => await ledger.Ledger.CommitDeviceCalAsync(host, new TestDevice($"PROBE{index}").Request(), cancellation));
        var real = await ledger.SettleAsync(host, new TestDevice("REAL"));

        Assert.False(real.Granted!.Temporary);
        Assert.Equal(1, ledger.Scalar("SELECT issued FROM packs"));
        Assert.Equal(number + 3, ledger.Scalar("SELECT number FROM ledger_head"));
        Assert.InRange(ledger.Scalar("SELECT count(*) FROM temporaries"), 1, 2_000);
        if (!TestDatabases.IsPostgres)
            Assert.InRange(new FileInfo(ledger.File).Length + new FileInfo(ledger.File + "-wal").Length, 1, 20_000_000);
    }

    [Fact]
    public async Task An_over_temporary_CAL_is_not_validated()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var device = new TestDevice("CLIENT");
        await ledger.ConnectAsync(host, device);

        ledger.PassDays(91);

        Assert.False(await ledger.LogOnAsync(host, device));
    }

    [Fact]
    public async Task A_host_that_nobody_let_in_or_that_was_removed_gets_nothing()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var device = new TestDevice("CLIENT");
        await ledger.ConnectAsync(host, device);

        var unknown = await Assert.ThrowsAsync<ProblemException>(() => ledger.ConnectAsync(host with { HostId = Guid.NewGuid() }, device));
        var otherKey = await Assert.ThrowsAsync<ProblemException>(() => ledger.ConnectAsync(host with { KeyHash = new byte[32] }, device));
        ledger.Tamper("UPDATE hosts SET removed_at = 1");
        var removed = await Assert.ThrowsAsync<ProblemException>(() => ledger.ConnectAsync(host, device));

        Assert.All([unknown, otherKey, removed], problem => Assert.Equal(LicensingProblem.HostNotJoined, problem.Problem));
    }

    [Fact]
    public async Task A_host_is_noted_as_seen_at_most_once_a_minute()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var begin = TestLedger.Begin.ToUnixTimeSeconds();
        long Seen() => ledger.Scalar("SELECT last_seen_at FROM hosts");

        await ledger.ConnectAsync(host, new TestDevice("ONE"));
        Assert.Equal(begin, Seen());
        ledger.Time.Advance(TimeSpan.FromSeconds(59));
        await ledger.ConnectAsync(host, new TestDevice("TWO"));
        Assert.Equal(begin, Seen());
        ledger.Time.Advance(TimeSpan.FromSeconds(1));
        await ledger.ConnectAsync(host, new TestDevice("THREE"));

        Assert.Equal(begin + 60, Seen());
        Assert.True((await ledger.VerifyAsync()).Sound);
    }

    [Fact]
    public async Task The_head_that_goes_out_is_signed_and_grows()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var device = new TestDevice("CLIENT");
        var before = (await ledger.ConnectAsync(host, device)).Head;
        await ledger.LogOnAsync(host, device);
        var after = (await ledger.ConnectAsync(host, device)).Head;

        Assert.Equal(before.Number + 1, after.Number);
        using var key = ledger.Ledger.Identity.Current.Certificate.PublicKey.GetECDsaPublicKey()!;
        Assert.True(key.VerifyData(LedgerHead.ToBeSigned(after.Number, after.Hash), after.Signature, HashAlgorithmName.SHA256));
        Assert.Equal(Convert.ToHexStringLower(after.Hash), (await ledger.VerifyAsync()).HeadHash);
    }

    [Fact]
    public async Task Only_one_license_server_runs_on_a_state_directory()
    {
        await using var ledger = new TestLedger();
        var options = new Ostiary.LicenseServer.LicenseServerOptions { StateDirectory = Path.GetDirectoryName(ledger.File)! };

        var second = Assert.Throws<IOException>(() => Ledger.Open(options, ledger.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger<LedgerWriter>.Instance));

        Assert.Contains("another license server", second.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_permanent_CAL_draws_its_days_from_52_to_89()
    {
        await using var ledger = new TestLedger();
        var path = Path.Combine(Path.GetDirectoryName(ledger.File)!, "drawn");
        await using var drawing = Ledger.Open(
            new() { StateDirectory = path }, ledger.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger<LedgerWriter>.Instance);

        var days = Enumerable.Range(0, 20_000).Select(_ => drawing.DrawPermanentDays()).ToHashSet();

        Assert.Equal(Enumerable.Range(52, 38), days.Order());
    }
}
