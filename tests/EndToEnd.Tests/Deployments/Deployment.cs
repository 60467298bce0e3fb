using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Ostiary.Contracts.Administration;
using Ostiary.Contracts.Catalogue;
using Ostiary.Contracts.Certificates;
using Ostiary.Contracts.Http;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Deployments;

/// <summary>What a test wants of its deployment.</summary>
public sealed record DeploymentOptions
{
    /// <summary>Device CALs of the first key pack; 0 installs none.</summary>
    public int DeviceCals { get; init; } = 5;

    /// <summary>User CALs of a key pack; 0 installs none.</summary>
    public int UserCals { get; init; }

    /// <summary>The session host's mode.</summary>
    public LicensingMode Mode { get; init; } = LicensingMode.PerDevice;

    /// <summary>Accounts of the private xrdp.</summary>
    public IReadOnlyList<string> Users { get; init; } = ["alice", "bob"];

    /// <summary>Shell commands that change the private /etc before xrdp starts.</summary>
    public string XrdpExtra { get; init; } = "";

    /// <summary>With a clock that the test moves (libfaketime), for every role.</summary>
    public bool MovableClock { get; init; }

    /// <summary>Without a real xrdp: the test listens on the back end's socket itself.</summary>
    public bool WithoutXrdp { get; init; }

    /// <summary>The back end, e.g. <c>tls:127.0.0.1:33890</c>; null is <see cref="Deployment.BackEndSocket"/>, in clear.</summary>
    public string? BackEnd { get; init; }

    /// <summary>
    /// A network of its own, where the clearinghouse runs: the license server does not reach it, and is neither activated nor given key packs.
    /// </summary>
    public NetworkNamespace? ClearinghouseNetwork { get; init; }

    /// <summary>The license server is neither activated nor given key packs.</summary>
    public bool WithoutActivation { get; init; }

    /// <summary>With the Licensing Manager, at a port of the system's choosing.</summary>
    public bool WithManager { get; init; }

    /// <summary>Further settings of the clearinghouse, e.g. <c>Clearinghouse:AttemptsPerMinute=1000</c>.</summary>
    public IReadOnlyList<string> Clearinghouse { get; init; } = [];

    /// <summary>Further settings of the session host, e.g. <c>SessionHost:MaxConnections=100</c>.</summary>
    public IReadOnlyList<string> SessionHost { get; init; } = [];
}

/// <summary>
/// A whole Ostiary as a publisher and an administrator set it up: the roles as processes of their own, a private xrdp behind the session host,
/// the kernel helper beside it. Set up by the command line and nothing else.
/// </summary>
public sealed class Deployment : IAsyncDisposable
{
    private const string FakeTimeLibrary = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

    private static readonly TimeSpan CommandTime = TimeSpan.FromSeconds(60);

    private readonly ScratchFolder _folder = new();
    private readonly DeploymentOptions _options;
    private readonly Dictionary<string, string?> _environment = [];
    private PeerProcess? _kernelHelper;

    private Deployment(DeploymentOptions options)
    {
        _options = options;
        if (options.MovableClock)
        {
            File.WriteAllText(ClockFile, "+0");
            _environment["LD_PRELOAD"] = FakeTimeLibrary;
            _environment["FAKETIME_TIMESTAMP_FILE"] = ClockFile;
            _environment["FAKETIME_NO_CACHE"] = "1";
        }

        // Not every machine has an id, and hosts of several deployments are not one.
        File.WriteAllText(MachineIdFile, $"{Guid.NewGuid():N}\n");
        var (clearinghouse, licenseServer, sessionHost) = (FreePort(), FreePort(), FreePort());
        Port = sessionHost;
        Signer = Role("signer", "signer.sock");
        ClearinghouseAddress = new($"https://127.0.0.1:{clearinghouse}");
        Clearinghouse = new("clearinghouse", State, "admin.sock", _environment, [$"Clearinghouse:Listen=127.0.0.1:{clearinghouse}", .. options.Clearinghouse], options.ClearinghouseNetwork);
        LicenseServer = Role(
            "license-server", "admin.sock", LicenseServerSettings = [$"LicenseServer:Listen=127.0.0.1:{licenseServer}",
                $"LicenseServer:Clearinghouse=https://127.0.0.1:{clearinghouse}", $"LicenseServer:RootFile={RootFile}", $"Manager:Listen={(options.WithManager ? "127.0.0.1:0" : "off")}"]);
        SessionHost = Role(
            "session-host", "admin.sock",
            [$"SessionHost:Listen=127.0.0.1:{sessionHost}", $"SessionHost:BackEnd={options.BackEnd ?? "unix:" + BackEndSocket}", $"SessionHost:KernelHelper={KernelSocket}", $"SessionHost:XrdpSettings={XrdpSettings}", $"SessionHost:PamSettings={PamSettings}", $"SessionHost:MachineIdFile={MachineIdFile}", .. options.SessionHost]);
    }

    public RoleProcess Signer { get; }

    public RoleProcess Clearinghouse { get; }

    public RoleProcess LicenseServer { get; }

    public RoleProcess SessionHost { get; }

    /// <summary>Where license servers reach the clearinghouse.</summary>
    public Uri ClearinghouseAddress { get; }

    /// <summary>For another license server that takes this one's place.</summary>
    public string[] LicenseServerSettings { get; }

    public PrivateXrdp? Xrdp { get; private set; }

    public string State => _folder["state"];

    public string RootFile => Path.Combine(State, "root", "root.pem");

    public int Port { get; }

    /// <summary>Where RDP clients connect.</summary>
    public string Address => $"127.0.0.1:{Port}";

    /// <summary>The back end's socket as the session host knows it: a link to xrdp's, or where the test listens itself.</summary>
    public string BackEndSocket => _folder["rdp.sock"];

    private string ClockFile => _folder["clock"];

    private string XrdpSettings => _folder["xrdp.ini"];

    private string PamSettings => _folder["xrdp-sesman"];

    private string MachineIdFile => _folder["machine-id"];

    private string KernelSocket => _folder["kernel.sock"];

    /// <summary>Where the PAM hook reports logons.</summary>
    public string LogonSocket => Path.Combine(State, "session-host", "logon.sock");

    public static async Task<Deployment> StartAsync(DeploymentOptions options, CancellationToken cancellation)
    {
        // xrdp's folder is its own, so it starts first and the session host is told where it is.
        var deployment = new Deployment(options);
        try
        {
            await deployment.StartPeersAsync(cancellation);
            await deployment.SetUpAsync(cancellation);
            return deployment;
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }
    }

    /// <summary>A folder of the test's own, e.g. the HOME of a client.</summary>
    public string NewFolder(string name) => _folder.NewFolder(name);

    /// <summary>A file of the test's own.</summary>
    public string NewFile(string name) => _folder[name];

    /// <summary>Moves the clock of every role, e.g. <c>+91d</c>, counted from now.</summary>
    public void MoveClock(string offset)
    {
        // Renamed into place: a role reads the file at every look at the clock.
        File.WriteAllText(ClockFile + ".new", offset);
        File.Move(ClockFile + ".new", ClockFile, overwrite: true);
    }

    /// <summary>A clock that leaps by days counts on a license server, and on a session host, when an administrator says that it is right.</summary>
    public async Task ConfirmClockAsync(CancellationToken cancellation)
    {
        await DoneAsync(cancellation, "server", "clock", "confirm");
        await ConfirmHostClockAsync(cancellation);
    }

    /// <summary>The same for the session host alone, while its license server is stopped.</summary>
    public Task ConfirmHostClockAsync(CancellationToken cancellation) => DoneAsync(cancellation, "host", "clock", "confirm");

    /// <summary>Runs the command line as an administrator does.</summary>
    public Task<ProcessResult> CommandAsync(CancellationToken cancellation, params string[] arguments)
        => CommandInAsync(State, cancellation, arguments);

    /// <summary>Runs the command line with this on its standard input.</summary>
    public Task<ProcessResult> CommandWithInputAsync(string input, CancellationToken cancellation, params string[] arguments)
        => PeerProcess.RunAsync(Built.Ostiary, [.. arguments, "--state", State], CommandTime, cancellation, input, _environment);

    /// <summary>Runs the command line against roles of another state folder.</summary>
    public Task<ProcessResult> CommandInAsync(string state, CancellationToken cancellation, params string[] arguments)
        => PeerProcess.RunAsync(Built.Ostiary, [.. arguments, "--state", state], CommandTime, cancellation, environment: _environment);

    /// <summary>Runs the command line, demands success and reads its JSON.</summary>
    public Task<T> CommandAsync<T>(CancellationToken cancellation, params string[] arguments) => CommandInAsync<T>(State, cancellation, arguments);

    /// <summary>Runs the command line against roles of another state folder, demands success and reads its JSON.</summary>
    public async Task<T> CommandInAsync<T>(string state, CancellationToken cancellation, params string[] arguments)
    {
        var result = await CommandInAsync(state, cancellation, [.. arguments, "--json"]);
        Assert.True(result.ExitCode == 0, Failure(arguments, result));
        return JsonSerializer.Deserialize<T>(result.Output, ContractsJson.Default.Options) ?? throw new InvalidDataException("the command printed null");
    }

    /// <summary>What <c>ostiary cals list</c> prints, asked at the same door without the start of a process: tests ask again and again.</summary>
    public async Task<IReadOnlyList<CalRecord>> CalsAsync(CancellationToken cancellation)
    {
        using var door = Door(LicenseServer.Role);
        return (await new LicenseServerAdministrationClient(door).CalsAsync(null, 1000, cancellation)).Items;
    }

    public async Task<IReadOnlyList<RefusalRecord>> RefusalsAsync(CancellationToken cancellation)
    {
        using var door = Door(SessionHost.Role);
        return (await new SessionHostAdministrationClient(door).RefusalsAsync(null, 1000, cancellation)).Items;
    }

    /// <summary>The one refusal that there is to be; it is recorded beside the connection, so it may come a moment later.</summary>
    public async Task<RefusalRecord> RefusalAsync(CancellationToken cancellation)
    {
        await Eventually.TrueAsync(
            async () => (await RefusalsAsync(cancellation)).Count > 0, TimeSpan.FromSeconds(10), () => $"no refusal was recorded:\n{SessionHost.Output}", cancellation);
        return Assert.Single(await RefusalsAsync(cancellation));
    }

    public async Task<SessionHostStatus> HostStatusAsync(CancellationToken cancellation)
    {
        using var door = Door(SessionHost.Role);
        return await new SessionHostAdministrationClient(door).StatusAsync(cancellation);
    }

    public async Task<IReadOnlyList<SessionRecord>> SessionsAsync(CancellationToken cancellation)
    {
        using var door = Door(SessionHost.Role);
        return (await new SessionHostAdministrationClient(door).SessionsAsync(null, 1000, cancellation)).Items;
    }

    /// <summary>The newest session, which this row admitted. A client has its answer before its session is written down, so it is waited for.</summary>
    public async Task<SessionRecord> AdmittedByAsync(string row, CancellationToken cancellation)
    {
        SessionRecord? newest = null;
        await Eventually.TrueAsync(
            async () => (newest = (await SessionsAsync(cancellation)).MaxBy(session => session.Id))?.Rule == row,
            TimeSpan.FromSeconds(20), () => $"the newest session was admitted by row {newest?.Rule}, not {row}:\n{SessionHost.Output}\n{LicenseServer.Output}", cancellation);
        return newest!;
    }

    /// <summary>Invites the session host and lets it join.</summary>
    public async Task JoinAsync(CancellationToken cancellation)
    {
        var invited = await CommandAsync<InviteResponse>(cancellation, "hosts", "invite", "--mode", KebabCase.Of(_options.Mode));
        await DoneAsync(cancellation, "hosts", "join", invited.Invitation);
    }

    /// <summary>What <c>ostiary users list</c> prints.</summary>
    public async Task<IReadOnlyList<UserCalRecord>> UserCalsAsync(CancellationToken cancellation)
        => (await CommandAsync<Page<UserCalRecord>>(cancellation, "users", "list")).Items;

    /// <summary>Ends the host's grace period as it ends in life: a device logs on, comes again, and is granted a permanent CAL.</summary>
    public async Task EndGraceAsync(VirtualDisplay display, CancellationToken cancellation)
    {
        var home = NewFolder("the-first-device");
        foreach (var status in new[] { CalStatus.Temporary, CalStatus.Active })
        {
            await using var client = XFreeRdp.Start(display, home, Address, "alice", name: "first");
            await Eventually.TrueAsync(
                async () => (await CalsAsync(cancellation)).Any(cal => cal.Device == "first" && cal.Status == status)
                    && (await SessionsAsync(cancellation)).Any(session => session is { Device: "first", EndedAt: null, Account: not null }),
                TimeSpan.FromSeconds(40), () => $"no CAL came to {status}:\n{SessionHost.Output}\n{client.Output}", cancellation);
        }

        Assert.Equal("ended", (await CommandAsync<GraceStatus>(cancellation, "grace", "show")).State);
    }

    /// <summary>Mints a key at the clearinghouse and installs it at the license server.</summary>
    public async Task InstallPackAsync(int quantity, CancellationToken cancellation, CalType type = CalType.Device)
    {
        var minted = await CommandAsync<MintResponse>(
            cancellation, "keys", "mint", "--type", KebabCase.Of(type), "--quantity", quantity.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await CommandAsync<PackRecord>(cancellation, "packs", "install", minted.Keys[0].ProductKey!);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var role in new[] { SessionHost, LicenseServer, Clearinghouse, Signer })
            await role.DisposeAsync();
        if (_kernelHelper is not null)
            await _kernelHelper.DisposeAsync();
        if (Xrdp is not null)
            await Xrdp.DisposeAsync();
        _folder.Dispose();
    }

    private async Task StartPeersAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(LogonSocket)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (_options.WithoutXrdp)
            return;
        Xrdp = await PrivateXrdp.StartAsync(new XrdpOptions { LogonSocket = LogonSocket, Users = _options.Users, Extra = _options.XrdpExtra }, cancellation);
        // The session host's settings were made before xrdp had a folder: a link leads there.
        File.CreateSymbolicLink(BackEndSocket, Xrdp.RdpSocket);
        File.CreateSymbolicLink(XrdpSettings, Xrdp.Settings);
        // The private one, as PAM reads it.
        File.CreateSymbolicLink(PamSettings, $"/proc/{Xrdp.InitPid}/root/etc/pam.d/xrdp-sesman");
        _kernelHelper = PeerProcess.Start(Built.LogonHelper, ["kernel", KernelSocket]);
        await Eventually.TrueAsync(() => File.Exists(KernelSocket), TimeSpan.FromSeconds(10), () => $"the kernel helper does not listen:\n{_kernelHelper.Output}", cancellation);
    }

    private async Task SetUpAsync(CancellationToken cancellation)
    {
        await DoneAsync(cancellation, "clearinghouse", "init", "--publisher", "Example Publisher");
        await Signer.StartAsync(cancellation);
        await Clearinghouse.StartAsync(cancellation);
        await LicenseServer.StartAsync(cancellation);
        if (_options.ClearinghouseNetwork is null && !_options.WithoutActivation)
            await ActivateAsync(cancellation);
        await SessionHost.StartAsync(cancellation);
        await JoinAsync(cancellation);
    }

    private async Task ActivateAsync(CancellationToken cancellation)
    {
        await DoneAsync(cancellation, "server", "activate", "--first-name", "Ada", "--last-name", "Lovelace", "--company", "Example", "--country", "CA");
        if (_options.DeviceCals > 0)
            await InstallPackAsync(_options.DeviceCals, cancellation);
        if (_options.UserCals > 0)
            await InstallPackAsync(_options.UserCals, cancellation, CalType.User);
    }

    private async Task DoneAsync(CancellationToken cancellation, params string[] arguments)
    {
        var result = await CommandAsync(cancellation, arguments);
        Assert.True(result.ExitCode == 0, Failure(arguments, result));
    }

    // What went wrong, and what the roles have said of it.
    private string Failure(string[] arguments, ProcessResult result)
        => $"ostiary {string.Join(' ', arguments)} exits with {result.ExitCode}:\n{result.Output}\n"
            + string.Join('\n', new[] { Signer, Clearinghouse, LicenseServer, SessionHost }.Select(role => $"{role.Role} said:\n{role.Output}"));

    private HttpClient Door(string role) => ApiClient.OverUnixSocket(Path.Combine(State, role, "admin.sock"), CommandTime);

    private RoleProcess Role(string role, string door, params string[] settings) => new(role, State, door, _environment, settings);

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
