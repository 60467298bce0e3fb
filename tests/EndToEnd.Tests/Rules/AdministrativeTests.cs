using System.Net;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;
using Ostiary.Roles.Tests.SessionHost;

namespace Ostiary.EndToEnd.Tests.Rules;

/// <summary><c>/admin</c>: two proven administrators, whatever CALs there are; nobody else.</summary>
[Collection(RealPeers.Second)]
public sealed class AdministrativeTests(AdministrativeTests.WithoutLicenseServer shared) : IClassFixture<AdministrativeTests.WithoutLicenseServer>
{
    private const int Strangers = 100;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Two_administrators_get_on_a_third_and_a_person_who_is_none_do_not()
    {
        var deployment = shared.Running;
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        await using var ada = await OnAsync(deployment, display, "ada");
        await using var ben = await OnAsync(deployment, display, "ben");

        Assert.Equal("administrative-sessions-in-use", await RefusedAsync(deployment, display, "cleo"));
        Assert.Equal("not-an-administrator", await RefusedAsync(deployment, display, "bob"));

        // A slot is free again when its connection ends.
        await ada.StopAsync();
        await using var cleo = await OnAsync(deployment, display, "cleo");
    }

    [Fact]
    public async Task A_hundred_strangers_who_wait_do_not_keep_an_administrator_out()
    {
        var deployment = shared.Running;
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        var strangers = new List<RdpClient>();
        try
        {
            for (var i = 0; i < Strangers; i++)
                strangers.Add(await RdpClient.RunAsync(
                    new(IPAddress.Loopback, deployment.Port),
                    new() { Licensing = new() { MachineName = "stranger" }, Password = "secret", Administrative = true }, Cancellation,
                    from: IPAddress.Parse($"127.0.2.{i + 1}")));

            await using var ada = await OnAsync(deployment, display, "ada");
        }
        finally
        {
            foreach (var stranger in strangers)
                await stranger.DisposeAsync();
        }
    }

    private static async Task<XFreeRdp> OnAsync(Deployment deployment, VirtualDisplay display, string user)
    {
        var client = XFreeRdp.Start(display, deployment.NewFolder($"{user}-{Guid.NewGuid():N}"), deployment.Address, user, name: user, more: "/admin");
        await Eventually.TrueAsync(
            async () => (await deployment.SessionsAsync(Cancellation)).Any(session => session.Account == user && session is { Rule: "U1", Serial: null, EndedAt: null }),
            Patience, () => $"{user} did not get on:\n{deployment.SessionHost.Output}\n{client.Output}", Cancellation);
        return client;
    }

    private static async Task<string> RefusedAsync(Deployment deployment, VirtualDisplay display, string user)
    {
        await using var client = XFreeRdp.Start(display, deployment.NewFolder($"{user}-{Guid.NewGuid():N}"), deployment.Address, user, name: user, more: "/admin");
        var ended = await client.WaitForExitAsync(Patience, Cancellation);
        Assert.Contains("0x00000102", ended.Output, StringComparison.Ordinal);
        string? reason = null;
        await Eventually.TrueAsync(
            async () => (reason = (await deployment.RefusalsAsync(Cancellation)).SingleOrDefault(refusal => refusal.UserName == user)?.Reason) is not null,
            Patience, () => $"no refusal of {user} was recorded:\n{deployment.SessionHost.Output}", Cancellation);
        return reason!;
    }

    /// <summary>No license server answers: administrators need none.</summary>
    public sealed class WithoutLicenseServer() : SharedDeployment(
        new() { DeviceCals = 0, Users = ["ada", "ben", "cleo", "bob"], XrdpExtra = "groupadd -f sudo; for name in ada ben cleo; do usermod -aG sudo $name; done" })
    {
        public override async ValueTask InitializeAsync()
        {
            await base.InitializeAsync();
            await Running.LicenseServer.StopAsync();
        }
    }
}
