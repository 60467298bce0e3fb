using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>Many callers at once.</summary>
[Trait(TestDatabases.Storage, TestDatabases.Core)]
public class LedgerBatchTests
{
    [Fact]
    public async Task Sixty_four_callers_get_as_many_permanent_CALs_as_there_are_seats()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(10);
        var devices = Enumerable.Range(0, 64).Select(index => new TestDevice($"CLIENT{index}")).ToArray();

        await Task.WhenAll(devices.Select(device => ledger.ConnectAsync(host, device)));
        Assert.All(await Task.WhenAll(devices.Select(device => ledger.LogOnAsync(host, device))), Assert.True);
        var answers = await Task.WhenAll(devices.Select(device => ledger.ConnectAsync(host, device)));

        Assert.Equal(10, answers.Count(answer => !answer.Granted!.Temporary));
        Assert.Equal(64, answers.Select(answer => answer.Granted!.Serial).Distinct().Count());
        Assert.Equal(10, ledger.Scalar("SELECT issued FROM packs"));
        Assert.Equal(10, ledger.Scalar("SELECT count(*) FROM licenses WHERE kind = 1 AND status = 0"));
        Assert.True((await ledger.VerifyAsync()).Sound);
    }

    [Fact]
    public async Task The_same_request_from_sixty_four_callers_is_one_CAL()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var request = new TestDevice("CLIENT").Request();

        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => ledger.Ledger.RequestDeviceCalAsync(host, request, TestContext.Current.CancellationToken)));

        Assert.Single(answers.Select(answer => answer.Granted!.Serial).Distinct());
        Assert.Equal(1, ledger.Scalar("SELECT count(*) FROM temporaries"));
        Assert.Equal(63, ledger.Scalar("SELECT touches FROM requests"));
    }

    [Fact]
    public async Task One_device_at_sixty_four_hosts_at_once_holds_one_seat()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(64);
        var device = new TestDevice("CLIENT");
        await ledger.ConnectAsync(host, device);
        await ledger.LogOnAsync(host, device);
        var stored = device.Stored;

        var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => ledger.ConnectAsync(host, new TestDevice("CLIENT", device.HardwareId) { Stored = stored })));

        Assert.Single(answers.Select(answer => answer.Granted!.Serial).Distinct());
        Assert.Equal(1, ledger.Scalar("SELECT issued FROM packs"));
    }

    [Fact]
    public async Task A_request_that_fails_fails_alone()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var device = new TestDevice("CLIENT");
        var blocker = new TaskCompletionSource();
        // The writer is held, so that what follows is one batch.
        var held = ledger.Ledger.WorkAsync<int>(_ =>
        {
            blocker.Task.Wait(TestContext.Current.CancellationToken);
            return 0;
        }, TestContext.Current.CancellationToken);

        var good = ledger.ConnectAsync(host, device);
        var bad = ledger.Ledger.WorkAsync<int>(batch => throw new InvalidDataException($"at {batch.HeadNumber}"), TestContext.Current.CancellationToken);
        var alsoGood = ledger.ConnectAsync(host, new TestDevice("OTHER"));
        blocker.SetResult();

        await held;
        await Assert.ThrowsAsync<InvalidDataException>(() => bad);
        Assert.NotNull((await good).Granted);
        Assert.NotNull((await alsoGood).Granted);
        Assert.Equal(2, ledger.Scalar("SELECT count(*) FROM temporaries"));
    }

    [Fact]
    public async Task Nothing_is_answered_that_a_restart_would_not_find()
    {
        await using var ledger = new TestLedger(maxBatch: 7);
        var host = await ledger.JoinAsync();
        await ledger.InstallPackAsync(20);
        var devices = Enumerable.Range(0, 40).Select(index => new TestDevice($"CLIENT{index}")).ToArray();
        var answers = await Task.WhenAll(devices.Select(device => ledger.SettleAsync(host, device)));

        await ledger.RestartAsync();
        var again = await Task.WhenAll(devices.Select(device => ledger.ConnectAsync(host, device, presents: false)));

        Assert.Equal(20, answers.Count(answer => !answer.Granted!.Temporary));
        Assert.Equal(answers.Select(answer => answer.Granted!.Serial), again.Select(answer => answer.Granted!.Serial));
        Assert.True((await ledger.VerifyAsync()).Sound);
    }

    [Fact]
    public async Task A_caller_that_has_gone_leaves_a_row_that_its_retry_finds()
    {
        await using var ledger = new TestLedger();
        var host = await ledger.JoinAsync();
        var request = new TestDevice("CLIENT").Request();
        var blocker = new TaskCompletionSource();
        var held = ledger.Ledger.WorkAsync<int>(_ =>
        {
            blocker.Task.Wait(TestContext.Current.CancellationToken);
            return 0;
        }, TestContext.Current.CancellationToken);
        using var gone = new CancellationTokenSource();
        var lost = ledger.Ledger.RequestDeviceCalAsync(host, request, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => lost);
        blocker.SetResult();
        await held;

        var retry = await ledger.Ledger.RequestDeviceCalAsync(host, request, TestContext.Current.CancellationToken);

        Assert.NotNull(retry.Granted);
        Assert.Equal(1, ledger.Scalar("SELECT count(*) FROM temporaries"));
    }
}
