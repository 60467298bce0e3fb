using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Http;
using Ostiary.Protocol.Tests.Clients;
using Ostiary.SessionHost;
using Ostiary.SessionHost.Gateway;
using Ostiary.SessionHost.Grace;
using Xunit;

namespace Ostiary.Roles.Tests.SessionHost;

/// <summary>A session host as production starts it, in a state directory of its own, in front of a fake back end.</summary>
public sealed class Gateway : IAsyncDisposable
{
    private readonly string _state;
    private readonly bool _ownsState;
    private readonly WebApplication _role;
    private readonly HttpClient _door;
    private bool _stopped;

    private Gateway(string state, bool ownsState, WebApplication role, string administrationSocket)
    {
        (_state, _ownsState, _role) = (state, ownsState, role);
        _door = ApiClient.OverUnixSocket(administrationSocket, TimeSpan.FromSeconds(20));
        Administration = new(_door);
    }

    public IPEndPoint EndPoint => SessionHostRole.RdpEndPointOf(_role);

    public SessionHostAdministrationClient Administration { get; }

    public IServiceProvider Services => _role.Services;

    /// <summary>A state directory under /tmp: unix sockets have short names.</summary>
    public static string NewState() => Directory.CreateTempSubdirectory("ostiary-sh-").FullName;

    public static async Task<Gateway> StartAsync(
        FakeXrdp xrdp, Func<SessionHostOptions, SessionHostOptions>? change = null, TimeProvider? time = null, string? state = null, ILoggerProvider? log = null, bool grace = false)
    {
        var directory = state ?? NewState();
        var options = new SessionHostOptions
        {
            StateDirectory = directory,
            BackEnd = xrdp.Address,
            BackEndFingerprint = xrdp.Fingerprint,
            Listen = "127.0.0.1:0",
            Name = "host-1",
            // A test that gives its machine an id of its own has put it beside the state directory.
            MachineIdFile = Path.Combine(Path.GetDirectoryName(directory)!, "machine-id"),
        };
        options = change?.Invoke(options) ?? options;
        var role = SessionHostRole.Build(options, time ?? TimeProvider.System, logging =>
        {
            logging.AddProvider(log ?? new TestLog()).SetMinimumLevel(LogLevel.Debug);
        });
        await role.StartAsync();
        // Rules are tested with the grace period over, unless it is what a test is about.
        if (!grace)
            await role.Services.GetRequiredService<GracePeriod>().CalGrantedAsync(CancellationToken.None);
        return new(directory, state is null, role, options.AdministrationSocket);
    }

    /// <summary>A gateway in front of <paramref name="xrdp"/> that has joined <paramref name="servers"/>.</summary>
    public static async Task<Gateway> JoinedAsync(
        FakeXrdp xrdp, FakeLicenseServer[] servers, Func<SessionHostOptions, SessionHostOptions>? change = null, string? state = null, ILoggerProvider? log = null, TimeProvider? time = null,
        bool grace = false)
    {
        var gateway = await StartAsync(xrdp, change, time, state, log, grace);
        foreach (var server in servers)
            await gateway.Administration.JoinAsync(new(server.Invitation), CancellationToken.None);
        return gateway;
    }

    public Task<RdpClient> ConnectAsync(byte[]? stored = null, string machine = "KIOSK-01", ClientForm form = ClientForm.FreeRdp, bool errorInfo = true, bool byteAtATime = false, IPAddress? from = null, bool administrative = false)
        => RdpClient.RunAsync(
            EndPoint,
            new() { Licensing = new() { StoredLicense = stored, MachineName = machine, Form = form }, SupportsErrorInfo = errorInfo, Password = "secret", Administrative = administrative },
            TestContext.Current.CancellationToken, byteAtATime, from);

    public async Task<IReadOnlyList<RefusalRecord>> RefusalsAsync() => (await Administration.RefusalsAsync(null, 100, CancellationToken.None)).Items;

    public async Task<IReadOnlyList<SessionRecord>> SessionsAsync() => (await Administration.SessionsAsync(null, 100, CancellationToken.None)).Items;

    /// <summary>What the role records is written behind the connection's back: waits until it is so.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds, int seconds = 10)
    {
        var end = DateTimeOffset.UtcNow.AddSeconds(seconds);
        while (!await holds())
        {
            Assert.True(DateTimeOffset.UtcNow < end, "it did not become so in time");
            await Task.Delay(20);
        }
    }

    internal GatewayMetrics Metrics => _role.Services.GetRequiredService<GatewayMetrics>();

    public async Task StopAsync()
    {
        if (_stopped)
            return;
        _stopped = true;
        await _role.StopAsync();
        await _role.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _door.Dispose();
        await StopAsync();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        if (_ownsState)
            Directory.Delete(_state, recursive: true);
    }
}
