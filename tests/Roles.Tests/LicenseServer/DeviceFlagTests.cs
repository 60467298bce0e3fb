using Ostiary.Contracts.Problems;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.Postgres;
using Xunit;

namespace Ostiary.Roles.Tests.LicenseServer;

/// <summary>What is odd about devices, as administrators see it.</summary>
[Trait(TestDatabases.Storage, TestDatabases.More)]
public class DeviceFlagTests
{
    // Platform 0 and MD5 of six zero bytes.
    private const string ConstantId = "000000007319468847d7b1aee40dbf5dd963c999";

    private static CancellationToken Cancellation => TestPublisher.Cancellation;

    [Fact]
    public async Task Devices_are_listed_with_their_flags_page_by_page()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();
        var twin = new TestDevice("TWIN");
        var plain = new TestDevice("PLAIN");
        await host.SettleAsync(plain);
        await host.SettleAsync(twin);
        await host.ConnectAsync(new TestDevice("PROBE", plain.HardwareId));
        await host.SettleAsync(new TestDevice("OTHER", twin.HardwareId));
        for (var visit = 0; visit < 3; visit++)
            await host.SettleAsync(new TestDevice("KIOSK"));
        await host.SettleAsync(new TestDevice("FREERDP", Constant));
        await host.SettleAsync(new TestDevice("FREERDP2", Constant));

        List<(string Name, string Flags)> all = [];
        string? after = null;
        do
        {
            var page = await server.Administration.DevicesAsync(after, 2, null, Cancellation);
            all.AddRange(page.Items.Select(device => (device.Identities[0].ClientName, string.Join(",", device.Flags))));
            after = page.Next;
        }
        while (after is not null);
        var shared = await server.Administration.DevicesAsync(null, 100, "shared-hardware-id", Cancellation);
        var any = await server.Administration.DevicesAsync(null, 100, "any", Cancellation);
        var one = await server.Administration.DeviceAsync(shared.Items[0].DeviceId, Cancellation);
        var wrong = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.DevicesAsync(null, 100, "odd", Cancellation));
        var none = await Assert.ThrowsAsync<ProblemException>(() => server.Administration.DeviceAsync(Guid.NewGuid(), Cancellation));

        Assert.Equal(
            [
                ("FREERDP", "constant-hardware-id"), ("FREERDP2", "constant-hardware-id"), ("KIOSK", "changing-hardware-id"), ("KIOSK", "changing-hardware-id"), ("KIOSK", "changing-hardware-id"),
                ("OTHER", "shared-hardware-id"), ("PLAIN", ""), ("TWIN", "shared-hardware-id"),
            ],
            all.Order());
        Assert.Equal((2, 7), (shared.Items.Count, any.Items.Count));
        Assert.Equal(shared.Items[0].Cals[0].Serial, one.Cals[0].Serial);
        Assert.Equal("flagged", wrong.Field);
        Assert.Equal(LicensingProblem.NotFound, none.Problem);
    }

    [Fact]
    public async Task A_device_that_deletes_its_store_gets_no_second_temporary_CAL()
    {
        await using var server = await RunningLicenseServer.StartAsync();
        var host = await server.JoinAsync();
        var device = new TestDevice("CLIENT");
        var first = await host.SettleAsync(device);

        device.Stored = null;
        var again = await host.ConnectAsync(device);
        server.Time.Advance(TimeSpan.FromDays(91));
        host.Use(await host.Client.RenewAsync(Cancellation));
        device.Stored = null;
        var over = await host.ConnectAsync(device);

        Assert.Equal((first.Granted!.Serial, first.Granted.ExpiresAt), (again.Granted!.Serial, again.Granted.ExpiresAt));
        Assert.Equal(Ostiary.Contracts.Licensing.RefusalReason.TemporaryExpired, over.Refused);
    }

    private static byte[] Constant => Convert.FromHexString(ConstantId);
}
