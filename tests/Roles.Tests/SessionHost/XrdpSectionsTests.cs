using Ostiary.Contracts.Diagnosis;
using Ostiary.SessionHost.Diagnosis;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>Sections of xrdp.ini over which somebody gets a session that sesman, and with it the account hook, never sees.</summary>
public sealed class XrdpSectionsTests
{
    private const string Settings = """
        [Globals]
        port=unix://./run/rdp.sock
        ; port=-1
        [Logging]
        LogLevel=INFO
        [Xorg]
        name=Xorg
        lib=libxup.so
        ip=127.0.0.1
        port=-1
        [vnc-any]
        name=vnc-any
        lib=libvnc.so
        ip=ask
        port=ask5900
        #[commented]
        #lib=libvnc.so
          [ neutrinordp-any ]
        LIB = libxrdpneutrinordp.so
        [no-port]
        lib=libvnc.so
        """;

    [Fact]
    public void Those_that_do_not_say_port_minus_1_are_named()
        => Assert.Equal(["vnc-any", "neutrinordp-any", "no-port"], XrdpSections.AroundSesman(new StringReader(Settings)));

    [Fact]
    public async Task A_host_reports_them_until_they_are_gone()
    {
        var folder = Gateway.NewState();
        var file = Path.Combine(folder, "xrdp.ini");
        await File.WriteAllTextAsync(file, Settings, TestContext.Current.CancellationToken);
        await using var xrdp = FakeXrdp.InClear(Path.Combine(folder, "rdp.sock"));
        await using (var gateway = await Gateway.StartAsync(xrdp, options => new()
        {
            StateDirectory = options.StateDirectory,
            BackEnd = options.BackEnd,
            BackEndFingerprint = options.BackEndFingerprint,
            Listen = options.Listen,
            Name = options.Name,
            XrdpSettings = file,
        }))
        {
            var finding = Assert.Single(await FindingsAsync(gateway), finding => finding.Code == "xrdp-section-around-sesman");
            Assert.Contains("vnc-any, neutrinordp-any, no-port", finding.Evidence, StringComparison.Ordinal);
            Assert.Contains(file, finding.Fix, StringComparison.Ordinal);

            await File.WriteAllTextAsync(file, "[Xorg]\nlib=libxup.so\nport=-1\n", TestContext.Current.CancellationToken);
            Assert.DoesNotContain(await FindingsAsync(gateway), finding => finding.Code == "xrdp-section-around-sesman");
        }

        Directory.Delete(folder, recursive: true);
    }

    private static async Task<IReadOnlyList<Finding>> FindingsAsync(Gateway gateway)
        => (await gateway.Administration.StatusAsync(TestContext.Current.CancellationToken)).Findings ?? [];
}
