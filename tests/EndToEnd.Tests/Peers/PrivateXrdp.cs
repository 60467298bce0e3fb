using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>How a private xrdp is set up; the defaults are what the session host wants of one.</summary>
public sealed record XrdpOptions
{
    public const string Password = "Passw0rd!";

    /// <summary>Accounts, all with <see cref="Password"/>.</summary>
    public IReadOnlyList<string> Users { get; init; } = ["alice", "bob"];

    /// <summary>A port inside its own network namespace, or null for the unix socket.</summary>
    public int? TcpPort { get; init; }

    /// <summary>security_layer: rdp, tls or negotiate.</summary>
    public string Security { get; init; } = "rdp";

    /// <summary>crypt_level: none, low, medium, high or fips.</summary>
    public string Crypt { get; init; } = "none";

    /// <summary>The group that may open the unix socket.</summary>
    public uint Group { get; init; }

    /// <summary>The session host's logon socket; with it the account hook is wired in. Its folder must exist.</summary>
    public string? LogonSocket { get; init; }

    /// <summary>Shell commands that change the private /etc before the start.</summary>
    public string Extra { get; init; } = "";
}

/// <summary>
/// A real xrdp and sesman in namespaces of their own (peers/xrdp.sh). It dies with this process, however that ends.
/// Needs root.
/// </summary>
public sealed class PrivateXrdp : IAsyncDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(30), CommandTime = TimeSpan.FromSeconds(30), StopTime = TimeSpan.FromSeconds(5);

    private readonly ScratchFolder _folder;
    private readonly Process _process;
    private readonly XrdpOptions _options;
    private readonly SemaphoreSlim _oneCommand = new(1);
    private int _commands;

    private PrivateXrdp(ScratchFolder folder, Process process, XrdpOptions options) =>
        (_folder, _process, _options) = (folder, process, options);

    /// <summary>Seen inside too, under the same path.</summary>
    public string Folder => _folder.FullPath;

    public string RdpSocket => _folder["rdp.sock"];

    /// <summary>A copy of its xrdp.ini.</summary>
    public string Settings => _folder["xrdp.ini"];

    /// <summary>The first process inside, numbered from outside: <c>nsenter -t InitPid -a</c>, <c>/proc/InitPid/root</c>.</summary>
    public int InitPid { get; private set; }

    /// <exception cref="InvalidOperationException">xrdp does not start; the message says why.</exception>
    public static async Task<PrivateXrdp> StartAsync(XrdpOptions options, CancellationToken cancellation)
    {
        var folder = new ScratchFolder();
        var start = new ProcessStartInfo(Built.XrdpScript, [folder.FullPath])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in Environment(options))
            start.Environment[name] = value;

        var xrdp = new PrivateXrdp(folder, new Process { StartInfo = start }, options);
        try
        {
            xrdp._process.Start();
            await xrdp.WaitUntilReadyAsync(cancellation);
            return xrdp;
        }
        catch
        {
            await xrdp.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs one line of shell inside, as root.</summary>
    /// <exception cref="TimeoutException">The command did not end within 30 s.</exception>
    public async Task<ProcessResult> RunAsync(string command, CancellationToken cancellation)
    {
        if (command.Contains('\n', StringComparison.Ordinal))
            throw new ArgumentException("a command is one line", nameof(command));

        await _oneCommand.WaitAsync(cancellation);
        try
        {
            var token = $"end-{++_commands}-{Guid.NewGuid():N}";
            await _process.StandardInput.WriteLineAsync($"{token} {command}".AsMemory(), cancellation);
            await _process.StandardInput.FlushAsync(cancellation);
            using var limit = Limit(CommandTime, cancellation);
            var output = new StringBuilder();
            while (await ReadLineAsync($"the command {command}", limit.Token, cancellation) is { } line)
            {
                if (line.StartsWith(token + " ", StringComparison.Ordinal))
                {
                    output.Length = Math.Max(0, output.Length - 1); // The line feed that kept the token on a line of its own.
                    return new ProcessResult(int.Parse(line.AsSpan(token.Length + 1), CultureInfo.InvariantCulture), output.ToString());
                }
                output.Append(line).Append('\n');
            }
            throw new InvalidOperationException($"the private xrdp ended during {command}");
        }
        finally
        {
            _oneCommand.Release();
        }
    }

    /// <summary>A log inside, such as <c>xrdp.log</c> or <c>xrdp-sesman.log</c>; for messages of failed tests, never as evidence.</summary>
    public string Log(string name) => File.ReadAllText($"/proc/{InitPid}/root/var/log/{name}");

    /// <summary>
    /// A connection to xrdp as a gateway makes it: to the unix socket, tried again while its short queue is full, or from
    /// within the private network.
    /// </summary>
    public async Task<Socket> ConnectAsync(CancellationToken cancellation)
    {
        if (_options.TcpPort is { } port)
        {
            var tcp = SocketInside();
            await tcp.ConnectAsync(IPAddress.Loopback, port, cancellation);
            return tcp;
        }

        using var limit = Limit(TimeSpan.FromSeconds(5), cancellation);
        while (true)
        {
            var unix = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await unix.ConnectAsync(new UnixDomainSocketEndPoint(RdpSocket), limit.Token);
                return unix;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
            {
                unix.Dispose();
                await Task.Delay(10, limit.Token);
            }
        }
    }

    /// <summary>Pids of all processes inside, numbered from outside.</summary>
    public IReadOnlyList<int> Processes()
    {
        var mine = PidNamespace(InitPid);
        return [.. Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && mine is not null && PidNamespace(pid) == mine)];
    }

    public async ValueTask DisposeAsync()
    {
        if (InitPid != 0 || !HasEnded())
        {
            _process.StandardInput.Close();
            using var limit = new CancellationTokenSource(StopTime);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(); // unshare --kill-child takes everything inside with it.
                await _process.WaitForExitAsync(CancellationToken.None);
            }
        }
        _process.Dispose();
        _oneCommand.Dispose();
        _folder.Dispose();
    }

    private static Dictionary<string, string> Environment(XrdpOptions options)
    {
        var environment = new Dictionary<string, string>
        {
            ["XRDP_NET"] = "private",
            ["XRDP_LISTEN"] = options.TcpPort?.ToString(CultureInfo.InvariantCulture) ?? "unix",
            ["XRDP_SECURITY"] = options.Security,
            ["XRDP_CRYPT"] = options.Crypt,
            ["XRDP_GROUP"] = options.Group.ToString(CultureInfo.InvariantCulture),
            ["XRDP_USERS"] = string.Join('\n', options.Users.Select(user => $"{user}:{XrdpOptions.Password}")),
            ["XRDP_EXTRA"] = options.Extra,
        };
        if (options.LogonSocket is { } logonSocket)
        {
            environment["XRDP_HOOK"] = Built.LogonHelper;
            environment["XRDP_HOOK_SOCKET"] = logonSocket;
        }
        return environment;
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellation)
    {
        using var limit = Limit(StartTime, cancellation);
        var before = new StringBuilder();
        while (await ReadLineAsync("the start of xrdp", limit.Token, cancellation) is { } line)
        {
            if (line == "ready")
            {
                InitPid = int.Parse(File.ReadAllText($"/proc/{_process.Id}/task/{_process.Id}/children").Trim(), CultureInfo.InvariantCulture);
                return;
            }
            before.Append(line).Append('\n');
        }
        throw new InvalidOperationException($"the private xrdp does not start: {before}");
    }

    private async Task<string?> ReadLineAsync(string what, CancellationToken limit, CancellationToken cancellation)
    {
        try
        {
            return await _process.StandardOutput.ReadLineAsync(limit);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{what} takes too long");
        }
    }

    private static CancellationTokenSource Limit(TimeSpan time, CancellationToken cancellation)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(time);
        return limit;
    }

    // False also where the process was never started.
    private bool HasEnded()
    {
        try
        {
            return _process.HasExited;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    // A socket keeps the network namespace of the thread that made it; setns is for good, so that thread ends.
    private Socket SocketInside()
    {
        Socket? made = null;
        var error = 0;
        var thread = new Thread(() =>
        {
            using var netNamespace = File.OpenHandle($"/proc/{InitPid}/ns/net");
            if (setns(netNamespace, 0x40000000 /* CLONE_NEWNET */) == 0)
                made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            else
                error = Marshal.GetLastPInvokeError();
        });
        thread.Start();
        thread.Join();
        return made ?? throw new IOException($"setns: error {error}");
    }

    private static string? PidNamespace(int pid)
    {
        try
        {
            return new FileInfo($"/proc/{pid}/ns/pid").LinkTarget;
        }
        catch (IOException)
        {
            return null; // Gone meanwhile.
        }
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int setns(SafeFileHandle descriptor, int kind);
}
