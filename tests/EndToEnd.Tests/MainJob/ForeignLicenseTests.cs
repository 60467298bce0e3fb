using System.Security.Cryptography;
using Ostiary.EndToEnd.Tests.Deployments;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.MainJob;

/// <summary>A license that is not ours is not ours to touch.</summary>
[Collection(RealPeers.First)]
public sealed class ForeignLicenseTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_with_a_license_of_somebody_else_gets_in_and_keeps_it_byte_for_byte()
    {
        await using var deployment = await Deployment.StartAsync(new(), Cancellation);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);
        var home = deployment.NewFolder("home");
        var license = XFreeRdp.LicensePathOf(home, "desk-1");
        Directory.CreateDirectory(Path.GetDirectoryName(license)!);
        // What another farm's license server might have given: opaque bytes, as long as theirs are.
        var foreign = RandomNumberGenerator.GetBytes(2_300);
        foreign[0] = 0x30;
        await File.WriteAllBytesAsync(license, foreign, Cancellation);
        var written = File.GetLastWriteTimeUtc(license);

        foreach (var _ in new[] { 1, 2 })
        {
            await using var client = XFreeRdp.Start(display, home, deployment.Address, "alice", more: "+auth-only");
            var result = await client.WaitForExitAsync(TimeSpan.FromSeconds(30), Cancellation);
            Assert.True(result.ExitCode == 0, result.Output);
        }

        Assert.Equal(foreign, await File.ReadAllBytesAsync(license, Cancellation));
        Assert.Equal(written, File.GetLastWriteTimeUtc(license));
        Assert.Equal("desk-1", Assert.Single(await deployment.CalsAsync(Cancellation)).Device);
    }
}
