using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Diagnosis;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.Roles.Tests.Clearinghouse;
using Ostiary.Roles.Tests.LicenseServer;
using Ostiary.Roles.Tests.SessionHost;
using Ostiary.SessionHost;
using Xunit;

namespace Ostiary.Roles.Tests.Diagnosis;

/// <summary>A session host that is well: as production starts it, with its files, a helper, a back end, and an activated license server with CALs.</summary>
internal sealed class DiagnosedHost : IAsyncDisposable
{
    public const string GoodXrdp = "[Globals]\nport=unix://./run/rdp.sock\n[Xorg]\nlib=libxup.so\nport=-1\n";
    private readonly string _folder = Gateway.NewState();
    private readonly TestAuthority _authority = new();
    private FakeKernelHelper? _helper;

    private DiagnosedHost()
    {
    }

    public FakeClearinghouse Clearinghouse { get; private set; } = null!;

    public RunningLicenseServer Server { get; private set; } = null!;

    public Gateway Gateway { get; private set; } = null!;

    public FakeXrdp? Xrdp { get; private set; }

    public string XrdpIni => At("xrdp.ini");

    public string Pam => At("xrdp-sesman");

    public string BackEndSocket => At("rdp.sock");

    public string State => At("session-host");

    public string LogonSocket => Path.Combine(State, "logon.sock");

    public string KernelSocket => At("kernel.sock");

    /// <summary>How far the host's clock is ahead of the license server's.</summary>
    public TimeSpan Ahead { get; set; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<DiagnosedHost> StartAsync(bool joined = true)
    {
        var host = new DiagnosedHost();
        host.Clearinghouse = await FakeClearinghouse.StartAsync(host._authority);
        host.Server = await RunningLicenseServer.StartWithPackAsync(host.Clearinghouse, 20);
        await File.WriteAllTextAsync(host.XrdpIni, GoodXrdp, Cancellation);
        await File.WriteAllTextAsync(host.Pam, host.HookLine + "@include common-account\n", Cancellation);
        await File.WriteAllTextAsync(host.At("machine-id"), "00112233445566778899aabbccddeeff\n", Cancellation);
        host.StartXrdp();
        host.StartHelper();
        await host.StartGatewayAsync();
        if (joined)
        {
            await host.JoinAsync();
            await host.BecomesAsync();
        }

        return host;
    }

    /// <summary>As the finding prints it, with the hook's path.</summary>
    public string HookLine => $"account required pam_exec.so quiet stdout /usr/sbin/ostiary-logon pam {LogonSocket}\n";

    public string At(string name) => Path.Combine(_folder, name);

    public void StartXrdp(BackEndForm form = BackEndForm.Xrdp09, Ostiary.Protocol.Sequences.BackEndSecurity confirms = Ostiary.Protocol.Sequences.BackEndSecurity.Clear)
    {
        File.Delete(BackEndSocket);
        Xrdp = FakeXrdp.InClear(BackEndSocket, form, confirms: confirms);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(BackEndSocket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public async Task StopXrdpAsync()
    {
        await Xrdp!.DisposeAsync();
        File.Delete(BackEndSocket);
    }

    public void StartHelper() => _helper = new(KernelSocket);

    public async Task StopHelperAsync()
    {
        await _helper!.DisposeAsync();
        File.Delete(KernelSocket);
    }

    public async Task StartGatewayAsync(bool observe = false, bool helper = true, bool grace = false)
        => Gateway = await Gateway.StartAsync(Xrdp!, options => new SessionHostOptions
        {
            StateDirectory = options.StateDirectory,
            BackEnd = options.BackEnd,
            Listen = options.Listen,
            Name = options.Name,
            MachineIdFile = options.MachineIdFile,
            XrdpSettings = XrdpIni,
            PamSettings = Pam,
            KernelHelper = helper ? KernelSocket : null,
            Observe = observe,
        }, new FollowingTime(Server.Time, () => Ahead), State, grace: grace);

    public async Task RestartGatewayAsync(bool observe = false, bool helper = true)
    {
        await Gateway.DisposeAsync();
        await StartGatewayAsync(observe, helper);
    }

    /// <summary>Both commands of a join, as findings print them: the invitation there, the joining here.</summary>
    public async Task JoinAsync(LicensingMode mode = LicensingMode.PerDevice)
        => await Gateway.Administration.JoinAsync(new((await Server.Administration.InviteAsync(new(new(2022), mode, 24), Cancellation)).Invitation), Cancellation);

    public async Task<IReadOnlyList<Finding>> FindingsAsync() => (await Gateway.Administration.FindingsAsync(Cancellation)).Findings;

    /// <summary>Waits until these are found and nothing else: what the role looks after by itself it looks after every second.</summary>
    public async Task<IReadOnlyList<Finding>> BecomesAsync(params string[] codes)
    {
        var end = DateTimeOffset.UtcNow.AddSeconds(20);
        while (true)
        {
            var found = await FindingsAsync();
            var have = found.Select(finding => finding.Code).Order(StringComparer.Ordinal).ToList();
            if (have.SequenceEqual(codes.Order(StringComparer.Ordinal)))
                return found;
            if (DateTimeOffset.UtcNow > end)
                Assert.Fail($"wanted {string.Join(", ", codes)}; found {string.Join("; ", found.Select(finding => $"{finding.Code}: {finding.Evidence}"))}");
            await Task.Delay(100, Cancellation);
        }
    }

    /// <summary>Runs a command as it is printed.</summary>
    public static async Task ShellAsync(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardError = true })!;
        var errors = await shell.StandardError.ReadToEndAsync(Cancellation);
        await shell.WaitForExitAsync(Cancellation);
        Assert.True(shell.ExitCode == 0, $"{command}: {errors}");
    }

    /// <summary>A certificate for RDP clients and its key, as files.</summary>
    public (string Certificate, string Key) NewTlsFiles(DateTimeOffset until)
    {
        using var key = RSA.Create(2048);
        using var certificate = new CertificateRequest("CN=host-1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(Server.Time.GetUtcNow().AddDays(-10), until);
        File.WriteAllText(At("new.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(At("new.key"), key.ExportPkcs8PrivateKeyPem());
        return (At("new.pem"), At("new.key"));
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        if (Xrdp is not null)
            await Xrdp.DisposeAsync();
        if (_helper is not null)
            await _helper.DisposeAsync();
        await Server.DisposeAsync();
        await Clearinghouse.DisposeAsync();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The license server's time of day; what waits, waits by the real one.</summary>
    private sealed class FollowingTime(TimeProvider leader, Func<TimeSpan> ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => leader.GetUtcNow() + ahead();
    }
}
