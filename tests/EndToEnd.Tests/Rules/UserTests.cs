using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Rules;

/// <summary>A per-user host, one User CAL, real clients and real accounts.</summary>
[Collection(RealPeers.First)]
public sealed class UserTests(UserTests.PerUserDeployment shared) : IClassFixture<UserTests.PerUserDeployment>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_person_has_one_CAL_on_two_devices_and_another_is_refused_until_it_is_released()
    {
        var deployment = shared.Running;
        await ReleaseAllAsync(deployment);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);

        // The same person from xfreerdp and from rdesktop, which is a reconnect to the running session: decided again.
        await LogOnAsync(deployment, "desk-1", "alice", () => XFreeRdp.Start(display, deployment.NewFolder("desk-1"), deployment.Address, "alice", name: "desk-1"));
        await LogOnAsync(deployment, "desk-2", "alice", () => RDesktop.Start(display, deployment.NewFolder("desk-2"), deployment.Address, "alice", name: "desk-2"));
        var cal = Assert.Single(await deployment.UserCalsAsync(Cancellation), row => row.Status == UserCalStatus.Active);
        Assert.Equal(("alice", UserCalStatus.Active, false), (cal.Account, cal.Status, cal.OverUsed));
        // Debian's xrdp.ini offers a section that goes around sesman, and so around these rules: that is told.
        Assert.Contains("neutrinordp-any", Assert.Single((await deployment.HostStatusAsync(Cancellation)).Findings!, finding => finding.Code == "xrdp-section-around-sesman").Evidence, StringComparison.Ordinal);
        Assert.Equal(60, (cal.ExpiresAt - cal.LastLogonAt).TotalDays, 0.01);

        var refusal = await RefusedAsync(deployment, display, "desk-9", "bob");
        Assert.Equal(("no-cal-available", "U6", "bob"), (refusal.Reason, refusal.Rule, refusal.UserName));
        Assert.Contains("ostiary cals release", refusal.Fix, StringComparison.Ordinal);

        var released = await deployment.CommandAsync(Cancellation, "users", "release", cal.Serial, "--reason", "left the company");
        Assert.True(released.ExitCode == 0, released.Output);
        await LogOnAsync(deployment, "desk-3", "bob", () => XFreeRdp.Start(display, deployment.NewFolder("desk-3"), deployment.Address, "bob", name: "desk-3"));
        Assert.Equal(["bob"], (await deployment.UserCalsAsync(Cancellation)).Where(row => row.Status == UserCalStatus.Active).Select(row => row.Account));
    }

    [Fact]
    public async Task A_name_that_is_typed_at_xrdps_window_is_decided_in_the_same_way()
    {
        var deployment = shared.Running;
        await ReleaseAllAsync(deployment);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await LogOnAsync(deployment, "desk-4", "alice", () => XFreeRdp.Start(display, deployment.NewFolder("desk-4"), deployment.Address, "alice", name: "desk-4"));

        // A logon that the gate has refused is a failed one to xrdp, too.
        var failed = Failures();
        await using var client = XFreeRdp.Start(display, deployment.NewFolder("desk-5"), deployment.Address, "bob", password: "not his", name: "desk-5");
        await Eventually.TrueAsync(
            () => Failures() > failed, Patience, () => deployment.Xrdp!.Log("xrdp-sesman.log"), Cancellation);
        await LoginWindow.TypeAsync(display, XrdpOptions.Password, Cancellation);
        var ended = await client.WaitForExitAsync(Patience, Cancellation);

        Assert.Contains("0x00000102", ended.Output, StringComparison.Ordinal);
        var refusal = await RefusalAsync(deployment, "desk-5");
        Assert.Equal(("no-cal-available", "U6", "bob"), (refusal.Reason, refusal.Rule, refusal.UserName));

        int Failures() => deployment.Xrdp!.Log("xrdp-sesman.log").Split("AUTHFAIL").Length;
    }

    [Fact]
    public async Task A_person_of_a_directory_is_realm_and_number_and_keeps_the_CAL_under_a_new_name()
    {
        await using var deployment = await Deployment.StartAsync(
            PerUser() with { XrdpExtra = OpenLdap.Setup("dora", "emil"), SessionHost = ["SessionHost:Realm=test.lan"] }, Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);

        await LogOnAsync(deployment, "desk-1", "dora", () => XFreeRdp.Start(display, deployment.NewFolder("desk-1"), deployment.Address, "dora", name: "desk-1"));
        var cal = Assert.Single(await deployment.UserCalsAsync(Cancellation));
        Assert.Equal(("dora", "test.lan"), (cal.Account, cal.Realm));
        await RefusedAsync(deployment, display, "desk-9", "emil");

        var renamed = await deployment.Xrdp!.RunAsync(OpenLdap.Rename("dora", "theodora"), Cancellation);
        Assert.True(renamed.ExitCode == 0, renamed.Output);
        await LogOnAsync(deployment, "desk-2", "theodora", () => XFreeRdp.Start(display, deployment.NewFolder("desk-2"), deployment.Address, "theodora", name: "desk-2"));
        Assert.Equal((cal.Serial, "theodora"), (await deployment.UserCalsAsync(Cancellation)) is [var one] ? (one.Serial, one.Account) : default);

        Assert.Equal(0, (await deployment.CommandAsync(Cancellation, "users", "release", cal.Serial, "--reason", "left the company")).ExitCode);
        await LogOnAsync(deployment, "desk-3", "emil", () => XFreeRdp.Start(display, deployment.NewFolder("desk-3"), deployment.Address, "emil", name: "desk-3"));
    }

    [Fact]
    public async Task A_per_user_host_with_Device_CALs_only_is_refused_by_that_name()
    {
        var deployment = shared.Running;
        await ReleaseAllAsync(deployment);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        // Grace ends when a User CAL is granted, and the pack goes when it is free.
        await LogOnAsync(deployment, "desk-6", "alice", () => XFreeRdp.Start(display, deployment.NewFolder("desk-6"), deployment.Address, "alice", name: "desk-6"));
        await ReleaseAllAsync(deployment);
        await deployment.InstallPackAsync(5, Cancellation);
        var packs = await deployment.CommandAsync<Page<PackRecord>>(Cancellation, "packs", "list");
        foreach (var pack in packs.Items.Where(pack => pack.Type == CalType.User))
            Assert.Equal(0, (await deployment.CommandAsync(Cancellation, "packs", "remove", $"{pack.PackId}")).ExitCode);
        try
        {
            Assert.Equal("other-type-only", (await RefusedAsync(deployment, display, "desk-7", "bob")).Reason);
        }
        finally
        {
            await deployment.InstallPackAsync(1, Cancellation, CalType.User);
        }
    }

    private static async Task ReleaseAllAsync(Deployment deployment)
    {
        foreach (var cal in (await deployment.UserCalsAsync(Cancellation)).Where(cal => cal.Status == UserCalStatus.Active))
        {
            var released = await deployment.CommandAsync(Cancellation, "users", "release", cal.Serial, "--reason", "the next test begins");
            Assert.True(released.ExitCode == 0, released.Output);
        }
    }

    private static DeploymentOptions PerUser() => new() { Mode = LicensingMode.PerUser, DeviceCals = 0, UserCals = 1 };

    // On a machine that has other work a first answer may take longer than the two seconds that a logon has: that logon fails, and the next one, after
    // the time for which a slow license server is passed over, does not.
    private static async Task LogOnAsync(Deployment deployment, string device, string user, Func<IAsyncDisposable> start)
    {
        for (var tries = 3; ; tries--)
        {
            await using var client = start();
            try
            {
                await Eventually.TrueAsync(
                    async () => (await deployment.SessionsAsync(Cancellation)).Any(session => session.Device == device && session.Account == user && session is { Rule: "U3", Serial: not null }),
                    Patience, () => $"{user} did not get on from {device}:\n{deployment.SessionHost.Output}\n{deployment.Xrdp!.Log("xrdp-sesman.log")}", Cancellation);
                return;
            }
            catch (TimeoutException) when (tries > 1)
            {
                // Once more.
            }
        }
    }

    private static async Task<RefusalRecord> RefusedAsync(Deployment deployment, VirtualDisplay display, string device, string user)
    {
        await using var client = XFreeRdp.Start(display, deployment.NewFolder(device), deployment.Address, user, name: device);
        var ended = await client.WaitForExitAsync(Patience, Cancellation);
        Assert.Contains("ERRINFO_LICENSE_NO_LICENSE (0x00000102):There are no Client Access Licenses", ended.Output, StringComparison.Ordinal);
        return await RefusalAsync(deployment, device);
    }

    // It is recorded beside the connection, so it may come a moment later.
    private static async Task<RefusalRecord> RefusalAsync(Deployment deployment, string device)
    {
        RefusalRecord? refusal = null;
        await Eventually.TrueAsync(
            async () => (refusal = (await deployment.RefusalsAsync(Cancellation)).SingleOrDefault(record => record.Device == device)) is not null,
            TimeSpan.FromSeconds(10), () => $"no refusal was recorded:\n{deployment.SessionHost.Output}", Cancellation);
        return refusal!;
    }

    public sealed class PerUserDeployment() : SharedDeployment(PerUser());
}
