using System.Security.Cryptography;
using Ostiary.Contracts.Certificates;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>Which device is it? A CAL of ours with its hardware id, else hardware id and name, else a new one.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public class DeviceIdentityTests
{
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

    private static byte[] ToBeSigned(byte[] stored)
    {
        Assert.True(DeviceCal.TryRead(stored, out var cal));
        using (cal)
            return cal.ToBeSigned.ToArray();
    }
}
