using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Licensing;
using Ostiary.Contracts.Problems;
using Ostiary.LicenseServer.Storage;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>The same id and the same body get the same answer.</summary>
[Trait(TestDatabases.Storage, TestDatabases.Core)]
public class RequestIdTests
{
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
