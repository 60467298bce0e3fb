using System.Security.Cryptography;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Storage;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>The life of a CAL in the ledger.</summary>
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
    public async Task Request_ids_younger_than_a_day_outlive_the_sweep()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.ConnectAsync(host, new TestDevice("CLIENT"));

        ledger.Time.Advance(TimeSpan.FromHours(23.9));
        await Sweep.PassAsync(ledger.Ledger, TestContext.Current.CancellationToken);
        Assert.Equal(1, ledger.Scalar("SELECT count(*) FROM requests"));
        ledger.Time.Advance(TimeSpan.FromHours(0.2));
        await Sweep.PassAsync(ledger.Ledger, TestContext.Current.CancellationToken);

        Assert.Equal(0, ledger.Scalar("SELECT count(*) FROM requests"));
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
    public async Task A_CAL_names_its_device_whatever_the_device_calls_itself()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(5);
        var device = new TestDevice("BEFORE");
        var held = await ledger.SettleAsync(host, device);

        device.Name = "AFTER";
        var renamed = await ledger.ConnectAsync(host, device);

        Assert.Equal(held.Granted!.Serial, renamed.Granted!.Serial);
        Assert.Null(renamed.Granted.Stored);
    }

    [Fact]
    public async Task A_device_that_lost_its_CAL_is_known_by_hardware_id_and_name_and_gets_the_same_bytes()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(5);
        var device = new TestDevice("CLIENT");
        await ledger.SettleAsync(host, device);
        var stored = device.Stored!;

        device.Name = "client";
        var again = await ledger.ConnectAsync(host, device, presents: false);
        await ledger.RestartAsync();
        var afterRestart = await ledger.ConnectAsync(host, device, presents: false);

        Assert.Equal(ToBeSigned(stored), ToBeSigned(again.Granted!.Stored!));
        Assert.Equal(ToBeSigned(stored), ToBeSigned(afterRestart.Granted!.Stored!));
        Assert.Equal(1, ledger.Scalar("SELECT issued FROM packs"));
    }

    [Fact]
    public async Task Another_name_without_a_CAL_is_another_device()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var device = new TestDevice("ONE");
        var one = await ledger.ConnectAsync(host, device);

        device.Name = "TWO";
        var two = await ledger.ConnectAsync(host, device, presents: false);

        Assert.NotEqual(one.Granted!.Serial, two.Granted!.Serial);
    }

    [Fact]
    public async Task A_copied_CAL_does_not_make_another_machine_the_same_device()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(5);
        var device = new TestDevice("ONE");
        var held = await ledger.SettleAsync(host, device);

        var thief = new TestDevice("ONE") { Stored = device.Stored };
        var answer = await ledger.ConnectAsync(host, thief);

        Assert.NotEqual(held.Granted!.Serial, answer.Granted!.Serial);
        Assert.True(answer.Granted.Temporary);
    }

    [Fact]
    public async Task A_CAL_with_a_changed_signature_is_not_looked_at()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var device = new TestDevice("ONE");
        var first = await ledger.ConnectAsync(host, device);
        using var forger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var toBeSigned = ToBeSigned(device.Stored!);
        device.Stored = DeviceCal.WriteStored(CertificateFields.Assemble(toBeSigned, CertificateFields.Sign(toBeSigned, forger)), [ledger.Ledger.Identity.Current.Certificate]);

        device.Name = "TWO";
        var answer = await ledger.ConnectAsync(host, device);

        Assert.NotEqual(first.Granted!.Serial, answer.Granted!.Serial);
    }

    [Fact]
    public async Task A_CAL_whose_row_fell_out_is_adopted_with_its_own_dates()
    {
        await using var ledger = new TestLedger(temporariesPerHost: 3);
        var host = await ledger.JoinAsync();
        var device = new TestDevice("OLD");
        var first = await ledger.ConnectAsync(host, device);
        ledger.PassDays(10);
        for (var other = 0; other < 4; other++)
            await ledger.ConnectAsync(host, new TestDevice($"NEW{other}"));
        Assert.False(await ledger.LogOnAsync(host, device));

        var adopted = await ledger.ConnectAsync(host, device);

        Assert.Equal(first.Granted!.Serial, adopted.Granted!.Serial);
        Assert.Equal(first.Granted.ExpiresAt, adopted.Granted.ExpiresAt);
        Assert.Null(adopted.Granted.Stored);
        Assert.True(await ledger.LogOnAsync(host, device));
        Assert.Equal(3, ledger.Scalar("SELECT count(*) FROM temporaries") + ledger.Scalar("SELECT count(*) FROM licenses"));
    }

    [Fact]
    public async Task A_permanent_CAL_that_the_ledger_has_lost_takes_its_seat_again_also_beyond_the_pool()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(1);
        var device = new TestDevice("OLD");
        var held = await ledger.SettleAsync(host, device);
        ledger.Tamper("DELETE FROM licenses");
        ledger.Tamper("UPDATE packs SET issued = 0");
        await ledger.SettleAsync(host, new TestDevice("NEW"));

        var adopted = await ledger.ConnectAsync(host, device);

        Assert.Equal(held.Granted!.Serial, adopted.Granted!.Serial);
        Assert.False(adopted.Granted.Temporary);
        Assert.Equal(2, ledger.Scalar("SELECT issued FROM packs"));
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
        Assert.InRange(new FileInfo(ledger.File).Length + new FileInfo(ledger.File + "-wal").Length, 1, 20_000_000);
    }

    [Fact]
    public async Task A_repeated_request_gets_the_same_answer_also_after_a_restart()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(1);
        var device = new TestDevice("CLIENT");
        await ledger.SettleAsync(host, device);
        var waiting = new TestDevice("WAITING");
        var request = waiting.Request();
        var first = await ledger.Ledger.RequestDeviceCalAsync(host, request, TestContext.Current.CancellationToken);
        await ledger.Ledger.ValidateAsync(host, Guid.NewGuid(), Serial(first), "bob", TestContext.Current.CancellationToken);

        await ledger.RestartAsync();
        await ledger.InstallPackAsync(1);
        var again = await ledger.Ledger.RequestDeviceCalAsync(host, request, TestContext.Current.CancellationToken);

        Assert.Equal(first.Granted!.Serial, again.Granted!.Serial);
        Assert.Equal(ToBeSigned(first.Granted.Stored!), ToBeSigned(again.Granted.Stored!));
        Assert.Equal(1, ledger.Scalar("SELECT touches FROM licenses WHERE client_name = 'WAITING'"));
    }

    [Fact]
    public async Task A_repeated_refusal_stays_a_refusal()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var device = new TestDevice("CLIENT");
        await ledger.SettleAsync(host, device);
        ledger.PassDays(91);
        var request = device.Request();
        var first = await ledger.Ledger.RequestDeviceCalAsync(host, request, TestContext.Current.CancellationToken);

        await ledger.InstallPackAsync(1);
        var again = await ledger.Ledger.RequestDeviceCalAsync(host, request, TestContext.Current.CancellationToken);

        Assert.Equal(RefusalReason.TemporaryExpired, first.Refused);
        Assert.Equal((first.Refused, first.Detail), (again.Refused, again.Detail));
    }

    [Fact]
    public async Task A_request_id_with_another_body_or_from_another_host_is_an_error()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var other = await ledger.JoinAsync();
        var request = new TestDevice("CLIENT").Request();
        var answer = await ledger.Ledger.RequestDeviceCalAsync(host, request, TestContext.Current.CancellationToken);

        async Task Reused(Func<Task> act) => Assert.Equal(LicensingProblem.RequestIdReused, (await Assert.ThrowsAsync<ProblemException>(act)).Problem);
        await Reused(() => ledger.Ledger.RequestDeviceCalAsync(host, request with { Device = request.Device with { ClientName = "X" } }, TestContext.Current.CancellationToken));
        await Reused(() => ledger.Ledger.RequestDeviceCalAsync(other, request, TestContext.Current.CancellationToken));
        await Reused(() => ledger.Ledger.ValidateAsync(host, request.RequestId, Serial(answer), "alice", TestContext.Current.CancellationToken));

        Assert.Equal(1, ledger.Scalar("SELECT count(*) FROM temporaries"));
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

    private static CalSerial Serial(DeviceCalAnswer answer)
    {
        Assert.True(CalSerial.TryParse(answer.Granted!.Serial, out var serial));
        return serial;
    }

    private static byte[] ToBeSigned(byte[] stored)
    {
        Assert.True(DeviceCal.TryRead(stored, out var cal));
        using (cal)
            return cal.ToBeSigned.ToArray();
    }
}
