using System.Runtime.Versioning;
using Ostiary.Protocol.Tests.Clients;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>Two witnesses tie a logon to its connection, and only then is a temporary CAL validated.</summary>
public sealed class LogonTests : IAsyncLifetime
{
    private const string Alice = """{"kind":"logon","user":"alice","uid":1001,"service":"xrdp-sesman","rhost":null}""";
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(1);
    private readonly string _state = Gateway.NewState();
    private readonly FakePublisher _publisher = new();
    private FakeLicenseServer _server = null!;
    private FakeKernelHelper _kernel = null!;

    private string GatewayState => Path.Combine(_state, "gw");

    private string LogonSocket => Path.Combine(GatewayState, "logon.sock");

    public async ValueTask InitializeAsync()
    {
        _server = new(_publisher);
        await _server.StartAsync();
        _kernel = new(Path.Combine(_state, "kernel.sock"));
    }

    public async ValueTask DisposeAsync()
    {
        await _kernel.DisposeAsync();
        await _server.DisposeAsync();
        _publisher.Dispose();
        Directory.Delete(_state, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reported_logon_whose_X_server_the_kernel_shows_behind_the_connection_validates_its_temporary_CAL(bool tcp)
    {
        await using var xrdp = tcp ? FakeXrdp.WithTls() : FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
        await using var gateway = await StartAsync(xrdp);
        await using var first = await gateway.ConnectAsync();

        Assert.Equal("""{"admit":true}""", await FakeKernelHelper.ReportAsync(LogonSocket, Alice));
        await Task.Delay(300, TestContext.Current.CancellationToken);
        Assert.Empty(_server.Validated);
        _kernel.Uid = 1001;

        await Gateway.UntilAsync(() => Task.FromResult(!_server.Validated.IsEmpty));
        var told = Assert.Single(_server.Validated);
        await Gateway.UntilAsync(async () => await gateway.SessionsAsync() is [{ Account: "alice" }]);
        Assert.Equal((await gateway.SessionsAsync())[0].Serial, told.Serial);
        Assert.Equal("alice", told.Account);
        await using var second = await gateway.ConnectAsync(first.StoredLicense);
        Assert.Equal(LicensingClientEnd.UpgradeLicense, second.Script.Licensing.End);
    }

    [Fact]
    public async Task The_kernel_alone_validates_nothing()
    {
        await using var xrdp = FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
        await using var gateway = await StartAsync(xrdp);
        _kernel.Uid = 1001;
        await using var client = await gateway.ConnectAsync();

        await Task.Delay(LongEnough, TestContext.Current.CancellationToken);

        Assert.Empty(_server.Validated);
        Assert.Null(Assert.Single(await gateway.SessionsAsync()).Account);
    }

    [Fact]
    public async Task The_hook_alone_and_a_logon_of_somebody_else_validate_nothing()
    {
        await using var xrdp = FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
        await using var gateway = await StartAsync(xrdp);
        await using var client = await gateway.ConnectAsync();
        _kernel.Uid = 1002;

        await FakeKernelHelper.ReportAsync(LogonSocket, Alice);
        await Task.Delay(LongEnough, TestContext.Current.CancellationToken);

        Assert.True(_kernel.Questions > 1);
        Assert.Empty(_server.Validated);
    }

    [Theory]
    [InlineData("""{"kind":"logon","user":"alice"}""")]
    [InlineData("""{"kind":"other","user":"alice","uid":1001}""")]
    [InlineData("""{"kind":"logon","user":"","uid":1001}""")]
    [InlineData("not JSON")]
    [InlineData("[]")]
    public async Task What_is_no_report_is_not_answered(string json)
    {
        await using var xrdp = FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
        await using var gateway = await StartAsync(xrdp);

        Assert.Equal("", await FakeKernelHelper.ReportAsync(LogonSocket, json));
    }

    [Fact]
    public async Task A_validation_survives_an_outage_of_the_license_server_and_a_restart_of_the_role()
    {
        await using var xrdp = FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
        await using (var gateway = await StartAsync(xrdp))
        {
            await using var client = await gateway.ConnectAsync();
            await _server.StopAsync();
            _kernel.Uid = 1001;
            await FakeKernelHelper.ReportAsync(LogonSocket, Alice);
            await Gateway.UntilAsync(async () => await gateway.SessionsAsync() is [{ Account: "alice" }]);
        }

        Assert.Empty(_server.Validated);
        await _server.StartAsync();
        await using var again = await Gateway.StartAsync(xrdp, state: GatewayState);

        await Gateway.UntilAsync(() => Task.FromResult(!_server.Validated.IsEmpty));
        Assert.Equal("alice", Assert.Single(_server.Validated).Account);
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task The_sockets_have_the_modes_that_keep_others_out()
    {
        await using var xrdp = FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
        await using var gateway = await StartAsync(xrdp);
        const UnixFileMode owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

        Assert.Equal(owner, File.GetUnixFileMode(Path.Combine(GatewayState, "admin.sock")));
        Assert.Equal(owner | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, File.GetUnixFileMode(LogonSocket));
        Assert.Equal(owner, File.GetUnixFileMode(Path.Combine(GatewayState, "tls.key")));
        Assert.Equal(owner, File.GetUnixFileMode(Path.Combine(GatewayState, "host.key")));
        Assert.Equal(owner | UnixFileMode.UserExecute, File.GetUnixFileMode(GatewayState));
    }

    [Fact]
    public async Task The_log_tells_every_licensing_step_and_names_nobody()
    {
        using var log = new TestLog();
        await using var xrdp = FakeXrdp.InClear(Path.Combine(_state, "rdp.sock"));
        await using var gateway = await Gateway.JoinedAsync(xrdp, [_server], options => LicensingPathTests.With(options, kernelHelper: _kernel.Path), GatewayState, log);
        _kernel.Uid = 1001;
        await using var client = await gateway.ConnectAsync(machine: "KIOSK-01");
        await FakeKernelHelper.ReportAsync(LogonSocket, Alice);
        await Gateway.UntilAsync(() => Task.FromResult(!_server.Validated.IsEmpty));
        await Gateway.UntilAsync(() => Task.FromResult(log.Lines.Any(line => line.Contains("was told of the logon", StringComparison.Ordinal))));

        var ours = log.Lines.Where(line => line.Contains(" Ostiary.", StringComparison.Ordinal)).ToList();
        foreach (var step in new[] { "asks for a license and presents nothing", "grants temporary CAL", "NEW_LICENSE", "somebody has logged on" })
            Assert.Contains(ours, line => line.StartsWith("Information", StringComparison.Ordinal) && line.Contains(step, StringComparison.Ordinal));
        Assert.All(ours, line =>
        {
            Assert.DoesNotContain("alice", line, StringComparison.Ordinal);
            Assert.DoesNotContain("KIOSK", line, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", line, StringComparison.Ordinal);
        });
    }

    private Task<Gateway> StartAsync(FakeXrdp xrdp)
        => Gateway.JoinedAsync(xrdp, [_server], options => LicensingPathTests.With(options, kernelHelper: _kernel.Path), GatewayState);
}
