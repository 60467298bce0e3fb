using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Ostiary.EndToEnd.Tests.Peers;

/// <summary>Exit status and all that was printed, standard error included.</summary>
public sealed record ProcessResult(int ExitCode, string Output);

/// <summary>A program that a test started: its output, its end, and no more of it after dispose.</summary>
public sealed class PeerProcess : IAsyncDisposable
{
    private const int Terminate = 15;

    private static readonly TimeSpan PoliteTime = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Lock _outputLock = new();

    private PeerProcess(Process process) => _process = process;

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>What it printed so far, both streams, line by line.</summary>
    public string Output
    {
        get
        {
            lock (_outputLock)
                return _output.ToString();
        }
    }

    /// <param name="environment">Added to this process's own; null removes a variable.</param>
    public static PeerProcess Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string input = "")
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
            start.Environment[name] = value;

        var peer = new PeerProcess(new Process { StartInfo = start });
        peer._process.OutputDataReceived += (_, line) => peer.Add(line.Data);
        peer._process.ErrorDataReceived += (_, line) => peer.Add(line.Data);
        peer._process.Start();
        peer._process.BeginOutputReadLine();
        peer._process.BeginErrorReadLine();
        peer._process.StandardInput.Write(input);
        peer._process.StandardInput.Close();
        return peer;
    }

    /// <summary>Starts it and waits for its end.</summary>
    /// <exception cref="TimeoutException">It did not end; it was stopped.</exception>
    public static async Task<ProcessResult> RunAsync(
        string program, IEnumerable<string> arguments, TimeSpan timeout, CancellationToken cancellation, string input = "",
        IReadOnlyDictionary<string, string?>? environment = null)
    {
        await using var peer = Start(program, arguments, environment, input);
        return await peer.WaitForExitAsync(timeout, cancellation);
    }

    /// <exception cref="TimeoutException">It still runs; the message holds its output.</exception>
    public async Task<ProcessResult> WaitForExitAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(timeout);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"{_process.StartInfo.FileName} did not end within {timeout}:\n{Output}");
        }
        return new ProcessResult(ExitCode, Output);
    }

    /// <exception cref="TimeoutException">It did not print that, or ended before; the message holds its output.</exception>
    public async Task WaitForOutputAsync(string text, TimeSpan timeout, CancellationToken cancellation)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(20, cancellation))
        {
            var ended = HasExited;
            if (Output.Contains(text, StringComparison.Ordinal))
                return;
            if (ended || clock.Elapsed > timeout)
                throw new TimeoutException($"{_process.StartInfo.FileName} did not print \"{text}\":\n{Output}");
        }
    }

    /// <summary>SIGTERM, and after 5 s SIGKILL; returns when it is gone.</summary>
    public async Task StopAsync()
    {
        if (!_process.HasExited)
        {
            _ = kill(_process.Id, Terminate);
            using var limit = new CancellationTokenSource(PoliteTime);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
                return;
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
            }
        }
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
    }

    private void Add(string? line)
    {
        if (line is null)
            return;
        lock (_outputLock)
            _output.Append(line).Append('\n');
    }

    [DllImport("libc")]
    private static extern int kill(int pid, int signal);
}
