using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Ostiary.EndToEnd.Tests.Peers;
using Ostiary.Kernel;

namespace Ostiary.EndToEnd.Tests;

/// <summary>The root helper and the hook, with real logons to a real xrdp.</summary>
[Collection(RealPeers.Second)]
public sealed class KernelHelperTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly ScratchFolder _scratch = new();
    private PeerProcess _helper = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Socket => _scratch["kernel.sock"];

    public async ValueTask InitializeAsync() => _helper = await StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _helper.DisposeAsync();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Two_people_at_once_are_told_apart_by_their_back_end_sockets()
    {
        await using var role = new LogonSocket(_scratch["logon.sock"], """{"admit":true}""");
        await using var xrdp = await PrivateXrdp.StartAsync(new XrdpOptions { LogonSocket = _scratch["logon.sock"] }, Cancellation);
        await using var relay = new PlainRelay(xrdp.ConnectAsync);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);

        await using var first = XFreeRdp.Start(display, _scratch["one"], relay.Address, "alice", more: "/sec:rdp");
        await WaitUntilAsync(() => relay.BackEnds.Count == 1);
        await using var second = XFreeRdp.Start(display, _scratch["two"], relay.Address, "bob", more: "/sec:rdp");
        await WaitUntilAsync(() => relay.BackEnds.Count == 2);

        var entries = await WaitForXServersAsync(() => Sockets(relay.BackEnds));
        var outside = (await xrdp.RunAsync("id -u alice; id -u bob", Cancellation)).Output.Split('\n');
        Assert.Equal(outside[0], Uid(entries[0]));
        Assert.Equal(outside[1], Uid(entries[1]));
        Assert.NotEqual(entries[0].GetProperty("x").GetProperty("display").GetInt32(), entries[1].GetProperty("x").GetProperty("display").GetInt32());
        Assert.All(entries, entry => Assert.Contains(entry.GetProperty("xrdp").GetInt32(), xrdp.Processes()));
        Assert.All(entries, entry => Assert.Contains(entry.GetProperty("x").GetProperty("pid").GetInt32(), xrdp.Processes()));
        Assert.Equal(["alice", "bob"], role.Reports.Select(report => report.GetProperty("user").GetString()).Order());
        Assert.Equal(outside[..2], role.Reports.OrderBy(report => report.GetProperty("user").GetString()).Select(Uid));
    }

    [Fact]
    public async Task A_wrong_password_leads_to_no_x_server_and_to_no_report()
    {
        await using var role = new LogonSocket(_scratch["logon.sock"], """{"admit":true}""");
        await using var xrdp = await PrivateXrdp.StartAsync(new XrdpOptions { LogonSocket = _scratch["logon.sock"] }, Cancellation);
        await using var relay = new PlainRelay(xrdp.ConnectAsync);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);

        await using var client = XFreeRdp.Start(
            display, _scratch["one"], relay.Address, "alice", password: "wrong", more: ["/sec:rdp"]);
        await WaitUntilAsync(() => xrdp.Log("xrdp-sesman.log").Contains("AUTHFAIL", StringComparison.Ordinal));

        var entry = Assert.Single(await AskAsync(Sockets(relay.BackEnds)));
        Assert.Contains(entry.GetProperty("xrdp").GetInt32(), xrdp.Processes());
        Assert.Equal(JsonValueKind.Null, entry.GetProperty("x").ValueKind);
        Assert.Empty(role.Reports);
    }

    [Fact]
    public async Task A_refused_person_gets_no_x_server()
    {
        await using var role = new LogonSocket(_scratch["logon.sock"], """{"admit":false,"reason":"no license"}""");
        await using var xrdp = await PrivateXrdp.StartAsync(new XrdpOptions { LogonSocket = _scratch["logon.sock"] }, Cancellation);
        await using var relay = new PlainRelay(xrdp.ConnectAsync);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);

        await using var client = XFreeRdp.Start(display, _scratch["one"], relay.Address, "alice", more: "/sec:rdp");
        await WaitUntilAsync(() => xrdp.Log("xrdp-sesman.log").Contains("AUTHFAIL", StringComparison.Ordinal));

        Assert.Equal("alice", Assert.Single(role.Reports).GetProperty("user").GetString());
        Assert.Equal(JsonValueKind.Null, Assert.Single(await AskAsync(Sockets(relay.BackEnds))).GetProperty("x").ValueKind);
    }

    [Fact]
    public async Task A_back_end_on_tcp_is_found_by_its_addresses()
    {
        await using var xrdp = await PrivateXrdp.StartAsync(new XrdpOptions { TcpPort = 3389 }, Cancellation);
        await using var relay = new PlainRelay(xrdp.ConnectAsync);
        await using var display = await VirtualDisplay.StartAsync(Cancellation);

        await using var client = XFreeRdp.Start(display, _scratch["one"], relay.Address, "bob", more: "/sec:rdp");
        await WaitUntilAsync(() => relay.BackEnds.Count == 1);

        var back = relay.BackEnds[0];
        var question = $$"""{"tcp":[{"local":"{{back.LocalEndPoint}}","remote":"{{back.RemoteEndPoint}}"}]}""";
        var entry = Assert.Single(await WaitForXServersAsync(() => question));
        Assert.Equal(back.LocalEndPoint!.ToString(), entry.GetProperty("local").GetString());
        Assert.Equal((await xrdp.RunAsync("id -u bob", Cancellation)).Output.Trim(), Uid(entry));
    }

    [Fact]
    public async Task A_socket_that_no_xrdp_holds_is_not_known()
    {
        var entries = await AskAsync("""{"sockets":[1,4294967295],"tcp":[{"local":"127.0.0.1:1","remote":"[::1]:2"}]}""");

        Assert.Equal(3, entries.Count);
        Assert.All(entries, entry => Assert.Equal(JsonValueKind.Null, entry.GetProperty("xrdp").ValueKind));
        Assert.All(entries, entry => Assert.Equal(JsonValueKind.Null, entry.GetProperty("x").ValueKind));
    }

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("[[[[[[1]]]]]]", "not JSON")]
    [InlineData("[]", "a question is an object")]
    [InlineData("""{"pids":[1]}""", "a question has the arrays sockets, tcp and logons")]
    [InlineData("""{"sockets":[0]}""", "an entry of sockets is an inode")]
    [InlineData("""{"logons":[0]}""", "an entry of logons is a process id")]
    [InlineData("""{"sockets":["1"]}""", "an entry of sockets is an inode")]
    [InlineData("""{"tcp":[{"local":"here","remote":"127.0.0.1:1"}]}""", "local of an entry of tcp is IP:PORT")]
    public async Task A_question_that_is_none_is_told_so_and_closed(string question, string error)
    {
        using var gateway = Connect(Socket);
        await using var stream = new NetworkStream(gateway);

        await LogonSocket.WriteAsync(stream, Encoding.UTF8.GetBytes(question), Cancellation);

        Assert.Equal(error, (await LogonSocket.ReadAsync(stream, Cancellation)).GetProperty("error").GetString());
        Assert.Equal(0, await stream.ReadAsync(new byte[1], Cancellation));
    }

    [Fact]
    public async Task More_than_256_entries_or_64_KiB_are_not_taken()
    {
        var many = string.Join(',', Enumerable.Range(1, 257));
        using var gateway = Connect(Socket);
        await using var stream = new NetworkStream(gateway);
        await LogonSocket.WriteAsync(stream, Encoding.UTF8.GetBytes($$"""{"sockets":[{{many}}]}"""), Cancellation);
        Assert.Equal("more than 256 entries", (await LogonSocket.ReadAsync(stream, Cancellation)).GetProperty("error").GetString());

        using var other = Connect(Socket);
        await other.SendAsync(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF }, Cancellation);
        await using var otherStream = new NetworkStream(other);
        Assert.Contains("at most 65536", (await LogonSocket.ReadAsync(otherStream, Cancellation)).GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_seventeenth_connection_is_turned_away_and_places_come_back()
    {
        var held = Enumerable.Range(0, 16).Select(_ => Connect(Socket)).ToList();
        using var late = Connect(Socket);
        Assert.Equal(0, await late.ReceiveAsync(new byte[1], Cancellation));

        held.ForEach(connection => connection.Dispose());

        await WaitUntilAsync(() => _helper.Output.Contains("more than 16", StringComparison.Ordinal));
        await WaitForAsync(async () => await TryAskAsync("{}") is { Count: 0 });
    }

    [Fact]
    public async Task Only_root_and_the_gateways_user_are_answered()
    {
        const uint gateway = 64123, stranger = 64124;
        await using var helper = await StartAsync("second.sock", "--uid", $"{gateway}");
        File.SetUnixFileMode(_scratch.FullPath, (UnixFileMode)0x1ED /* 0755 */);

        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite,
            File.GetUnixFileMode(_scratch["second.sock"]));
        // Both keep group 0, which may open the socket: it is the credentials that count.
        using var asGateway = ConnectAs(gateway, _scratch["second.sock"]);
        using var asStranger = ConnectAs(stranger, _scratch["second.sock"]);
        await using var stream = new NetworkStream(asGateway);
        await LogonSocket.WriteAsync(stream, "{}"u8.ToArray(), Cancellation);

        Assert.Equal("""{"entries":[],"logons":[]}""", (await LogonSocket.ReadAsync(stream, Cancellation)).GetRawText());
        Assert.Equal(0, await asStranger.ReceiveAsync(new byte[1], Cancellation));
        await helper.WaitForOutputAsync($"user {stranger} is not the gateway", Soon, Cancellation);
    }

    [Fact]
    public async Task It_replaces_a_left_over_socket_but_neither_a_served_one_nor_a_file()
    {
        var served = await PeerProcess.RunAsync(Built.LogonHelper, ["kernel", Socket], Soon, Cancellation);
        Assert.Equal(new ProcessResult(1, $"{Socket} is already served\n"), served);

        await File.WriteAllTextAsync(_scratch["notes"], "keep", Cancellation);
        var file = await PeerProcess.RunAsync(Built.LogonHelper, ["kernel", _scratch["notes"]], Soon, Cancellation);
        Assert.Equal(new ProcessResult(1, $"{_scratch["notes"]} is a file, not a socket\n"), file);
        Assert.Equal("keep", await File.ReadAllTextAsync(_scratch["notes"], Cancellation));

        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // Bound through another name, so that its file outlives it.
            dead.Bind(new UnixDomainSocketEndPoint(_scratch["dying"]));
            File.Move(_scratch["dying"], _scratch["left"]);
        }
        await using var again = await StartAsync("left");
    }

    [Fact]
    public async Task It_ends_on_sigterm_and_takes_its_socket_with_it()
    {
        await _helper.StopAsync();

        Assert.Equal(0, _helper.ExitCode);
        Assert.False(File.Exists(Socket));
    }

    private async Task<PeerProcess> StartAsync(string name = "kernel.sock", params string[] options)
    {
        var helper = PeerProcess.Start(Built.LogonHelper, ["kernel", _scratch[name], .. options]);
        await helper.WaitForOutputAsync($"listening on {_scratch[name]}", Soon, Cancellation);
        return helper;
    }

    // The gateway's own share of the way: from its socket to the inode at the other end.
    private static string Sockets(IEnumerable<Socket> backEnds)
    {
        using var diag = SockDiag.Open();
        var peers = backEnds.Select(socket => diag.FindUnix(SockDiag.InodeOf(socket.SafeHandle)!.Value)!.Peer!.Value);
        return $$"""{"sockets":[{{string.Join(',', peers)}}]}""";
    }

    private async Task<IReadOnlyList<JsonElement>> WaitForXServersAsync(Func<string> question)
    {
        IReadOnlyList<JsonElement> entries = [];
        await WaitForAsync(async () =>
        {
            entries = await AskAsync(question());
            return entries.All(entry => entry.GetProperty("x").ValueKind == JsonValueKind.Object);
        });
        return entries;
    }

    private async Task<IReadOnlyList<JsonElement>> AskAsync(string question)
    {
        using var gateway = Connect(Socket);
        await using var stream = new NetworkStream(gateway);
        await LogonSocket.WriteAsync(stream, Encoding.UTF8.GetBytes(question), Cancellation);
        return [.. (await LogonSocket.ReadAsync(stream, Cancellation)).GetProperty("entries").EnumerateArray()];
    }

    // Null where the connection is turned away.
    private async Task<IReadOnlyList<JsonElement>?> TryAskAsync(string question)
    {
        try
        {
            return await AskAsync(question);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string Uid(JsonElement element) =>
        (element.TryGetProperty("x", out var x) ? x : element).GetProperty("uid").GetRawText();

    private static Task WaitUntilAsync(Func<bool> condition) => WaitForAsync(() => Task.FromResult(condition()));

    private static async Task WaitForAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(Soon);
        while (!await condition())
            await Task.Delay(100, limit.Token);
    }

    private static Socket Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(path));
        return socket;
    }

    // The system call changes the credentials of one thread (the library's function would change them all); it then ends.
    private static Socket ConnectAs(uint uid, string path)
    {
        var setresuid = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 147 : 117;
        Socket? socket = null;
        Exception? error = null;
        var thread = new Thread(() =>
        {
            try
            {
                if (syscall(setresuid, (nint)uid, (nint)uid, (nint)uid) != 0)
                    throw new IOException($"setresuid: error {Marshal.GetLastPInvokeError()}");
                socket = Connect(path);
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                error = e;
            }
        });
        thread.Start();
        thread.Join();
        return socket ?? throw error!;
    }

    [DllImport("libc", SetLastError = true)]
    private static extern nint syscall(nint number, nint first, nint second, nint third);
}
