using System.Runtime.InteropServices;
using Ostiary.EndToEnd.Tests.Peers;

namespace Ostiary.EndToEnd.Tests.Deployments;

/// <summary>One role as a process of its own, started as an administrator starts it, and started again by the same command.</summary>
public sealed class RoleProcess : IAsyncDisposable
{
    private const int Kill9 = 9;

    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(40);

    private readonly string[] _arguments;
    private readonly string _adminSocket;
    private readonly NetworkNamespace? _network;
    private readonly Dictionary<string, string?> _environment;
    private PeerProcess? _process;

    /// <param name="role">As <c>ostiary run</c> names it.</param>
    /// <param name="state">The state folder.</param>
    /// <param name="doorName">The socket that opens last.</param>
    /// <param name="environment">Of every start.</param>
    /// <param name="settings">Each as <c>NAME=VALUE</c>.</param>
    /// <param name="network">The network in which it runs; null is the machine's.</param>
    public RoleProcess(string role, string state, string doorName, IReadOnlyDictionary<string, string?> environment, IReadOnlyList<string> settings, NetworkNamespace? network = null)
    {
        Role = role;
        _network = network;
        _arguments = ["run", role, "--state", state, .. settings.SelectMany(setting => new[] { "--set", setting })];
        _adminSocket = Path.Combine(state, role, doorName);
        _environment = new(environment);
    }

    public string Role { get; }

    public int Pid => _process?.Pid ?? throw new InvalidOperationException($"{Role} does not run");

    public bool Runs => _process is { HasExited: false };

    /// <summary>What it printed since its last start.</summary>
    public string Output => _process?.Output ?? "";

    /// <summary>Starts it; returns when its door is open.</summary>
    /// <param name="more">Environment of this start alone.</param>
    public async Task StartAsync(CancellationToken cancellation, params (string Name, string Value)[] more)
    {
        if (Runs)
            throw new InvalidOperationException($"{Role} runs already");
        if (_process is not null)
            await _process.DisposeAsync();
        // A role that was killed left its socket; what counts is that the new one answers there.
        if (File.Exists(_adminSocket))
            File.Delete(_adminSocket);
        var environment = new Dictionary<string, string?>(_environment);
        foreach (var (name, value) in more)
            environment[name] = value;
        _process = _network is null ? PeerProcess.Start(Built.Ostiary, _arguments, environment) : _network.Start(Built.Ostiary, _arguments, environment);
        await Eventually.TrueAsync(() => File.Exists(_adminSocket) || _process.HasExited, StartTime, () => $"{Role} did not open its door:\n{Output}", cancellation);
        if (_process.HasExited)
            throw new InvalidOperationException($"{Role} ended at its start:\n{Output}");
    }

    /// <summary>SIGTERM, and waits for the orderly end.</summary>
    public Task StopAsync() => _process?.StopAsync() ?? Task.CompletedTask;

    /// <summary>kill -9, and waits until it is gone.</summary>
    public async Task KillAsync(CancellationToken cancellation)
    {
        if (_process is { HasExited: false } process)
        {
            _ = kill(process.Pid, Kill9);
            await process.WaitForExitAsync(StartTime, cancellation);
        }
    }

    /// <summary>Waits for an end that something else brings about.</summary>
    public Task WaitForExitAsync(TimeSpan timeout, CancellationToken cancellation) => _process!.WaitForExitAsync(timeout, cancellation);

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await _process.DisposeAsync();
    }

    [DllImport("libc")]
    private static extern int kill(int pid, int signal);
}
