using System.Globalization;
using Ostiary.Contracts.Administration;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.MainJob;

/// <summary>The life of a Device CAL, with a real xfreerdp, a real xrdp and the real openssl.</summary>
[Collection(RealPeers.First)]
public sealed class LicenseLifeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_new_device_gets_a_temporary_CAL_then_a_permanent_one_and_then_needs_no_license_server()
    {
        await using var deployment = await Deployment.StartAsync(new(), Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        var home = deployment.NewFolder("home");

        var (first, stored) = await LogOnAsync(deployment, display, home);

        Assert.Equal(CalStatus.Temporary, first.Status);
        Assert.Equal("desk-1", first.Device);
        Assert.Equal("alice", first.Account);
        Assert.Equal(90, (first.ExpiresAt - first.IssuedAt).TotalDays, 0.001);
        await AssertVerifiesAsync(deployment, stored, first);

        var (second, storedSecond) = await LogOnAsync(deployment, display, home, wanted: CalStatus.Active);

        Assert.NotEqual(first.Serial, second.Serial);
        Assert.InRange((second.ExpiresAt - second.IssuedAt).TotalDays, 51.9, 89.1);
        Assert.NotNull(second.PackId);
        await AssertVerifiesAsync(deployment, storedSecond, second);

        var listed = await deployment.CommandAsync(Cancellation, "cals", "list");
        Assert.Equal(0, listed.ExitCode);
        foreach (var shown in new[] { "desk-1", "Device", "2025", "Active", second.Serial, second.ExpiresAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) })
            Assert.Contains(shown, listed.Output, StringComparison.Ordinal);

        await deployment.LicenseServer.StopAsync();
        await using (var client = XFreeRdp.Start(display, home, deployment.Address, "alice", more: "+auth-only"))
            Assert.Equal(0, (await client.WaitForExitAsync(Patience, Cancellation)).ExitCode);
        Assert.Equal(second.Serial, (await deployment.AdmittedByAsync("3", Cancellation)).Serial);
    }

    // A real logon; returns the CAL when it has come to the status wanted, and a copy of what the client stored.
    private static async Task<(CalRecord Cal, string Stored)> LogOnAsync(
        Deployment deployment, VirtualDisplay display, string home, CalStatus wanted = CalStatus.Temporary)
    {
        CalRecord? cal = null;
        await using var client = XFreeRdp.Start(display, home, deployment.Address, "alice");
        await Eventually.TrueAsync(
            async () => (cal = (await deployment.CalsAsync(Cancellation)).SingleOrDefault(candidate => candidate.Status == wanted)) is not null,
            Patience, () => $"no CAL came to {wanted}:\n{deployment.SessionHost.Output}\n{client.Output}", Cancellation);
        // The ledger has the CAL before the client does; a session that is tied to a logon is well past that.
        await Eventually.TrueAsync(
            async () => (await deployment.SessionsAsync(Cancellation)).Any(session => session.Serial == cal!.Serial && session.Account == "alice"),
            Patience, () => $"the logon was not tied to its connection:\n{deployment.SessionHost.Output}", Cancellation);
        var copy = deployment.NewFile(cal!.Serial + ".cal");
        File.Copy(client.LicensePath, copy);
        return (cal, copy);
    }

    private static async Task AssertVerifiesAsync(Deployment deployment, string stored, CalRecord cal)
    {
        Assert.InRange(new FileInfo(stored).Length, 1, 4095);
        var verified = await OpenSsl.VerifyAsync(deployment.RootFile, stored, Cancellation);
        Assert.True(verified.ExitCode == 0, verified.Output);
        var shown = await OpenSsl.RunAsync(Cancellation, "x509", "-noout", "-serial", "-in", stored);
        Assert.Equal($"serial={cal.Serial}", shown.Output.Trim(), ignoreCase: true);
    }
}
